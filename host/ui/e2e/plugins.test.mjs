import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { before, beforeEach, test } from "node:test";

import { api, chat, GATEWAY, KEY, MODEL, settled, until, visit } from "./browser.mjs";
import { bytes, count } from "./figures.mjs";
import { dialog, mark, page } from "./stage.mjs";

let component;
before(async () => {
  component = await readFile(process.env.SLUICE_COMPONENT);
});
beforeEach(async () => {
  await visit(page, "/plugins");
});

/** A component becomes machine code first, in the time that the machine has for it. */
const COMPILED = { timeout: 60_000 };

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
/** The same component with other bytes: a custom section at its end. */
const variant = (name) => Buffer.concat([component, Buffer.from([0, name.length + 1, name.length]), Buffer.from(name)]);
const served = async () => (await api("GET", "/plugins")).plugins;
const named = async (name) => (await served()).find((it) => it.name === name);
const upload = async (body) => {
  const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/wasm" };
  const response = await fetch(`${GATEWAY}/plugins/upload`, { method: "POST", headers, body });
  assert.equal(response.status, 200, await response.text());
};
const give = async (name, buffer) => {
  await page.getByRole("button", { name: "Try a component" }).click();
  await dialog().locator('input[type="file"]').setInputFiles({ name, mimeType: "application/wasm", buffer });
};

test("a component is tried before it serves, put in force, and the one before it serves again", async () => {
  const before = (await served()).find((it) => it.digest === sha256(component));
  const fresh = variant(`e2e${Date.now()}`);
  await give("fresh.wasm", fresh);
  await dialog().getByText("It would be taken").waitFor(COMPILED);
  await dialog().getByText(sha256(fresh)).waitFor();
  await dialog().getByText("Its examples", { exact: true }).waitFor();
  assert.ok((await dialog().getByRole("img", { name: "passes" }).count()) > 0);
  assert.equal(await dialog().getByRole("img", { name: "fails" }).count(), 0);
  assert.equal((await named(before.name)).digest, before.digest);
  await dialog().getByRole("button", { name: "Put in force" }).click();
  await page.getByText(`${before.name} ${before.version} is in force`).waitFor(COMPILED);
  assert.equal((await named(before.name)).digest, sha256(fresh));

  await page.getByRole("button", { name: before.name, exact: true }).click();
  await dialog().getByText("Versions", { exact: true }).waitFor();
  await dialog().getByRole("button", { name: `Let it serve again: ${before.digest.slice(0, 16)}` }).click();
  await dialog().getByRole("button", { name: "Let it serve again", exact: true }).click();
  await page.getByText(`${before.name} ${before.version} serves again`).waitFor();
  await until(async () => (await named(before.name)).digest === before.digest);
  const { audit_logs: noted } = await api("GET", `/audit?object_id=${before.name}`);
  assert.deepEqual(noted.slice(0, 2).map((it) => it.action), ["rolled back", "uploaded"]);
});

test("what is no component is refused in the gateway's words, and cannot be put in force", async () => {
  await give("text.wasm", Buffer.from("this is no component"));
  await dialog().getByText("It would not be taken").waitFor();
  await dialog().getByText(/not a WebAssembly component/).waitFor();
  assert.ok(await dialog().getByRole("button", { name: "Put in force" }).isDisabled());
});

test("a plugin tells what it may, who vouches for it and how long calls are in it", async () => {
  await page.getByRole("button", { name: "lakera", exact: true }).click();
  await dialog().getByText("Who vouches for it").waitFor();
  await dialog().getByText("it ships with the gateway").waitFor();
  await dialog().getByText("Time a call").waitFor();
  await dialog().getByText("Guardrails", { exact: true }).waitFor();
  await dialog().getByText("LAKERA_API_KEY").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "langfuse", exact: true }).click();
  await dialog().getByText("Callbacks", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  const { name } = (await served()).find((it) => it.digest === sha256(component));
  await page.getByRole("button", { name, exact: true }).click();
  await dialog().getByText(/^nobody: neither pinned nor signed/).waitFor();
  await dialog().getByText("GUARDS_API_KEY").waitFor();
  assert.equal(await dialog().getByTitle("not granted").count(), 2);
});

/** What stands under a name in the drawer. */
const fact = async (name) => dialog().getByText(name, { exact: true }).locator("xpath=following-sibling::*[1]").textContent();
/** Calls a guardrail that breaks. */
async function broken() {
  const name = mark();
  const { guardrail_id: id } = await api("POST", "/guardrails", { guardrail: { guardrail_name: name, litellm_params: { guardrail: "deeds", mode: "pre_call", deed: "trap" } } });
  await until(async () => (await api("GET", "/guardrails/list")).guardrails.some((it) => it.guardrail_name === name));
  assert.ok((await chat(MODEL, "hello", { guardrails: [name] })).status >= 500);
  await api("DELETE", `/guardrails/${id}`);
}

test("a plugin tells its limits, the memory that it took, how often it broke and the how manieth version it is", async () => {
  const before = (await served()).find((it) => it.digest === sha256(component));
  const fresh = variant(`traps${Date.now()}`);
  await upload(fresh);
  await broken();
  const now = await named(before.name);
  assert.equal(now.digest, sha256(fresh));
  assert.ok(now.generation > before.generation && now.stats.crashed > 0 && now.stats.memory_high_water > 0);
  await page.reload();
  await settled(page);
  const [, , , generation, calls, took, memory, faults] = await page.getByRole("row").filter({ has: page.getByRole("button", { name: before.name, exact: true }) }).getByRole("cell").allTextContents();
  assert.deepEqual([generation, calls, memory, faults], [String(now.generation), count(now.stats.calls), bytes(now.stats.memory_high_water), count(now.stats.crashed)]);
  assert.match(took, /^[\d.]+ (μs|ms|sec)$/);

  await page.getByRole("button", { name: before.name, exact: true }).click();
  const told = {};
  for (const name of ["Generation", "Memory, most", "Faults", "Memory", "CPU", "Time", "Output", "Calls at once"]) told[name] = await fact(name);
  const seconds = (ms) => (ms >= 1000 ? `${ms / 1000} sec` : `${ms} ms`);
  const { limits } = now;
  assert.deepEqual(told, {
    Generation: String(now.generation),
    "Memory, most": bytes(now.stats.memory_high_water),
    Faults: count(now.stats.crashed),
    Memory: bytes(limits.memory_bytes),
    CPU: seconds(limits.cpu_ms),
    Time: seconds(limits.wall_ms),
    Output: bytes(limits.output_bytes),
    "Calls at once": count(limits.concurrency),
  });
  await api("POST", "/plugins/rollback", { name: before.name, digest: before.digest });
});

test("of the keys that signed a plugin, those vouch for it that the config trusts", async () => {
  const { name, signed_by: signed } = (await served()).find((it) => it.signed_by.length > 0);
  const [trusted, stranger] = [process.env.SLUICE_TRUSTED_KEY, signed.find((it) => it !== process.env.SLUICE_TRUSTED_KEY)];
  assert.ok(signed.includes(trusted) && stranger);
  await page.getByRole("button", { name, exact: true }).click();
  await dialog().getByText(`signed by ${trusted}; also signed by keys that the config does not trust: ${stranger}`, { exact: true }).waitFor();
});

test("the folder is looked into when an admin says so, and the log tells what came of it", async () => {
  await page.getByRole("button", { name: "Look into the folder now" }).click();
  await settled(page);
  const log = page.getByRole("region", { name: "Table: Reload log" });
  await log.getByText("loaded", { exact: true }).first().waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
});

test("what asks for more than it is granted is turned away by name, with the line that grants it", async () => {
  const log = page.getByRole("region", { name: "Table: Reload log" });
  await log.getByText(/`hostile` asks for .*hosts declared\.example; env HOSTILE_API_KEY.*grants it: "hostile": \{"hosts":\["declared\.example"\]/).waitFor();
  assert.equal(await named("hostile"), undefined);
});

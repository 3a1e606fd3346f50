import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { api, GATEWAY, find, MODEL, visit } from "./browser.mjs";
import { act, confirm, dialog, mark, page } from "./stage.mjs";

const call = (key) => fetch(`${GATEWAY}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "hello" }] }) });

const program = promisify(execFile);
const inPython = (code) => program(join(process.env.SDK_VENV, "bin/python"), ["-c", code]);
// Packages are looked for where the program runs.
const inNode = (code) => program(process.execPath, ["--input-type=module", "-e", code], { cwd: process.env.SDK_NODE });

test("a key is made with limits, shown once, used, changed, blocked, given a new text and deleted", async () => {
  const name = mark();
  await visit(page, "/keys");
  await page.getByRole("button", { name: "New key" }).first().click();
  await dialog().getByLabel("Name", { exact: true }).fill(name);
  await dialog().getByLabel("Budget in dollars").fill("3");
  await dialog().getByLabel("Begins anew every").fill("sometimes");
  await dialog().getByRole("button", { name: "Create" }).click();
  // What the gateway refuses stands at its field.
  const duration = dialog().getByLabel("Begins anew every");
  await dialog().getByText(/is no duration/).waitFor();
  assert.equal(await duration.getAttribute("aria-invalid"), "true");
  await duration.fill("30d");
  await dialog().getByRole("button", { name: "Limits" }).click();
  await dialog().getByLabel("Requests a minute", { exact: true }).fill("50");
  await dialog().getByRole("button", { name: "Create" }).click();
  const key = (await dialog().getByText(/^sk-/).first().textContent())?.trim();
  assert.match(key, /^sk-/);
  await dialog().getByRole("button", { name: "Copy" }).first().click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
  assert.equal((await call(key)).status, 200);
  // OpenAI's own packages, by the code that the page shows.
  for (const [language, sign, run] of [["Python", "from openai import OpenAI", inPython], ["JavaScript", 'import OpenAI from "openai"', inNode]]) {
    await dialog().getByRole("tab", { name: language }).click();
    const code = await dialog().getByText(sign).textContent();
    assert.match((await run(code)).stdout, /You said: /, language);
  }
  await dialog().getByRole("button", { name: "Done" }).click();
  await find(page, name);
  await page.getByRole("row", { name: new RegExp(name) }).waitFor();
  assert.equal(await page.getByText(key).count(), 0);
  await page.getByText("of $3.00").waitFor();

  await act(name, "Edit");
  await dialog().getByLabel("Budget in dollars").fill("4");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByText("of $4.00").waitFor();
  const { info } = await api("GET", `/key/info?key=${encodeURIComponent(key)}`);
  assert.equal(info.max_budget, 4);
  assert.equal(info.rpm_limit, 50);

  await act(name, "Block");
  await page.getByRole("cell", { name: "blocked" }).waitFor();
  assert.equal((await call(key)).status, 401);
  await act(name, "Let in again");
  await page.getByRole("cell", { name: "active" }).waitFor();

  await act(name, "New text");
  await page.getByLabel("Old text ends after").fill("");
  await dialog().getByRole("button", { name: "New text" }).click();
  const fresh = (await dialog().getByText(/^sk-/).first().textContent())?.trim();
  assert.notEqual(fresh, key);
  assert.equal((await call(key)).status, 401);
  assert.equal((await call(fresh)).status, 200);
  await dialog().getByRole("button", { name: "Done" }).click();

  await act(name, "Delete");
  await confirm("Delete");
  await page.getByText("Nothing matches").waitFor();
  assert.equal((await call(fresh)).status, 401);
});

test("a team beyond those that a list begins with is found as one types, and its key tells its name", async () => {
  const [name, more] = [mark(), mark()];
  // By their aliases they come before it, and fill what is offered without a word.
  const others = Array.from({ length: 26 }, (_, at) => `!${more}-${at}`);
  for (const team of [...others, name]) await api("POST", "/team/new", { team_id: `id-of-${team}`, team_alias: team });
  await visit(page, "/keys");
  await page.getByRole("button", { name: "New key" }).first().click();
  await dialog().getByLabel("Name", { exact: true }).fill(name);
  const team = dialog().getByRole("combobox", { name: "Team", exact: true });
  await team.click();
  await page.getByRole("option", { name: others[0], exact: true }).waitFor();
  assert.equal(await page.getByRole("option", { name, exact: true }).count(), 0);
  await team.fill(name.toUpperCase());
  await page.getByRole("option", { name, exact: true }).click();
  assert.equal(await team.inputValue(), name);
  await dialog().getByRole("button", { name: "Create" }).click();
  await dialog().getByText(/^sk-/).first().waitFor();
  await dialog().getByRole("button", { name: "Done" }).click();
  await find(page, name);
  await page.getByRole("row").filter({ has: page.getByText(name, { exact: true }).nth(1) }).waitFor();
  const { keys } = await api("GET", `/key/list?return_full_object=true&key_alias=${name}`);
  assert.equal(keys[0].team_id, `id-of-${name}`);
  await api("POST", "/key/delete", { keys: [keys[0].token] });
  await api("POST", "/team/delete", { team_ids: [...others, name].map((it) => `id-of-${it}`) });
});

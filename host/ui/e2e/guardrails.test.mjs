import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { api, chat, launch, MODEL, signedIn, until, visit } from "./browser.mjs";

let browser;
let page;
before(async () => {
  browser = await launch();
});
after(() => browser.close());
beforeEach(async () => {
  page = await signedIn(browser);
});
afterEach(() => page.context().close());

test("guardrails are listed and tried on a text", async () => {
  const { guardrails } = await api("GET", "/guardrails/list");
  const [first] = guardrails;
  await visit(page, "/guardrails");
  await page.getByRole("button", { name: first.guardrail_name }).click();
  await page.getByRole("dialog").getByText(first.litellm_params.guardrail).first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByLabel("Text", { exact: true }).fill("A harmless text.");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByText(/It passes|It is blocked|That did not work/).first().waitFor();
});

test("a guardrail is made by its plugin's form, looks, is changed and deleted", async () => {
  const name = `e2e-${randomUUID().slice(0, 8)}`;
  const dialog = page.getByRole("dialog");
  const act = async (what) => {
    await page.getByRole("button", { name: `Actions: ${name}` }).click();
    await page.getByRole("menuitem", { name: what }).click();
  };
  await visit(page, "/guardrails");
  await page.getByRole("button", { name: "New guardrail" }).first().click();
  await dialog.getByRole("button", { name: "Create" }).click();
  assert.equal(await dialog.getByText("This is needed").count(), 2);
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  await dialog.getByRole("combobox", { name: "Kind" }).fill("keywords");
  await page.getByRole("option", { name: "keywords", exact: true }).click();
  await dialog.getByLabel("words", { exact: true }).fill("moonshot");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Create" }).click();
  const row = page.getByRole("row", { name: new RegExp(`${name}.*keywords.*pre_call.*looking`) });
  await row.waitFor();
  const { guardrails } = await api("GET", "/guardrails/list");
  const { litellm_params: params } = guardrails.find((it) => it.guardrail_name === name);
  assert.deepEqual([params.words, params.default_on, params.unreachable_fallback], [["moonshot"], false, "fail_closed"]);
  assert.equal((await chat(MODEL, "all about the moonshot", { guardrails: [name] })).status, 400);
  assert.equal((await chat(MODEL, "all about the sun", { guardrails: [name] })).status, 200);

  await act("Edit");
  await dialog.getByLabel("words", { exact: true }).fill("sun");
  await page.keyboard.press("Enter");
  await dialog.getByRole("button", { name: "Save" }).click();
  await until(async () => (await chat(MODEL, "all about the sun", { guardrails: [name] })).status === 400);
  await act("Delete");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await row.waitFor({ state: "detached" });
  assert.ok((await api("GET", "/guardrails/list")).guardrails.every((it) => it.guardrail_name !== name));
});

test("a guardrail whose settings do not fit is refused in the gateway's words", async () => {
  const dialog = page.getByRole("dialog");
  await visit(page, "/guardrails");
  await page.getByRole("button", { name: "New guardrail" }).first().click();
  await dialog.getByLabel("Name", { exact: true }).fill("e2e-bad");
  await dialog.getByRole("combobox", { name: "Kind" }).fill("keywords");
  await page.getByRole("option", { name: "keywords", exact: true }).click();
  await dialog.getByLabel("rules", { exact: true }).fill('[{"action": "shout"}]');
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.getByText(/rules/).filter({ hasText: /fit/ }).first().waitFor();
  assert.ok((await api("GET", "/guardrails/list")).guardrails.every((it) => it.guardrail_name !== "e2e-bad"));
});

test("a callback is switched on and off", async () => {
  await visit(page, "/guardrails?part=callbacks");
  await page.getByRole("combobox", { name: "Name" }).fill("prometheus");
  await page.getByRole("button", { name: "Switch a callback on" }).click();
  await page.getByRole("cell", { name: "prometheus", exact: true }).waitFor();
  assert.ok((await api("GET", "/callbacks/list")).success.includes("prometheus"));
  await page.getByRole("button", { name: "Actions: prometheus" }).click();
  await page.getByRole("menuitem", { name: "Switch off" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Switch off" }).click();
  await page.getByRole("cell", { name: "prometheus", exact: true }).waitFor({ state: "detached" });
  assert.ok(!(await api("GET", "/callbacks/list")).success.includes("prometheus"));
});

test("a callback that cannot be is refused where it was asked for", async () => {
  await visit(page, "/guardrails?part=callbacks");
  const name = page.getByRole("combobox", { name: "Name" });
  await name.fill("x".repeat(300));
  await page.getByRole("button", { name: "Switch a callback on" }).click();
  await page.locator('[aria-invalid="true"]').or(page.getByRole("cell", { name: "x".repeat(300) })).first().waitFor();
});

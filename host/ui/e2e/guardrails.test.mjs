import assert from "node:assert/strict";
import { test } from "node:test";

import { api, chat, MODEL, until, visit } from "./browser.mjs";
import { act, choose, confirm, dialog, mark, page } from "./stage.mjs";

test("guardrails are listed, and each tells its settings", async () => {
  const { guardrails } = await api("GET", "/guardrails/list");
  const [first] = guardrails;
  await visit(page, "/guardrails");
  await page.getByRole("button", { name: first.guardrail_name }).click();
  await dialog().getByText(first.litellm_params.guardrail).first().waitFor();
  await dialog().getByText("refuses what it cannot look at").waitFor();
});

test("a guardrail is made by its plugin's form, looks, is changed and deleted", async () => {
  const name = mark();
  await visit(page, "/guardrails");
  await page.getByRole("button", { name: "New guardrail" }).first().click();
  await dialog().getByRole("button", { name: "Create" }).click();
  assert.equal(await dialog().getByText("This is needed").count(), 2);
  await dialog().getByLabel("Name", { exact: true }).fill(name);
  await dialog().getByRole("combobox", { name: "Kind" }).fill("keywords");
  await page.getByRole("option", { name: "keywords", exact: true }).click();
  await dialog().getByLabel("words", { exact: true }).fill("moonshot");
  await page.keyboard.press("Enter");
  await dialog().getByRole("button", { name: "Create" }).click();
  const row = page.getByRole("row", { name: new RegExp(`${name}.*keywords.*pre_call.*looking`) });
  await row.waitFor();
  const { guardrails } = await api("GET", "/guardrails/list");
  const { litellm_params: params } = guardrails.find((it) => it.guardrail_name === name);
  assert.deepEqual([params.words, params.default_on, params.unreachable_fallback], [["moonshot"], false, "fail_closed"]);
  assert.equal((await chat(MODEL, "all about the moonshot", { guardrails: [name] })).status, 400);
  assert.equal((await chat(MODEL, "all about the sun", { guardrails: [name] })).status, 200);

  const look = async (text) => {
    await page.getByLabel("Text", { exact: true }).fill(text);
    await page.getByRole("button", { name: "Look at it" }).click();
  };
  await choose("Guardrail", name);
  await look("all about the moonshot");
  await page.getByRole("status").filter({ hasText: "It is blocked" }).waitFor();
  await look("all about the sun");
  await page.getByText("It passes as it is").waitFor();

  await act(name, "Edit");
  await dialog().getByLabel("words", { exact: true }).fill("sun");
  await page.keyboard.press("Enter");
  await dialog().getByRole("button", { name: "Save" }).click();
  await until(async () => (await chat(MODEL, "all about the sun", { guardrails: [name] })).status === 400);
  await act(name, "Delete");
  await confirm("Delete");
  await row.waitFor({ state: "detached" });
  assert.ok((await api("GET", "/guardrails/list")).guardrails.every((it) => it.guardrail_name !== name));
});

test("a guardrail whose settings do not fit is refused in the gateway's words", async () => {
  await visit(page, "/guardrails");
  await page.getByRole("button", { name: "New guardrail" }).first().click();
  await dialog().getByLabel("Name", { exact: true }).fill("e2e-bad");
  await dialog().getByRole("combobox", { name: "Kind" }).fill("keywords");
  await page.getByRole("option", { name: "keywords", exact: true }).click();
  await dialog().getByLabel("rules", { exact: true }).fill('[{"action": "shout"}]');
  await dialog().getByRole("button", { name: "Create" }).click();
  await dialog().getByText(/rules/).filter({ hasText: /fit/ }).first().waitFor();
  assert.ok((await api("GET", "/guardrails/list")).guardrails.every((it) => it.guardrail_name !== "e2e-bad"));
});

test("a callback is switched on and off", async () => {
  await visit(page, "/guardrails?part=callbacks");
  await page.getByRole("combobox", { name: "Name" }).fill("prometheus");
  await page.getByRole("button", { name: "Switch a callback on" }).click();
  await page.getByRole("cell", { name: "prometheus", exact: true }).waitFor();
  assert.ok((await api("GET", "/callbacks/list")).success.includes("prometheus"));
  await act("prometheus", "Switch off");
  await confirm("Switch off");
  await page.getByRole("cell", { name: "prometheus", exact: true }).waitFor({ state: "detached" });
  assert.ok(!(await api("GET", "/callbacks/list")).success.includes("prometheus"));
});

test("a callback that nothing has the name of says so", async () => {
  const name = mark();
  await visit(page, "/guardrails?part=callbacks");
  await page.getByRole("combobox", { name: "Name" }).fill(name);
  await page.getByRole("button", { name: "Switch a callback on" }).click();
  await page.getByRole("row", { name: new RegExp(`is told of nothing no plugin has the callback .${name}`) }).waitFor();
  await act(name, "Switch off");
  await confirm("Switch off");
  await page.getByRole("cell", { name, exact: true }).waitFor({ state: "detached" });
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { api, chat, MODEL, settled, until, visit } from "./browser.mjs";
import { confirm, dialog, mark, page } from "./stage.mjs";

const field = () => api("GET", "/config/field/info?config_type=router_settings&field_name=cooldown_time");
const edit = async (value) => {
  await page.getByRole("button", { name: "Actions: cooldown_time" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await dialog().getByLabel("cooldown_time").fill(value);
  await dialog().getByRole("button", { name: "Save" }).click();
};

test("a setting is changed, says where it comes from, and goes back to what the file says", async () => {
  await visit(page, "/settings?part=router_settings");
  await page.getByRole("searchbox").fill("cooldown_time");
  await edit("-4");
  await dialog().locator('[aria-invalid="true"]').waitFor();
  await dialog().getByRole("button", { name: "Cancel" }).click();
  await edit("77");
  const row = page.getByRole("row", { name: /cooldown_time.*77.*database/ });
  await row.waitFor();
  assert.equal((await field()).field_value, 77);
  await page.getByRole("button", { name: "Actions: cooldown_time" }).click();
  await page.getByRole("menuitem", { name: "Back to the file" }).click();
  await dialog().getByRole("button", { name: "Back to the file" }).click();
  await row.waitFor({ state: "detached" });
  assert.equal((await field()).stored_in_db, false);
});

test("what was changed stands in the audit log, before and after", async () => {
  const budget = `e2e-${Date.now()}`;
  await api("POST", "/budget/new", { budget_id: budget, max_budget: 5 });
  await api("POST", "/budget/update", { budget_id: budget, max_budget: 6 });
  await visit(page, "/settings?part=audit");
  await page.getByRole("searchbox", { name: "Id of an object" }).fill(budget);
  await page.getByRole("row", { name: new RegExp(`updated.*Budget.*${budget}`) }).getByRole("button").click();
  await dialog().getByRole("row", { name: /max_budget 5 6/ }).waitFor();
  await api("POST", "/budget/delete", { id: budget });
});

test("the cache shows its state, and a secret as it is is refused at its field", async () => {
  await visit(page, "/settings?part=cache");
  await page.getByText("Settings of the cache").waitFor();
  const password = page.getByLabel("password", { exact: true });
  await password.fill("not a reference");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/may hold a secret/).waitFor();
  assert.equal(await password.getAttribute("aria-invalid"), "true");
});

test("the cache is switched on, tells what it keeps, and is emptied", async () => {
  await visit(page, "/settings?part=cache");
  const main = page.getByRole("main");
  const kept = () => main.getByText("Answers kept", { exact: true }).locator("xpath=following-sibling::*[1]").textContent();
  await main.getByLabel("type", { exact: true }).fill("local");
  // Other calls go on without it.
  await main.getByLabel("mode", { exact: true }).fill("default_off");
  await main.getByRole("button", { name: "Save" }).click();
  await main.getByText("on", { exact: true }).waitFor();
  await until(async () => (await kept()) === "0");
  assert.equal((await chat(MODEL, mark(), { cache: { "use-cache": true } })).status, 200);
  await until(async () => {
    await page.reload();
    await settled(page);
    return (await kept()) === "1";
  });
  await main.getByRole("button", { name: "Forget all answers" }).click();
  await confirm("Forget all answers");
  await until(async () => (await kept()) === "0");
  for (const field_name of ["cache", "cache_params"]) await api("POST", "/config/field/delete", { config_type: "litellm_settings", field_name });
});

test("every section lists its settings with their source", async () => {
  for (const part of ["general_settings", "litellm_settings", "router_settings"]) {
    await visit(page, `/settings?part=${part}`);
    await page.getByText(/^(config file|default)$/).nth(3).waitFor();
  }
});

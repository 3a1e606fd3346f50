import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { api, find, launch, signedIn, visit } from "./browser.mjs";

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

const mark = () => `e2e-${randomUUID().slice(0, 8)}`;
const dialog = () => page.getByRole("dialog");
const act = async (name, what) => {
  await page.getByRole("button", { name: new RegExp(`^Actions: ${name}`) }).click();
  await page.getByRole("menuitem", { name: what }).click();
};
const confirm = (name) => dialog().getByRole("button", { name, exact: true }).click();
const ask = (model) => api("POST", "/v1/chat/completions", { model, messages: [{ role: "user", content: "hello" }] });

test("a deployment is tested before it is made, answers, is priced, blocked and deleted", async () => {
  const name = mark();
  await visit(page, "/models");
  await page.getByRole("button", { name: "New deployment" }).first().click();
  await dialog().getByLabel("Model group").fill(name);
  await dialog().getByRole("combobox", { name: "Provider", exact: true }).fill("echo");
  await page.getByRole("option", { name: /echo/i }).first().click();
  await dialog().getByLabel("Model of the provider").fill("e2e");
  await dialog().getByText("None", { exact: true }).click();
  await dialog().getByRole("button", { name: "Test the connection" }).click();
  await dialog().getByText(/The provider answers/).waitFor();
  await dialog().getByRole("button", { name: "Create" }).click();
  await find(page, name);
  await page.getByRole("row", { name: new RegExp(name) }).waitFor();
  assert.equal((await ask(name)).object, "chat.completion");

  await act(name, "Edit");
  await dialog().getByRole("button", { name: "Prices" }).click();
  await dialog().getByLabel("In, a million tokens").fill("3");
  await dialog().getByLabel("Out, a million tokens").fill("6");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "$6.00" }).waitFor();

  await act(name, "Block");
  await page.getByText("Nothing matches").waitFor();
  await assert.rejects(ask(name));
  await page.getByRole("switch", { name: "Blocked ones" }).click();
  await act(name, "Delete");
  await confirm("Delete");
  await page.getByText("Nothing matches").waitFor();
});

test("a deployment without a provider says what is missing", async () => {
  await visit(page, "/models");
  await page.getByRole("button", { name: "New deployment" }).first().click();
  await dialog().getByRole("button", { name: "Create" }).click();
  assert.equal(await dialog().getByText("This is needed").count(), 3);
});

test("a credential is kept without being shown, changed and deleted", async () => {
  const name = mark();
  await visit(page, "/models?part=credentials");
  await page.getByRole("button", { name: "New credential" }).first().click();
  await dialog().getByLabel("Name", { exact: true }).fill(name);
  await dialog().getByRole("textbox", { name: "Value", exact: true }).fill("sk-e2e-secret");
  await dialog().getByRole("button", { name: "Create" }).click();
  await page.getByRole("cell", { name, exact: true }).waitFor();
  assert.equal(await page.getByText("sk-e2e-secret").count(), 0);
  await act(name, "Edit");
  await dialog().getByLabel("Provider").fill("openai");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByRole("row", { name: new RegExp(`${name}.*openai`) }).waitFor();
  await act(name, "Delete");
  await confirm("Delete");
  await page.getByRole("cell", { name, exact: true }).waitFor({ state: "detached" });
});

test("prices say where they come from, and a discount of an unknown provider is refused", async () => {
  await visit(page, "/models?part=prices");
  await page.getByText("Models in it").waitFor();
  const discounts = page.getByRole("textbox", { name: "Discounts" });
  await discounts.fill('{"nobody": 0.5}');
  await page.getByRole("button", { name: "Save" }).nth(1).click();
  await page.getByText(/no plugin serves provider/).waitFor();
});

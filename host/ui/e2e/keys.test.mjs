import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { api, GATEWAY, find, launch, MODEL, signedIn, visit } from "./browser.mjs";

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

const call = (key) => fetch(`${GATEWAY}/v1/chat/completions`, { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" }, body: JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "hello" }] }) });

const act = async (name, what) => {
  await page.getByRole("button", { name: `Actions: ${name}` }).click();
  await page.getByRole("menuitem", { name: what }).click();
};

test("a key is made with limits, shown once, used, changed, blocked, given a new text and deleted", async () => {
  const name = `e2e ${randomUUID().slice(0, 8)}`;
  await visit(page, "/keys");
  await page.getByRole("button", { name: "New key" }).first().click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Name", { exact: true }).fill(name);
  await form.getByLabel("Budget in dollars").fill("3");
  await form.getByLabel("Begins anew every").fill("sometimes");
  await form.getByRole("button", { name: "Create" }).click();
  // What the gateway refuses stands at its field.
  const described = form.getByLabel("Begins anew every");
  await form.getByText(/is no duration/).waitFor();
  assert.equal(await described.getAttribute("aria-invalid"), "true");
  await described.fill("30d");
  await form.getByRole("button", { name: "Limits" }).click();
  await form.getByLabel("Requests a minute", { exact: true }).fill("50");
  await form.getByRole("button", { name: "Create" }).click();
  const key = (await form.getByText(/^sk-/).first().textContent())?.trim();
  assert.match(key, /^sk-/);
  assert.equal((await call(key)).status, 200);
  await form.getByRole("tab", { name: "Python" }).click();
  await form.getByText("from openai import OpenAI").waitFor();
  await form.getByRole("button", { name: "Done" }).click();
  await find(page, name);
  await page.getByRole("row", { name: new RegExp(name) }).waitFor();
  assert.equal(await page.getByText(key).count(), 0);

  await act(name, "Edit");
  await form.getByLabel("Budget in dollars").fill("4");
  await form.getByRole("button", { name: "Save" }).click();
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
  await page.getByRole("dialog").getByRole("button", { name: "New text" }).click();
  const fresh = (await page.getByRole("dialog").getByText(/^sk-/).first().textContent())?.trim();
  assert.notEqual(fresh, key);
  assert.equal((await call(key)).status, 401);
  assert.equal((await call(fresh)).status, 200);
  await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();

  await act(name, "Delete");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Nothing matches").waitFor();
  assert.equal((await call(fresh)).status, 401);
});

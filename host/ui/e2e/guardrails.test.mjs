import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { api, launch, signedIn, visit } from "./browser.mjs";

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

test("guardrails are listed and tried on a text; where there are none, it is said how they are made", async () => {
  const { guardrails } = await api("GET", "/guardrails/list");
  await visit(page, "/guardrails");
  const [first] = guardrails;
  if (!first) {
    await page.getByText("No guardrails yet").waitFor();
    await page.getByText(/under guardrails in the config file/).waitFor();
    return;
  }
  await page.getByRole("button", { name: first.guardrail_name }).click();
  await page.getByRole("dialog").getByText(first.litellm_params.guardrail).first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByLabel("Text", { exact: true }).fill("A harmless text.");
  await page.getByRole("button", { name: "Look at it" }).click();
  await page.getByText(/It passes|It is blocked|That did not work/).first().waitFor();
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

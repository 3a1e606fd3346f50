// What tests of pages share: a browser for the file, a page signed in as the operator for each test, and what is done
// on most pages. Importing it sets the stage.
import { randomUUID } from "node:crypto";
import { after, afterEach, before, beforeEach } from "node:test";

import { launch, signedIn } from "./browser.mjs";

export let browser;
export let page;
before(async () => {
  browser = await launch();
});
after(() => browser.close());
beforeEach(async () => {
  page = await signedIn(browser);
});
afterEach(() => page.context().close());

/** A name that nothing has. */
export const mark = () => `e2e-${randomUUID().slice(0, 8)}`;

/** The drawer or question that is open. */
export const dialog = () => page.getByRole("dialog");

/** Says yes to a question whose button has this name. */
export const confirm = (name) => dialog().getByRole("button", { name, exact: true }).click();

/** Chooses from the menu of a row. */
export async function act(name, what) {
  await page.getByRole("button", { name: new RegExp(`^Actions: ${name}`) }).click();
  await page.getByRole("menuitem", { name: what }).click();
}

/** Chooses from a list of values. */
export async function choose(label, option) {
  await page.getByRole("combobox", { name: label, exact: true }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
}

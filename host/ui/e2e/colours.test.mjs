import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, settled, signedIn } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("the colours are changed, kept when the page is loaded anew, and follow the system where they are told to", async () => {
  const page = await signedIn(browser, { colorScheme: "light" });
  const is = (scheme) => page.waitForFunction((it) => document.documentElement.dataset.mantineColorScheme === it, scheme);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const choose = async (name) => {
    await page.getByRole("button", { name: "Colours" }).click();
    await page.getByRole("menuitem", { name }).click();
  };
  await is("light");
  const light = await ground();
  await choose("Dark");
  await is("dark");
  assert.notEqual(await ground(), light);
  await page.reload();
  await settled(page);
  await is("dark");
  await choose("As the system");
  await is("light");
  await page.emulateMedia({ colorScheme: "dark" });
  await is("dark");
});

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { launch, NARROW, PAGES, signedIn, visit, WIDE } from "./browser.mjs";
import { PATHS } from "./paths.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** What axe finds that keeps people out. */
async function findings(page) {
  // What is still being shown has the colours of neither its beginning nor its end.
  await page.evaluate(() => {
    const ends = document.getAnimations().filter((it) => Number.isFinite(it.effect?.getComputedTiming().endTime));
    return Promise.allSettled(ends.map((it) => it.finished));
  });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter((it) => ["serious", "critical"].includes(it.impact)).map((it) => `${it.id}: ${it.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}

/** What the browser itself complains of while pages are looked at. */
function complaints(page) {
  const found = [];
  page.on("pageerror", (error) => found.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") found.push(message.text());
  });
  return found;
}

for (const [colorScheme, viewport, locale] of [["light", WIDE, "en"], ["dark", WIDE, "en"], ["light", NARROW, "zh-CN"]]) {
  test(`every page can be used by everybody: ${colorScheme}, ${viewport.width} pixels, ${locale}`, async () => {
    const page = await signedIn(browser, { colorScheme, viewport, locale });
    const found = complaints(page);
    const barriers = [];
    for (const [name, path] of Object.entries(PATHS)) {
      await visit(page, path);
      barriers.push(...(await findings(page)).map((it) => `${name}: ${it}`));
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${name} is ${beyond} pixels too wide`);
    }
    assert.deepEqual(barriers, []);
    assert.deepEqual(found, []);
    await page.context().close();
  });
}

test("the door and the forms can be used by everybody", async () => {
  const door = await (await browser.newContext({ locale: "en" })).newPage();
  await door.goto(`${PAGES}/ui/`);
  await door.getByRole("heading", { level: 1 }).waitFor();
  const barriers = await findings(door);
  const page = await signedIn(browser);
  for (const [path, button] of [["/keys", "New key"], ["/teams", "New team"], ["/users", "New user"], ["/organizations", "New organization"], ["/customers", "New customer"], ["/models", "New deployment"], ["/models?part=credentials", "New credential"], ["/guardrails", "New guardrail"], ["/plugins", "Try a component"]]) {
    await visit(page, path);
    await page.getByRole("button", { name: button }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).waitFor();
    barriers.push(...(await findings(page)).map((it) => `${button}: ${it}`));
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  assert.deepEqual(barriers, []);
});

test("the keyboard alone leads to the content and opens a form, which gives the focus back", async () => {
  const page = await signedIn(browser);
  await visit(page, "/keys");
  await page.locator("body").press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "New key");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "New key");
});

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { api, launch, NARROW, PAGES, signedIn, visit, WIDE } from "./browser.mjs";

let browser;
let token;
const name = `e2e-${randomUUID().slice(0, 8)}`;
before(async () => {
  browser = await launch();
  ({ token } = await api("POST", "/key/generate", { key_alias: name, max_budget: 7 }));
});
after(async () => {
  await browser.close();
  await api("POST", "/key/delete", { keys: [token] });
});

/** Where the cells of the key's row stand. */
async function cells(page) {
  await visit(page, "/keys");
  await page.getByRole("searchbox").fill(name);
  const row = page.getByRole("row").filter({ hasText: name });
  await row.getByText("of $7.00").waitFor();
  return row.getByRole("cell").evaluateAll((all) => all.map((it) => it.getBoundingClientRect().toJSON()));
}

test("on a phone a row is a card: all of it is seen, each value under its title, and its menu works", async () => {
  const page = await signedIn(browser, { viewport: NARROW });
  const places = await cells(page);
  for (const place of places) assert.ok(place.left >= 0 && place.right <= NARROW.width, JSON.stringify(place));
  assert.ok(new Set(places.map((it) => it.top)).size > 2);
  const titles = await page.getByRole("cell").filter({ hasText: "of $7.00" }).evaluate((it) => getComputedStyle(it, "::before").content);
  assert.equal(titles, '"Spend"');
  await page.getByRole("button", { name: `Actions: ${name}` }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByRole("dialog").getByLabel("Budget in dollars").waitFor();
  await page.context().close();
});

test("at a desk a row is one line of a table", async () => {
  const page = await signedIn(browser, { viewport: WIDE });
  const places = await cells(page);
  assert.equal(new Set(places.map((it) => it.top)).size, 1);
  await page.context().close();
});

test("the pages are reached through the menu, which goes away again", async () => {
  const page = await signedIn(browser, { viewport: NARROW });
  const way = page.getByRole("navigation").getByRole("link", { name: "Logs" });
  await page.getByRole("button", { name: "Menu", exact: true }).click();
  await way.click();
  await page.getByRole("heading", { name: "Logs" }).waitFor();
  await page.waitForFunction(() => document.querySelector("nav").getBoundingClientRect().right <= 0);
  await page.context().close();
});

test("parts of a page stand on one line, however many, and the last of them is reached", async () => {
  const page = await signedIn(browser, { viewport: NARROW });
  for (const [path, last] of [["/settings", "Audit log"], ["/", "Endpoints"]]) {
    await visit(page, path);
    const tabs = page.getByRole("main").getByRole("tab");
    const tops = await tabs.evaluateAll((all) => all.map((it) => it.getBoundingClientRect().top));
    assert.ok(tops.length > 3 && new Set(tops).size === 1, path);
    await page.getByRole("tab", { name: last }).click();
    await page.getByRole("tab", { name: last, selected: true }).waitFor();
  }
  await page.goto(`${PAGES}/ui/settings?part=audit`);
  const place = await page.getByRole("tab", { name: "Audit log", selected: true }).boundingBox();
  assert.ok(place.x >= 0 && place.x + place.width <= NARROW.width, JSON.stringify(place));
  await page.context().close();
});

test("a message is written where the conversation is seen", async () => {
  const page = await signedIn(browser, { viewport: NARROW });
  await visit(page, "/playground");
  const field = await page.getByLabel("Message").boundingBox();
  assert.ok(field.y + field.height < NARROW.height, JSON.stringify(field));
  await page.context().close();
});

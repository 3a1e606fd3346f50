import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { api, launch, MODEL, settled, signedIn, visit } from "./browser.mjs";

let browser;
let page;
before(async () => {
  browser = await launch();
  const before = await requests();
  await api("POST", "/v1/chat/completions", { model: MODEL, messages: [{ role: "user", content: "count me" }], metadata: { tags: ["e2e"] } });
  // A call is in the sums once it is written.
  while ((await requests()) === before) await new Promise((done) => setTimeout(done, 200));
});
after(() => browser.close());
beforeEach(async () => {
  page = await signedIn(browser);
});
afterEach(() => page.context().close());

async function requests() {
  const day = new Date().toISOString().slice(0, 10);
  const { metadata } = await api("GET", `/user/daily/activity/aggregated?start_date=${day}&end_date=${day}`);
  return metadata.total_api_requests;
}

test("usage is told by day and by what it was of, and the tiles choose what is drawn", async () => {
  await visit(page, "/usage");
  await page.getByRole("button", { name: /^Requests/ }).click();
  await page.getByText("Requests · By day").waitFor();
  const table = page.getByRole("region", { name: "Table: Model", exact: true });
  await table.getByRole("row").nth(1).waitFor();
  for (const kind of ["Model group", "Provider", "Key", "Endpoint", "User", "Team", "Tag", "Organization", "Customer"]) {
    await page.getByRole("combobox", { name: "By", exact: true }).click();
    await page.getByRole("option", { name: kind, exact: true }).click();
    await settled(page);
    assert.equal(await page.getByRole("alert").count(), 0, kind);
  }
  await page.getByRole("region", { name: "Table: How long answers took" }).getByRole("row").nth(1).waitFor();
});

test("a tag is found among the tags", async () => {
  await visit(page, "/usage");
  await page.getByRole("combobox", { name: "By", exact: true }).click();
  await page.getByRole("option", { name: "Tag", exact: true }).click();
  await page.getByRole("cell", { name: "e2e", exact: true }).waitFor();
});

test("the sums are taken along as a file", async () => {
  await visit(page, "/usage");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export as CSV" }).click()]);
  assert.match(download.suggestedFilename(), /^usage-user-.*\.csv$/);
  const [head, ...lines] = (await readFile(await download.path(), "utf8")).trim().split("\n");
  assert.match(head, /spend/);
  assert.ok(lines.length > 0);
});

test("a call stands in the logs with what was asked and why it went where it went", async () => {
  await visit(page, "/logs");
  await page.getByRole("region", { name: "Table: Logs" }).getByRole("button").first().click();
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("tab", { name: "Why this deployment?" }).click();
  await drawer.getByRole("tabpanel").getByText(/./).first().waitFor();
});

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { settled, visit } from "./browser.mjs";
import { activity, column, count, dollars, groupOf, known, percent, short, times, timesTold, USED } from "./figures.mjs";
import { page } from "./stage.mjs";

let of;
before(async () => {
  of = await known();
});
after(() => of.takeAway());

const tile = (name) => page.getByRole("button", { name, exact: true }).waitFor();

test("the figures of the overview are the sums that the API tells", async () => {
  const { metadata: sums } = await activity();
  await visit(page, "/");
  await tile(`Spend ${dollars(sums.total_spend)}`);
  await tile(`Requests ${count(sums.total_api_requests)}`);
  await tile(`Tokens ${short(sums.total_tokens)}`);
  await tile(`Failed ${count(sums.total_failed_requests)} ${percent(sums.total_successful_requests / sums.total_api_requests)} answered`);
  assert.ok(sums.total_spend >= USED.spend && sums.total_failed_requests >= USED.failed_requests);
});

test("the overview tells what each key and each model took of it", async () => {
  const answered = { ...USED, failed_requests: 0, api_requests: USED.successful_requests };
  const sums = await activity();
  assert.deepEqual(groupOf(sums, "api_keys", of.key.id), USED);
  await visit(page, "/");
  for (const [kind, name, used] of [["Models", of.name, answered], ["Keys", of.key.name, USED]]) {
    await page.getByRole("tab", { name: kind, exact: true }).click();
    const table = page.getByRole("region", { name: `Table: ${kind}`, exact: true });
    const row = table.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });
    await row.waitFor();
    const [, , ...figures] = await row.getByRole("cell").allTextContents();
    assert.deepEqual(figures, [dollars(used.spend), count(used.api_requests), count(used.failed_requests), short(used.total_tokens)], kind);
    const share = await row.getByRole("progressbar").getAttribute("aria-label");
    assert.equal(share, percent(used.spend / sums.metadata.total_spend), kind);
  }
});

test("the last column of each chart is the sum of today", async () => {
  const { metadata: sums } = await activity("user", 1);
  await visit(page, "/");
  for (const [measure, value] of Object.entries({ Spend: dollars(sums.total_spend), Requests: short(sums.total_api_requests), Tokens: short(sums.total_tokens), Failed: short(sums.total_failed_requests) })) {
    await page.getByRole("button", { name: new RegExp(`^${measure} `) }).click();
    await page.getByText(`${measure} · By day`).waitFor();
    const { told, heights } = await column(page);
    assert.deepEqual(told, { [measure]: value });
    assert.equal(heights.length, 1, measure);
  }
});

test("the overview tells how long the answers of a model took", async () => {
  await visit(page, "/");
  assert.deepEqual(await timesTold(page, of.name), await times(of.name));
});

test("a longer span has the sums of its days", async () => {
  const { metadata: sums } = await activity("user", 90);
  await visit(page, "/");
  const asked = page.waitForResponse((it) => it.url().includes("/daily/activity/aggregated"));
  await page.getByText("90 days", { exact: true }).click();
  await asked;
  await settled(page);
  await tile(`Spend ${dollars(sums.total_spend)}`);
  await tile(`Requests ${count(sums.total_api_requests)}`);
});

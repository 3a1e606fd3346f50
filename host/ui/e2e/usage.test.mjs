import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { api, chat, MODEL, settled, until, visit } from "./browser.mjs";
import { activity, column, count, dollars, groupOf, known, short, times, timesTold, USED } from "./figures.mjs";
import { choose, mark, page } from "./stage.mjs";

let of;
before(async () => {
  of = await known();
  const before = await requests();
  await api("POST", "/v1/chat/completions", { model: MODEL, messages: [{ role: "user", content: "count me" }], metadata: { tags: ["e2e"] } });
  // A call is in the sums once it is written.
  await until(async () => (await requests()) !== before);
});
after(() => of.takeAway());

/** The calls of today, of one model or of all. */
async function requests(model = "") {
  const day = new Date().toISOString().slice(0, 10);
  const { metadata } = await api("GET", `/user/daily/activity/aggregated?start_date=${day}&end_date=${day}&model=${model}`);
  return metadata.total_api_requests;
}

test("usage is told by day and by what it was of, and the tiles choose what is drawn", async () => {
  await visit(page, "/usage");
  await page.getByRole("button", { name: /^Requests/ }).click();
  await page.getByText("Requests · By day").waitFor();
  const table = page.getByRole("region", { name: "Table: Model", exact: true });
  await table.getByRole("row").nth(1).waitFor();
  for (const kind of ["Model group", "Provider", "Key", "Endpoint", "User", "Team", "Tag", "Organization", "Customer"]) {
    await choose("By", kind);
    await settled(page);
    assert.equal(await page.getByRole("alert").count(), 0, kind);
  }
});

test("the column of a day is as high as what each model had of it, and tells it", async () => {
  const [{ breakdown, metrics }] = (await activity("user", 1)).results;
  await visit(page, "/usage");
  await page.getByRole("button", { name: /^Requests/ }).click();
  await page.getByText("Requests · By day").waitFor();
  const { told: { Others: rest, ...told }, heights } = await column(page);
  const calls = Object.entries(breakdown.models).map(([id, it]) => [id === "unknown" ? "None" : id, it.metrics.api_requests]);
  const shown = calls.filter(([name]) => name in told);
  assert.ok(shown.some(([name]) => name === of.name));
  assert.deepEqual(told, Object.fromEntries(shown.map(([name, value]) => [name, short(value)])));
  const left = metrics.api_requests - shown.reduce((total, [, value]) => total + value, 0);
  assert.equal(rest, short(left));
  const values = [...shown.map(([, value]) => value), left].filter((it) => it > 0).sort((a, b) => b - a);
  const whole = heights.reduce((total, it) => total + it, 0);
  assert.equal(heights.length, values.length);
  heights.sort((a, b) => b - a).forEach((height, at) => assert.ok(Math.abs(height / whole - values[at] / metrics.api_requests) < 0.01, `${height} of ${whole}`));
});

test("the times of a model are those of its calls", async () => {
  await visit(page, "/usage");
  await choose("Only this model", of.name);
  await page.getByRole("button", { name: /^Requests 3$/ }).waitFor();
  const told = await timesTold(page, of.name);
  assert.equal(told[0], "3");
  assert.deepEqual(told, await times(of.name));
});

test("one model is looked at alone", async () => {
  const name = mark();
  const { model_id: id } = await api("POST", "/model/new", { model_name: name, litellm_params: { model: `echo/${name}` } });
  await until(async () => (await chat(name, "count me too")).status === 200);
  await until(async () => (await requests(name)) === 1);
  await visit(page, "/usage");
  const rows = page.getByRole("region", { name: "Table: Model", exact: true }).getByRole("row");
  await rows.nth(2).waitFor();
  await choose("Only this model", name);
  await page.getByRole("button", { name: /^Requests 1$/ }).waitFor();
  assert.equal(await rows.count(), 2);
  await rows.filter({ hasText: name }).waitFor();
  await api("POST", "/model/delete", { id });
});

/** What the page tells of one group. */
async function told(kind, name) {
  await choose("By", kind);
  const table = page.getByRole("region", { name: `Table: ${kind}`, exact: true });
  const row = table.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });
  await row.waitFor();
  const [, , ...figures] = await row.getByRole("cell").allTextContents();
  return figures;
}

/** The same as the API has it. */
function written(used) {
  const tokens = [used.prompt_tokens, used.completion_tokens, used.cache_read_input_tokens].map(short);
  return [dollars(used.spend), count(used.api_requests), count(used.failed_requests), ...tokens, dollars(used.spend / used.api_requests)];
}

test("a user, a team and a key have the spend, tokens and errors that the API tells of them", async () => {
  await visit(page, "/usage");
  for (const [kind, holder, part, whose] of [["User", "user", "entities", of.user], ["Team", "team", "entities", of.team], ["Key", "user", "api_keys", of.key]]) {
    const used = groupOf(await activity(holder, 30), part, whose.id);
    assert.deepEqual(used, USED, kind);
    assert.deepEqual(await told(kind, whose.name), written(used), kind);
  }
});

test("a provider has the spend, tokens and errors of all its calls", async () => {
  const used = groupOf(await activity("user", 30), "providers", "anthropic");
  assert.ok(used.api_requests >= USED.api_requests);
  await visit(page, "/usage");
  assert.deepEqual(await told("Provider", "anthropic"), written(used));
});

test("a tag has the spend, tokens and errors that the API tells of it", async () => {
  const used = groupOf(await activity("tag", 30), "entities", "e2e");
  assert.ok(used.api_requests > 0);
  await visit(page, "/usage");
  assert.deepEqual(await told("Tag", "e2e"), written(used));
});

test("the sums are taken along as a file", async () => {
  await visit(page, "/usage");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export as CSV" }).click()]);
  assert.match(download.suggestedFilename(), /^usage-user-.*\.csv$/);
  const [head, ...lines] = (await readFile(await download.path(), "utf8")).trim().split("\n");
  assert.match(head, /spend/);
  assert.ok(lines.length > 0);
});


import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { api, chat, find, until, visit } from "./browser.mjs";
import { choose, dialog, mark, page } from "./stage.mjs";

const [answers, fails] = [mark(), mark()];
const made = [];
before(async () => {
  await make(answers, { mock_response: "a made up answer", input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 });
  await make(fails, { mock_response: "litellm.BadRequestError" });
});
after(async () => {
  for (const id of made) await api("POST", "/model/delete", { id });
});
beforeEach(async () => {
  await visit(page, "/logs");
});

/** A deployment of a provider with a dialect of its own, whose answers are made up. */
async function make(name, params) {
  const { model_id: id } = await api("POST", "/model/new", { model_name: name, litellm_params: { model: "anthropic/claude-e2e", api_key: "k-e2e", ...params } });
  made.push(id);
  await until(async () => (await api("GET", "/v1/models")).data.some((it) => it.id === name));
}

/** A call that stands in the logs. */
async function logged(model, text, more) {
  const { status, id } = await chat(model, text, more);
  await until(() => api("GET", `/spend/logs/ui/${id}`).catch(() => null));
  return { status, id };
}

/** Searches the logs for one call. */
async function findCall(id) {
  const answered = page.waitForResponse((it) => it.url().includes(`search=${id}`));
  await page.getByRole("searchbox").first().fill(id);
  await answered;
  await find(page, id);
}

const rows = () => page.getByRole("region", { name: "Table: Logs" });

test("a call tells what it cost, what guardrails made of it, what its provider is sent, and why it went there", async () => {
  const { guardrails } = await api("GET", "/guardrails/list");
  const guardrail = guardrails[0].guardrail_name;
  const { status, id } = await logged(answers, "Ada asks for the moon", { guardrails: [guardrail] });
  assert.equal(status, 200);
  await findCall(id);
  await rows().getByRole("button").first().click();
  const tab = (name) => dialog().getByRole("tab", { name, exact: true }).click();

  const cost = dialog().getByRole("region", { name: "Table: What it cost" });
  await cost.getByRole("row", { name: "Input $0.00001", exact: true }).waitFor();
  await cost.getByRole("row", { name: "Output $0.00004", exact: true }).waitFor();
  await cost.getByRole("row", { name: "In all $0.00005", exact: true }).waitFor();

  await tab("Guardrails");
  await dialog().getByText(guardrail, { exact: true }).first().waitFor();
  await dialog().getByText("pre_call", { exact: true }).first().waitFor();

  await tab("Request to the provider");
  await dialog().getByText("https://api.anthropic.com/v1/messages").waitFor();
  await dialog().getByText(/"model": "claude-e2e"/).waitFor();
  assert.equal(await dialog().getByText("k-e2e").count(), 0);

  await tab("Request");
  await dialog().getByText(/asks for the moon/).waitFor();
  await tab("Answer");
  await dialog().getByText(/a made up answer/).waitFor();
  await tab("Attempts and why");
  await dialog().getByText("anthropic/claude-e2e").first().waitFor();
});

/** The attempts of a call, as they are told one under the other. */
const attempt = (number) => dialog().getByRole("group", { name: `Attempt ${number}`, exact: true });
/** The deployment that an attempt went to. */
const chosen = (number) => attempt(number).locator("div").filter({ has: page.getByText("chosen", { exact: true }) });

test("a call that was tried twice tells of both attempts where they went, how they ended and why", async () => {
  const name = mark();
  // Calls go by weight: the one that fails is asked first.
  await make(name, { model: "anthropic/claude-broken", mock_response: "litellm.RateLimitError", weight: 1, num_retries: 1 });
  await make(name, { model: "anthropic/claude-whole", mock_response: "at last", weight: 0, num_retries: 1 });
  const { deployments } = await api("GET", "/router/deployments");
  const [broken, whole] = made.slice(-2);
  assert.ok([broken, whole].every((id) => deployments.some((it) => it.model_id === id)));
  const { status, id } = await logged(name, "hello");
  assert.equal(status, 200);
  const { choices } = await api("GET", `/router/decisions/${id}`);
  assert.deepEqual(choices.map((it) => [it.chosen, it.outcome]), [[broken, "rate-limit"], [whole, "ok"]]);

  await findCall(id);
  await rows().getByRole("button").first().click();
  // What was paid for is the one that answered.
  const paid = dialog().getByRole("region", { name: "Table: Attempts that were answered" }).getByRole("row");
  await paid.filter({ hasText: "anthropic/claude-whole" }).waitFor();
  assert.equal(await paid.filter({ hasText: "anthropic/claude-broken" }).count(), 0);
  await dialog().getByRole("tab", { name: "Attempts and why", exact: true }).click();
  await chosen(1).filter({ hasText: "anthropic/claude-broken" }).filter({ hasText: broken.slice(0, 12) }).waitFor();
  await attempt(1).getByText("failed: rate-limit", { exact: true }).waitFor();
  await chosen(2).filter({ hasText: "anthropic/claude-whole" }).filter({ hasText: whole.slice(0, 12) }).waitFor();
  await attempt(2).getByText("answered", { exact: true }).waitFor();
  // Why not the first one again.
  await attempt(2).getByText("tried", { exact: true }).waitFor();
  assert.equal(await attempt(3).count(), 0);
});

test("a call that fell back tells of the group that it left", async () => {
  const down = mark();
  await make(down, { mock_response: "litellm.ServiceUnavailableError", num_retries: 0 });
  const { status, id } = await logged(down, "hello", { fallbacks: [answers] });
  assert.equal(status, 200);
  await findCall(id);
  await rows().getByRole("button").first().click();
  await dialog().getByRole("tab", { name: "Attempts and why", exact: true }).click();
  await attempt(1).getByText(`${down} · simple-shuffle`, { exact: true }).waitFor();
  await attempt(1).getByText("failed: overloaded", { exact: true }).waitFor();
  await attempt(2).getByText(`${answers} · simple-shuffle`, { exact: true }).waitFor();
  await attempt(2).getByText("answered", { exact: true }).waitFor();
});

test("calls are found by model, by how they ended and by id", async () => {
  const good = await logged(answers, "hello");
  const bad = await logged(fails, "hello");
  assert.equal(bad.status, 400);
  await choose("Model", fails);
  await rows().getByRole("cell", { name: "failed" }).first().waitFor();
  assert.equal(await rows().getByText(answers, { exact: true }).count(), 0);
  await choose("Status", "answered");
  await page.getByText("No calls match").waitFor();
  await choose("Status", "failed");
  await rows().getByRole("cell", { name: "failed" }).first().waitFor();
  await choose("Status", "All calls");
  await choose("Model", answers);
  await rows().getByRole("cell", { name: "answered" }).first().waitFor();
  await find(page, good.id);
  await find(page, bad.id, 0);
  await page.getByText("No calls match").waitFor();
});

test("calls are found by the days that they were made on", async () => {
  const { id } = await logged(answers, "hello");
  for (const [days, span, longer] of [[3, "Today", "7 days"], [12, "7 days", "30 days"]]) {
    // To this browser the call was made so many days ago.
    await page.clock.setFixedTime(Date.now() + days * 86_400_000);
    await page.reload();
    await choose("Time", span);
    await choose("Model", answers);
    await page.getByText("No calls match").waitFor();
    await choose("Time", longer);
    await rows().getByRole("cell", { name: "answered" }).first().waitFor();
    await findCall(id);
  }
});

test("the page follows calls as they come, once it is told to", async () => {
  const follow = page.getByRole("switch", { name: "Follow" });
  const name = mark();
  await make(name, { mock_response: "live" });
  await page.reload();
  await choose("Model", name);
  await page.getByText("No calls match").waitFor();
  await follow.click();
  await logged(name, "one");
  await rows().getByText(name, { exact: true }).waitFor();
  await logged(name, "two");
  await rows().getByText(name, { exact: true }).nth(1).waitFor();
  await follow.click();
  let asked = 0;
  page.on("request", (it) => {
    if (it.url().includes("/spend/logs/ui")) asked += 1;
  });
  // A page at rest looks now and then whether the gateway is there; the logs are left alone.
  await page.waitForRequest((it) => it.url().endsWith("/health/liveliness"), { timeout: 20_000 });
  assert.ok(asked <= 1, `${asked} requests`);
});

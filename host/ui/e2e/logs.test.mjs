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

const rows = () => page.getByRole("region", { name: "Table: Logs" });

test("a call tells what it cost, what guardrails made of it, what its provider is sent, and why it went there", async () => {
  const { guardrails } = await api("GET", "/guardrails/list");
  const guardrail = guardrails[0].guardrail_name;
  const { status, id } = await logged(answers, "Ada asks for the moon", { guardrails: [guardrail] });
  assert.equal(status, 200);
  await find(page, id);
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
  await tab("Why this deployment?");
  await dialog().getByText("anthropic/claude-e2e").first().waitFor();
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

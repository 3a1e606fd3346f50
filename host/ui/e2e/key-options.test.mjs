import assert from "node:assert/strict";
import { test } from "node:test";

import { api, find, MODEL, visit } from "./browser.mjs";
import { act, choose, dialog, mark, page } from "./stage.mjs";

// What the API takes of a key and no form has: without effect, or done from the menu of a row.
const NO_OPTIONS = ["agent_id", "allowed_vector_store_indexes", "blocked", "config", "default_estimated_output_tokens", "default_estimated_output_tokens_per_model", "enable_prompt_caching", "end_user_budget_id", "mcp_rpm_limit", "object_permission", "policies", "project_id", "prompts", "send_invite_email", "spend"];

test("a key is made with every option that there is, and has each of them", async () => {
  const [name, text] = [mark(), `sk-${mark()}`];
  const { organization_id } = await api("POST", "/organization/new", { organization_alias: `${name}-organization` });
  const { team_id } = await api("POST", "/team/new", { team_alias: `${name}-team`, organization_id });
  const { user_id } = await api("POST", "/user/new", { user_id: `${name}-user`, auto_create_key: false });
  await api("POST", "/team/member_add", { team_id, member: { role: "user", user_id } });
  await api("POST", "/budget/new", { budget_id: `${name}-budget`, max_budget: 90 });
  const { access_group_id: group } = await api("POST", "/access_group/new", { access_group: `${name}-group`, model_names: [MODEL] });
  const [{ guardrail_name: guardrail }] = (await api("GET", "/guardrails/list")).guardrails;

  await visit(page, "/keys");
  await page.getByRole("button", { name: "New key" }).first().click();
  for (const part of ["Limits", "More options"]) await dialog().getByRole("button", { name: part }).click();
  await dialog().getByRole("combobox", { name: "Team", exact: true }).fill(`${name}-team`);
  await page.getByRole("option", { name: `${name}-team`, exact: true }).click();
  await choose("Organization", `${name}-organization`);
  await choose("May use", "Models only");
  for (const share of ["The requests are", "The tokens are"]) await choose(share, "as far as there are any");
  for (const told of ["Slow down instead of refusing beyond the budget", "Without the guardrails that look at every call", "New text by itself"]) await dialog().getByRole("switch", { name: told }).click();
  const typed = {
    Name: name,
    Owner: user_id,
    "Valid for": "90d",
    "Budget in dollars": "3",
    "Warn from (dollars)": "2",
    "Begins anew every": "30d",
    "Shared budget": `${name}-budget`,
    "More for a while (dollars)": "5",
    Until: "2090-01-31T12:00:00Z",
    "Requests a minute": "50",
    "Tokens a minute": "5000",
    "Tokens a day": "90000",
    "Calls at once": "4",
    "Own text of the key": text,
    Every: "30d",
    "Budgets of several windows": '[{"budget_duration": "1d", "max_budget": 1}]',
    "Budget of each model": `{"${MODEL}": {"budget_limit": 1, "time_period": "1d"}}`,
    "Other models once that of a model is spent": `{"${MODEL}": ["other"]}`,
    "Requests a minute of each model": `{"${MODEL}": 7}`,
    "Tokens a minute of each model": `{"${MODEL}": 700}`,
    "Requests a minute of each tag": '{"batch": 6}',
    "Names for models": `{"fast": "${MODEL}"}`,
    "Routing of its own": '{"num_retries": 1}',
    Permissions: '{"get_spend_routes": true}',
    Metadata: '{"note": "e2e"}',
  };
  for (const [label, value] of Object.entries(typed)) await dialog().getByLabel(label, { exact: true }).and(page.locator("input, textarea")).fill(value);
  const lists = {
    Models: MODEL,
    "Addresses that may use it": "127.0.0.1",
    "Paths that it may call": "/v1/*",
    "Open pass-through paths": "/anthropic",
    "Closed pass-through paths": "/bedrock",
    Tags: "batch",
    Guardrails: guardrail,
    "Parameters that calls must have": "user",
    "Access groups": group,
    "What calls may say of the cache": "no-cache",
  };
  for (const [label, value] of Object.entries(lists)) {
    await dialog().getByRole("combobox", { name: label, exact: true }).fill(value);
    await page.keyboard.press("Enter");
  }
  const sent = page.waitForRequest((it) => it.url().endsWith("/key/generate"));
  await dialog().getByRole("button", { name: "Create" }).click();
  const body = (await sent).postDataJSON();
  await dialog().getByText(text, { exact: true }).waitFor();

  const { paths } = await api("GET", "/openapi.json");
  const options = Object.keys(paths["/key/generate"].post.requestBody.content["application/json"].schema.properties);
  assert.deepEqual(options.filter((it) => !(it in body)).sort(), NO_OPTIONS);
  const { info } = await api("GET", `/key/info?key=${text}`);
  // The text is told once, and how long it is valid becomes the time when it ends.
  const { key, duration, metadata, ...told } = body;
  assert.equal(metadata.note, info.metadata.note);
  assert.deepEqual(Object.fromEntries(Object.keys(told).map((it) => [it, info[it]])), told);
  assert.ok(Date.parse(info.expires) > Date.now() + 89 * 86_400_000);

  await dialog().getByRole("button", { name: "Done" }).click();
  await find(page, name);
  await act(name, "Edit");
  await dialog().getByRole("button", { name: "More options" }).click();
  await dialog().getByLabel("Metadata", { exact: true }).fill('{"note": "changed"}');
  await dialog().getByRole("button", { name: "Save" }).click();
  await dialog().waitFor({ state: "detached" });
  const { info: after } = await api("GET", `/key/info?key=${text}`);
  assert.equal(after.metadata.note, "changed");
  assert.deepEqual(Object.fromEntries(Object.keys(told).map((it) => [it, after[it]])), told);
  await api("POST", "/key/delete", { keys: [text] });
  await api("DELETE", `/access_group/${name}-group/delete`);
  await api("POST", "/budget/delete", { id: `${name}-budget` });
  await api("DELETE", "/organization/delete", { organization_ids: [organization_id] });
  await api("POST", "/user/delete", { user_ids: [user_id] });
});

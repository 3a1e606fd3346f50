import assert from "node:assert/strict";
import { test } from "node:test";

import { api, chat, find, until, visit } from "./browser.mjs";
import { act, confirm, dialog, mark, page } from "./stage.mjs";

const ask = (model) => api("POST", "/v1/chat/completions", { model, messages: [{ role: "user", content: "hello" }] });

test("a deployment is tested before it is made, answers, is priced, blocked and deleted", async () => {
  const name = mark();
  await visit(page, "/models");
  await page.getByRole("button", { name: "New deployment" }).first().click();
  await dialog().getByLabel("Model group").fill(name);
  await dialog().getByRole("combobox", { name: "Provider", exact: true }).fill("echo");
  await page.getByRole("option", { name: /echo/i }).first().click();
  await dialog().getByLabel("Model of the provider").fill("e2e");
  await dialog().getByText("None", { exact: true }).click();
  await dialog().getByRole("button", { name: "Test the connection" }).click();
  await dialog().getByText(/The provider answers/).waitFor();
  await dialog().getByRole("button", { name: "Create" }).click();
  await find(page, name);
  await page.getByRole("row", { name: new RegExp(name) }).waitFor();
  assert.equal((await ask(name)).object, "chat.completion");

  await act(name, "Edit");
  await dialog().getByRole("button", { name: "Prices" }).click();
  await dialog().getByLabel("In, a million tokens").fill("3");
  await dialog().getByLabel("Out, a million tokens").fill("6");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "$6.00" }).waitFor();

  await act(name, "Block");
  await page.getByText("Nothing matches").waitFor();
  await assert.rejects(ask(name));
  await page.getByRole("switch", { name: "Blocked ones" }).click();
  await act(name, "Delete");
  await confirm("Delete");
  await page.getByText("Nothing matches").waitFor();
});

test("a deployment that rests says until when", async () => {
  const name = mark();
  const made = [];
  for (const mock_response of ["litellm.RateLimitError", "an answer"]) {
    const { model_id: id } = await api("POST", "/model/new", { model_name: name, litellm_params: { model: "anthropic/e2e", api_key: "k-e2e", mock_response, cooldown_time: 60 } });
    made.push(id);
  }
  await until(async () => {
    await chat(name, "hello");
    return (await api("GET", "/router/deployments")).deployments.some((it) => it.model_id === made[0] && it.rests_until_ms !== null);
  });
  await visit(page, "/models");
  await find(page, name, 2);
  await page.getByRole("cell", { name: /^rests until/ }).waitFor();
  await page.getByRole("cell", { name: "ready", exact: true }).waitFor();
  for (const id of made) await api("POST", "/model/delete", { id });
});

test("a deployment is checked when an admin says so, and one that does not answer stands there as sick", async () => {
  const name = mark();
  const made = [];
  for (const [as, mock_response] of [["well", "an answer"], ["sick", "litellm.AuthenticationError"]]) {
    const { model_id: id } = await api("POST", "/model/new", { model_name: `${name}-${as}`, litellm_params: { model: "anthropic/e2e", api_key: "k-e2e", mock_response } });
    made.push(id);
  }
  await visit(page, "/models");
  for (const [as, told, state] of [["well", /^It answers, in /, "ready"], ["sick", /^It does not answer: /, "last check failed"]]) {
    await find(page, `${name}-${as}`);
    await act(`${name}-${as}`, "Check now");
    await confirm("Check now");
    await page.getByText(told).first().waitFor();
    await page.getByRole("cell", { name: state, exact: true }).waitFor();
  }
  for (const id of made) await api("POST", "/model/delete", { id });
});

test("a deployment without a provider says what is missing", async () => {
  await visit(page, "/models");
  await page.getByRole("button", { name: "New deployment" }).first().click();
  await dialog().getByRole("button", { name: "Create" }).click();
  assert.equal(await dialog().getByText("This is needed").count(), 3);
});

test("the form has what the provider's plugin asks for: settings and secrets", async () => {
  const pick = async (typed, option) => {
    await dialog().getByRole("combobox", { name: "Provider", exact: true }).fill(typed);
    await page.getByRole("option", { name: option }).click();
  };
  const name = mark();
  await visit(page, "/models");
  await page.getByRole("button", { name: "New deployment" }).first().click();
  await dialog().getByLabel("Model group").fill(name);
  await pick("azure", "Azure OpenAI (azure)");
  await dialog().getByLabel("api_version", { exact: true }).fill("2024-10-21");
  await dialog().getByText("AZURE_API_VERSION").waitFor();
  await pick("bedrock", "Amazon Bedrock (bedrock)");
  assert.equal(await dialog().getByLabel("api_version", { exact: true }).count(), 0);
  await dialog().getByLabel("Model of the provider").fill("amazon.nova-lite-v1:0");
  await dialog().getByLabel("Region", { exact: true }).fill("eu-central-1");
  await dialog().getByLabel("Access key", { exact: true }).fill("AKIAE2E");
  await dialog().getByLabel("Secret access key", { exact: true }).fill("e2e-secret");
  await dialog().getByRole("button", { name: "Create" }).click();
  await find(page, name);
  await page.getByRole("row", { name: new RegExp(name) }).waitFor();
  const { data } = await api("GET", `/v2/model/info?search=${name}`);
  assert.equal(data[0].litellm_params.aws_region_name, "eu-central-1");
  assert.notEqual(data[0].litellm_params.aws_secret_access_key, "e2e-secret");
  await act(name, "Edit");
  await dialog().getByLabel("Region", { exact: true }).fill("us-east-1");
  await dialog().getByRole("button", { name: "Save" }).click();
  await until(async () => (await api("GET", `/v2/model/info?search=${name}`)).data[0].litellm_params.aws_region_name === "us-east-1");
  await act(name, "Delete");
  await confirm("Delete");
  await page.getByText("Nothing matches").waitFor();
});

test("a credential is kept without being shown, changed and deleted", async () => {
  const name = mark();
  await visit(page, "/models?part=credentials");
  await page.getByRole("button", { name: "New credential" }).first().click();
  await dialog().getByLabel("Name", { exact: true }).fill(name);
  await dialog().getByRole("textbox", { name: "Value", exact: true }).fill("sk-e2e-secret");
  await dialog().getByRole("button", { name: "Create" }).click();
  await page.getByRole("cell", { name, exact: true }).waitFor();
  assert.equal(await page.getByText("sk-e2e-secret").count(), 0);
  await act(name, "Edit");
  await dialog().getByLabel("Provider").fill("openai");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByRole("row", { name: new RegExp(`${name}.*openai`) }).waitFor();
  await act(name, "Delete");
  await confirm("Delete");
  await page.getByRole("cell", { name, exact: true }).waitFor({ state: "detached" });
});

test("prices say where they come from; a discount is kept, and one of an unknown provider is refused", async () => {
  const kept = async () => (await api("GET", "/config/cost_discount_config")).values;
  const before = await kept();
  await visit(page, "/models?part=prices");
  await page.getByText("Models in it").waitFor();
  const discounts = page.getByRole("textbox", { name: "Discounts" });
  const save = async (text) => {
    await discounts.fill(text);
    await page.getByRole("button", { name: "Save" }).nth(1).click();
  };
  await save('{"nobody": 0.5}');
  await page.getByText(/no plugin serves provider/).waitFor();
  assert.deepEqual(await kept(), before);
  await save('{"anthropic": 0.25}');
  await until(async () => (await kept()).anthropic === 0.25);
  await page.reload();
  await page.getByText("Models in it").waitFor();
  assert.equal(JSON.parse(await discounts.inputValue()).anthropic, 0.25);
  await save(JSON.stringify(before));
  await until(async () => (await kept()).anthropic === undefined);
});

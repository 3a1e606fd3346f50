import assert from "node:assert/strict";
import { test } from "node:test";

import { api, chat, find, MODEL, visit } from "./browser.mjs";
import { act, choose, confirm, dialog, mark, page } from "./stage.mjs";

test("a team is made, gets a member with a budget, and is deleted", async () => {
  const [team, person] = [mark(), `${mark()}@example.com`];
  await visit(page, "/teams");
  await page.getByRole("button", { name: "New team" }).first().click();
  await dialog().getByLabel("Name", { exact: true }).fill(team);
  await dialog().getByLabel("Budget in dollars").fill("12");
  await dialog().getByRole("button", { name: "Create" }).click();
  await find(page, team);
  await page.getByRole("link", { name: team }).click();
  await page.getByRole("heading", { name: team }).waitFor();

  await page.getByRole("button", { name: "Add a member" }).click();
  await dialog().getByRole("button", { name: "Add" }).click();
  await dialog().getByText(/is required/).waitFor();
  await dialog().getByLabel("Email").fill(person);
  await dialog().getByLabel("Budget in the team (dollars)").fill("2");
  await dialog().getByRole("button", { name: "Add" }).click();
  await page.getByRole("cell", { name: person }).first().waitFor();
  await page.getByText("of $2.00").waitFor();

  await act(person, "Edit");
  await dialog().getByLabel("Budget in the team (dollars)").fill("5");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByText("of $5.00").waitFor();

  await act(person, "Remove");
  await confirm("Remove");
  await page.getByText("Nobody is in this team yet").waitFor();
  await act(team, "Delete");
  await confirm("Delete");
  await page.getByRole("heading", { name: "Teams" }).waitFor();
  const { users } = await api("GET", `/user/list?user_email=${encodeURIComponent(person)}`);
  await api("POST", "/user/delete", { user_ids: users.map((it) => it.user_id) });
});

test("a user is made with an invitation, changed and deleted; an email that is taken is refused at its field", async () => {
  const name = mark();
  await visit(page, "/users");
  await page.getByRole("button", { name: "New user" }).first().click();
  await dialog().getByLabel("Name", { exact: true }).fill(name);
  await dialog().getByLabel("Email").fill(`${name}@example.com`);
  await dialog().getByRole("button", { name: "Create" }).click();
  const link = await dialog().getByText(/invitation_id=/).textContent();
  assert.match(link ?? "", /^http.*\/ui\/\?invitation_id=/);
  await page.keyboard.press("Escape");

  await page.getByRole("button", { name: "New user" }).first().click();
  await dialog().getByLabel("Name", { exact: true }).fill("another");
  await dialog().getByLabel("Email").fill(`${name}@example.com`);
  await dialog().getByRole("button", { name: "Create" }).click();
  await dialog().getByText(/taken already/).waitFor();
  assert.equal(await dialog().getByLabel("Email").getAttribute("aria-invalid"), "true");
  await dialog().getByRole("button", { name: "Cancel" }).click();

  await find(page, name);
  await act(name, "Edit");
  await dialog().getByLabel("Budget in dollars").fill("7");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByText("of $7.00").waitFor();
  await page.getByRole("button", { name, exact: true }).click();
  await dialog().getByText("In no team").waitFor();
  await page.keyboard.press("Escape");
  await act(name, "Delete");
  await confirm("Delete");
  await page.getByText("Nothing matches").waitFor();
});

test("an organization is made, gets a member with a role, and is deleted", async () => {
  const [name, user] = [mark(), mark()];
  await api("POST", "/user/new", { user_id: user, auto_create_key: false });
  await visit(page, "/organizations");
  await page.getByRole("button", { name: "New organization" }).first().click();
  await dialog().getByLabel("Name", { exact: true }).fill(name);
  await dialog().getByLabel("Budget in dollars").fill("40");
  await dialog().getByRole("button", { name: "Create" }).click();
  await find(page, name);
  await page.getByText("of $40.00").waitFor();
  await act(name, "Members");
  await dialog().getByLabel("User id").fill(user);
  await dialog().getByRole("button", { name: "Add" }).click();
  await dialog().getByRole("cell", { name: user, exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await act(name, "Delete");
  await confirm("Delete");
  await page.getByText("Nothing matches").waitFor();
  await api("POST", "/user/delete", { user_ids: [user] });
});

test("a customer is made, blocked and deleted", async () => {
  const id = mark();
  await visit(page, "/customers");
  await page.getByRole("button", { name: "New customer" }).first().click();
  await dialog().getByLabel("Customer id").fill(id);
  await dialog().getByLabel("Budget in dollars").fill("9");
  await dialog().getByRole("button", { name: "Create" }).click();
  await find(page, id);
  await page.getByText("of $9.00").waitFor();
  await act(id, "Block");
  await page.getByRole("cell", { name: "blocked" }).waitFor();
  assert.equal((await api("GET", `/customer/info?end_user_id=${id}`)).blocked, true);
  await act(id, "Delete");
  await confirm("Delete");
  await page.getByText("Nothing matches").waitFor();
});

test("a customer is made with models, which hold, stand in the list and are changed; a refusal of them stands at their field", async () => {
  const id = mark();
  const models = () => dialog().getByRole("combobox", { name: "Models", exact: true });
  const kept = async () => (await api("GET", `/customer/info?end_user_id=${id}`)).models;
  const asked = async () => (await chat(MODEL, "hello", { user: id })).status;
  const enter = async (text) => {
    await models().fill(text);
    await models().press("Enter");
  };
  await visit(page, "/customers");
  await page.getByRole("button", { name: "New customer" }).first().click();
  await dialog().getByLabel("Customer id").fill(id);
  await choose("Models", MODEL);
  await enter("other-*");
  await enter("x".repeat(65_537));
  await dialog().getByRole("button", { name: "Create" }).click();
  await dialog().getByText(/`models` must be a list/).waitFor();
  assert.equal(await models().getAttribute("aria-invalid"), "true");
  await models().press("Backspace");
  await dialog().getByRole("button", { name: "Create" }).click();
  await find(page, id);
  await page.getByRole("cell", { name: "other-*" }).waitFor();
  assert.deepEqual(await kept(), [MODEL, "other-*"]);
  assert.equal(await asked(), 200);

  await act(id, "Edit");
  for (let left = 2; left > 0; left -= 1) await models().press("Backspace");
  await enter("another-*");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "another-*" }).waitFor();
  assert.deepEqual(await kept(), ["another-*"]);
  assert.equal(await asked(), 403);

  await act(id, "Edit");
  await models().press("Backspace");
  await dialog().getByRole("button", { name: "Save" }).click();
  await page.getByRole("cell", { name: "all models" }).waitFor();
  assert.deepEqual(await kept(), []);
  assert.equal(await asked(), 200);
  await api("POST", "/customer/delete", { user_ids: [id] });
});

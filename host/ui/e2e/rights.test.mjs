import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { api, launch, settled, signedIn, visit } from "./browser.mjs";
import { PATHS } from "./paths.mjs";

let browser;
let user;
let key;
let viewer;
before(async () => {
  browser = await launch();
  user = `e2e-${randomUUID().slice(0, 8)}`;
  ({ key } = await api("POST", "/user/new", { user_id: user, user_role: "internal_user", key_alias: `${user} own` }));
  viewer = await api("POST", "/user/new", { user_id: `${user}-viewer`, user_role: "proxy_admin_viewer" });
});
after(async () => {
  await browser.close();
  await api("POST", "/user/delete", { user_ids: [user, viewer.user_id] });
});

test("who is no admin sees their keys and usage only, and keeps their session", async () => {
  const page = await signedIn(browser, { key });
  const names = await page.getByRole("navigation").getByRole("link").allTextContents();
  assert.deepEqual(names, ["Overview", "Usage", "Logs", "Virtual keys", "Playground"]);
  await visit(page, "/keys");
  const keys = page.getByRole("region", { name: "Table: Virtual keys" });
  await keys.getByRole("row").nth(1).waitFor();
  assert.equal(await keys.getByRole("row").count(), 2);
  await keys.getByText(`${user} own`).waitFor();
  for (const path of ["/usage", "/logs", "/playground"]) {
    await visit(page, path);
    assert.equal(await page.getByRole("alert").count(), 0, path);
  }
});

test("a page for admins says so and asks for nothing", async () => {
  const page = await signedIn(browser, { key });
  const asked = [];
  page.on("request", (it) => asked.push(new URL(it.url()).pathname));
  await page.evaluate(() => {
    history.pushState({}, "", "/ui/users");
    dispatchEvent(new PopStateEvent("popstate"));
  });
  await page.getByText("This page is for admins").waitFor();
  assert.ok(!asked.includes("/user/list"));
});

test("a user makes and deletes a key of their own", async () => {
  const page = await signedIn(browser, { key });
  const alias = `${user} second`;
  await visit(page, "/keys");
  await page.getByRole("button", { name: "New key" }).first().click();
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill(alias);
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: `Actions: ${alias}` }).click();
  assert.equal(await page.getByRole("menuitem", { name: "Block" }).count(), 0);
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText(alias, { exact: true }).waitFor({ state: "detached" });
});

test("who only reads sees every page, is offered no change, and the gateway takes none", async () => {
  const page = await signedIn(browser, { key: viewer.key });
  const changes = /^(New |Actions: |Save$|Add a member|Try a component|Look into the folder now|Switch a callback on|Read the file again|Set a variable)/;
  for (const [name, path] of Object.entries(PATHS)) {
    await visit(page, path);
    assert.equal(await page.getByRole("main").getByRole("alert").count(), 0, name);
    assert.deepEqual(await page.getByRole("main").getByRole("button", { name: changes }).allTextContents(), [], name);
  }
  for (const [path, body] of [["/key/generate", {}], ["/team/new", { team_alias: user }], ["/customer/new", { user_id: user }]]) await assert.rejects(api("POST", path, body, viewer.key), /40[13]/, path);
});

test("the admin of a team runs it, and sees no other", async () => {
  const [lead, member, newcomer] = ["lead", "member", "newcomer"].map((it) => `${user}-${it}`);
  const [own, other] = ["own", "other"].map((it) => `${user}-${it}-team`);
  const people = [lead, member, newcomer];
  for (const user_id of people) await api("POST", "/user/new", { user_id, user_role: "internal_user", auto_create_key: false });
  const seats = [{ role: "admin", user_id: lead }, { role: "user", user_id: member }];
  await api("POST", "/team/new", { team_id: own, team_alias: own, members_with_roles: seats });
  await api("POST", "/team/new", { team_id: other, team_alias: other, members_with_roles: [{ role: "admin", user_id: newcomer }] });
  const { key: proof } = await api("POST", "/key/generate", { user_id: lead, key_alias: `${lead} key` });
  await api("POST", "/key/generate", { user_id: member, team_id: own, key_alias: `${member} key` });
  const page = await signedIn(browser, { key: proof });
  await page.getByRole("navigation").getByRole("link", { name: "Teams" }).waitFor();
  const names = await page.getByRole("navigation").getByRole("link").allTextContents();
  assert.deepEqual(names, ["Overview", "Usage", "Logs", "Virtual keys", "Teams", "Playground"]);
  await visit(page, "/teams");
  const teams = page.getByRole("region", { name: "Table: Teams", exact: true });
  await teams.getByRole("link", { name: own, exact: true }).waitFor();
  assert.equal(await teams.getByRole("row").count(), 2);
  assert.equal(await page.getByRole("button", { name: "New team" }).count(), 0);
  await teams.getByRole("button", { name: `Actions: ${own}` }).click();
  assert.deepEqual(await page.getByRole("menuitem").allTextContents(), ["Edit"]);
  await page.keyboard.press("Escape");

  await teams.getByRole("link", { name: own, exact: true }).click();
  await page.getByRole("tab", { name: "Keys (1)" }).click();
  await page.getByRole("cell", { name: `${member} key`, exact: true }).waitFor();
  await page.getByRole("tab", { name: "Members (2)" }).click();
  const dialog = page.getByRole("dialog");
  const seat = (name, role) => page.getByRole("row").filter({ hasText: name }).filter({ hasText: role });
  await page.getByRole("button", { name: "Add a member" }).click();
  await dialog.getByLabel("User id").fill(newcomer);
  await dialog.getByLabel("Budget in the team (dollars)").fill("3");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await seat(newcomer, "of $3.00").waitFor();
  await page.getByRole("button", { name: `Actions: ${newcomer}` }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await dialog.getByLabel("Budget in the team (dollars)").fill("4");
  await dialog.getByRole("button", { name: "Save" }).click();
  await seat(newcomer, "of $4.00").waitFor();
  await page.getByRole("button", { name: `Actions: ${newcomer}` }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await seat(newcomer, "Member").waitFor({ state: "detached" });

  await visit(page, `/teams/${other}`);
  await settled(page);
  await page.getByRole("main").getByRole("alert").waitFor();
  assert.equal(await page.getByRole("button", { name: "Add a member" }).count(), 0);
  for (const [path, body] of [["/team/member_add", { team_id: other, member: { role: "user", user_id: member } }], ["/team/delete", { team_ids: [own] }], ["/team/new", { team_alias: lead }]]) await assert.rejects(api("POST", path, body, proof), /40[13]/, path);
  await api("POST", "/team/delete", { team_ids: [own, other] });
  await api("POST", "/user/delete", { user_ids: people });
});

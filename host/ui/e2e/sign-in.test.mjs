import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { api, KEY, launch, PAGES, signedIn } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const door = async () => {
  const page = await (await browser.newContext({ locale: "en" })).newPage();
  await page.goto(`${PAGES}/ui/`);
  return page;
};

test("a wrong key is refused in the gateway's words and the right one opens", async () => {
  const page = await door();
  await page.getByText("Key", { exact: true }).click();
  await page.getByLabel("Master key or virtual key").fill("sk-nobody-has-this-one");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Master key or virtual key").fill(KEY);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
});

test("an empty form says what is needed, beside its field", async () => {
  const page = await door();
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  assert.equal(await page.getByText("This is needed").count(), 2);
});

/** Who is signed in, as the menu of the account tells it. */
async function account(page) {
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.getByRole("button", { name: "Account" }).click();
  return page.getByRole("menu").textContent();
}

test("the operator comes in by name and password, and a user by their address and their own", async () => {
  const [user, word] = [`e2e-${randomUUID().slice(0, 8)}`, "a long pass phrase 1"];
  await api("POST", "/user/new", { user_id: user, user_email: `${user}@example.com`, user_role: "internal_user", password: word, auto_create_key: false });
  const operator = [process.env.UI_USERNAME ?? "admin", process.env.UI_PASSWORD ?? KEY];
  for (const [name, password, shown] of [[...operator, /Admin/], [`${user}@example.com`, word, new RegExp(`${user}@example\\.com.*User`)]]) {
    const page = await door();
    const sign = async (text) => {
      await page.getByRole("textbox", { name: "Username", exact: true }).fill(name);
      await page.getByLabel("Password", { exact: true }).fill(text);
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
    };
    await sign(`${password}?`);
    await page.getByRole("alert").waitFor();
    await sign(password);
    assert.match(await account(page), shown);
  }
  await api("POST", "/user/delete", { user_ids: [user] });
});

const SIGN_ON = { name: "Sign in with your organization" };

test("the organization's sign-on is offered where it is set up, and nowhere else", async () => {
  const page = await door();
  assert.match((await page.getByRole("link", SIGN_ON).getAttribute("href")) ?? "", /\/sso\/key\/generate$/);
  await page.route("**/.well-known/litellm-ui-config", async (route) => {
    const told = await (await route.fetch()).json();
    await route.fulfill({ json: { ...told, sso_configured: false } });
  });
  const asked = page.waitForResponse("**/.well-known/litellm-ui-config");
  await page.reload();
  await asked;
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  assert.equal(await page.getByRole("link", SIGN_ON).count(), 0);
});

test("who comes over the organization's sign-on is whom the identity provider names", async () => {
  const page = await door();
  await page.getByRole("link", SIGN_ON).click();
  assert.match(await account(page), new RegExp(process.env.SLUICE_SSO_EMAIL));
});

test("signing out shows the door again", async () => {
  const page = await signedIn(browser);
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("who was invited chooses a password, once", async () => {
  const user = `e2e-${randomUUID().slice(0, 8)}`;
  await api("POST", "/user/new", { user_id: user, user_email: `${user}@example.com`, auto_create_key: false });
  try {
    const { id } = await api("POST", "/invitation/new", { user_id: user });
    const page = await (await browser.newContext({ locale: "en" })).newPage();
    await page.goto(`${PAGES}/ui/?invitation_id=${id}`);
    await page.getByText(`${user}@example.com was invited`).waitFor();
    await page.getByLabel("New password").fill("short");
    await page.getByLabel("The same again").fill("short");
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByText(/8 characters/).waitFor();
    await page.getByLabel("New password").fill("a long pass phrase 1");
    await page.getByLabel("The same again").fill("a long pass phrase 1");
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByText("Your password is set.").waitFor();
    await page.reload();
    await page.getByText("This link cannot be used").waitFor();
  } finally {
    await api("POST", "/user/delete", { user_ids: [user] });
  }
});

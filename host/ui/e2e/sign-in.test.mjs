import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { api, GATEWAY, KEY, launch, PAGES, signedIn } from "./browser.mjs";

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

test("the organization's sign-on is a link to the gateway, where it is set up", async () => {
  const page = await door();
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await page.waitForLoadState("networkidle");
  const link = page.getByRole("link", { name: "Sign in with your organization" });
  const known = await fetch(`${GATEWAY}/.well-known/litellm-ui-config`).then((it) => (it.ok ? it.json() : null));
  if (known?.sso_configured === false) assert.equal(await link.count(), 0);
  else assert.match((await link.getAttribute("href")) ?? "", /\/sso\/key\/generate$/);
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

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, signedIn, visit } from "./browser.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("a lost connection is said, and what was there is asked for again once it is back", async () => {
  const page = await signedIn(browser);
  await visit(page, "/keys");
  const isApi = (url) => !url.pathname.startsWith("/ui/");
  await page.route(isApi, (route) => route.abort());
  await page.getByRole("searchbox").fill("whatever");
  await page.getByText("The gateway cannot be reached. Trying again.").waitFor();
  // What was read before stays on the page.
  assert.equal(await page.getByRole("heading", { name: "Virtual keys" }).count(), 1);
  const asked = page.waitForRequest((it) => it.url().includes("/key/list"));
  await page.unroute(isApi);
  await page.getByText("The gateway cannot be reached. Trying again.").waitFor({ state: "detached" });
  await asked;
});

test("a page at rest asks for little", async () => {
  const page = await signedIn(browser);
  await visit(page, "/teams");
  let asked = 0;
  page.on("request", () => {
    asked += 1;
  });
  // The slowest rhythm of a page at rest is 15 seconds: one question whether the gateway is there.
  await page.waitForRequest((it) => it.url().endsWith("/health/liveliness"), { timeout: 20_000 });
  assert.ok(asked <= 2, `${asked} requests`);
});

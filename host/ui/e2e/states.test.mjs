// What a page shows while it waits, where the gateway refuses, where there is nothing yet, and where there is more.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, find, PAGES, settled, until, visit } from "./browser.mjs";
import { PATHS } from "./paths.mjs";
import { mark, page } from "./stage.mjs";

// The playground asks for names alone, which a field may go without.
const ASKING = Object.entries(PATHS).filter(([name]) => name !== "playground");
/** What a page asks the gateway for; not its files, nor who is signed in. */
const asksFor = (url) => !/^\/(ui|v2\/session|health\/liveliness)(\/|$)/.test(url.pathname);

test("a page whose data is still to come says so", async () => {
  for (const [, path] of ASKING) {
    const held = [];
    let go;
    const gone = new Promise((done) => (go = done));
    await page.route(asksFor, async (route) => {
      held.push(route);
      await gone;
      await route.continue();
    });
    await page.goto(`${PAGES}/ui${path}`);
    await until(() => held.length > 0);
    await page.getByRole("main").getByRole("status", { name: "Loading" }).first().waitFor();
    go();
    await settled(page);
    await page.unrouteAll({ behavior: "wait" });
  }
});

test("a page that the gateway refuses says so in the gateway's words, and tries again when told to", async () => {
  const error = { message: "the moon stands in the way", type: "e2e", param: null, code: "400" };
  for (const [name, path] of ASKING) {
    await page.route(asksFor, (route) => route.fulfill({ status: 400, json: { error } }));
    await page.goto(`${PAGES}/ui${path}`);
    const refused = page.getByRole("main").getByRole("alert").filter({ hasText: error.message });
    await refused.first().waitFor();
    assert.equal(await page.getByRole("heading", { level: 2 }).count(), 1, name);
    const again = page.getByRole("main").getByRole("button", { name: "Try again" });
    const before = await again.count();
    assert.ok(before > 0, name);
    await page.unroute(asksFor);
    await again.first().click();
    await until(async () => (await again.count()) < before);
  }
});

/** Lists with nothing in them: where they are, what they are asked for, and what is said. */
const EMPTY = {
  "/keys": ["/key/list", { keys: [], total_count: 0, next_cursor: null }, "No virtual keys yet"],
  "/teams": ["/v2/team/list", { teams: [], total: 0, next_cursor: null }, "No teams yet"],
  "/users": ["/user/list", { users: [], total: 0, next_cursor: null }, "No users yet"],
  "/organizations": ["/organization/list", [], "No organizations yet"],
  "/customers": ["/v2/customer/list", { customers: [], total: 0, next_cursor: null }, "No customers yet"],
  "/logs": ["/spend/logs/ui", { data: [], next_cursor: null }, "No calls match"],
  "/models": ["/v2/model/info", { data: [], total_count: 0, next_cursor: null }, "No deployments yet"],
  "/models?part=credentials": ["/credentials", { credentials: [] }, "No credentials yet"],
  "/plugins": ["/plugins", { plugins: [], draining: [], quarantined: {}, log: [] }, "No plugin is loaded"],
  "/guardrails": ["/guardrails/list", { guardrails: [] }, "No guardrails yet"],
  "/guardrails?part=callbacks": ["/get/config/callbacks", { callbacks: [] }, "No callbacks yet"],
  "/settings?part=audit": ["/audit", { audit_logs: [], next_cursor: null }, "Nothing was changed"],
};

test("a list with nothing in it says so, and what to do about it", async () => {
  for (const [path, [asked, answer, said]] of Object.entries(EMPTY)) {
    const list = (url) => url.pathname === asked;
    await page.route(list, (route) => route.fulfill({ json: answer }));
    await page.goto(`${PAGES}/ui${path}`);
    await page.getByRole("main").getByText(said, { exact: true }).waitFor();
    await page.unroute(list);
  }
});

test("a list of more than a page goes on where it ended, and no further than its end", async () => {
  const [name, other] = [mark(), mark()];
  const ids = [...Array.from({ length: 101 }, (_, at) => `${name}-${at}`), other];
  for (const user_id of ids) await api("POST", "/customer/new", { user_id });
  await visit(page, "/customers");
  await page.getByText(other, { exact: true }).waitFor();
  await find(page, name, 100);
  await page.getByText(other, { exact: true }).waitFor({ state: "detached" });
  const asked = page.waitForRequest((it) => it.url().includes("/v2/customer/list"));
  await page.getByRole("button", { name: "Load more" }).click();
  const query = new URL((await asked).url()).searchParams;
  assert.ok(query.get("cursor") && !query.has("page"), String(query));
  await find(page, name, 101);
  assert.equal(await page.getByRole("button", { name: "Load more" }).count(), 0);
  await api("POST", "/customer/delete", { user_ids: ids });
});

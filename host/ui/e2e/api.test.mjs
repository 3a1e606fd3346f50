// The pages are clients as any other, and the API's own document is a page too.
import assert from "node:assert/strict";
import { test } from "node:test";

import { api, chat, GATEWAY, MODEL, PAGES, until, visit } from "./browser.mjs";
import { PATHS } from "./paths.mjs";
import { dialog, page } from "./stage.mjs";

test("pages ask for what the document of the API has, and for nothing else", async () => {
  const { paths } = await api("GET", "/openapi.json");
  const known = Object.entries(paths).map(([path, item]) => [new RegExp(`^${path.replace(/[.+]/g, "\\$&").replace(/\{[^}]*\}/g, ".+")}$`), item]);
  const { id } = await chat(MODEL, "hello");
  await until(() => api("GET", `/spend/logs/ui/${id}`).catch(() => null));
  const asked = new Set();
  page.on("request", (it) => {
    const { origin, pathname } = new URL(it.url());
    if (origin === new URL(PAGES).origin && !pathname.startsWith("/ui/")) asked.add(`${it.method().toLowerCase()} ${pathname}`);
  });
  for (const path of Object.values(PATHS)) await visit(page, path);
  await visit(page, "/logs");
  await page.getByRole("region", { name: "Table: Logs" }).getByRole("button").first().click();
  await dialog().getByRole("tab").first().waitFor();
  const foreign = [...asked].filter((it) => {
    const [method, path] = it.split(" ");
    return !known.some(([like, item]) => like.test(path) && method in item);
  });
  assert.deepEqual(foreign, []);
  assert.ok(asked.size > 20, [...asked].join());
});

test("the document of the API is read in a browser: by group, by words, with fields, answers and a command", async () => {
  const complaints = [];
  page.on("console", (message) => {
    // A browser asks for a picture of every site.
    if (message.type() === "error" && !message.location().url.endsWith("/favicon.ico")) complaints.push(message.text());
  });
  await page.goto(`${GATEWAY}/docs`);
  await page.getByRole("heading", { level: 2, name: "Keys", exact: true }).waitFor();
  const { tags } = await api("GET", "/openapi.json");
  assert.deepEqual(await page.getByRole("navigation").locator("a").allTextContents(), tags.map((it) => it.name));
  await page.getByRole("searchbox").fill("post /key/generate");
  const route = page.locator("details:visible").first();
  await route.locator("summary").click();
  await route.getByText("max_budget", { exact: true }).waitFor();
  await route.getByRole("heading", { name: "Answers" }).waitFor();
  await route.getByText(/^curl -X POST .*\/key\/generate'/).waitFor();
  assert.deepEqual(complaints, []);
});

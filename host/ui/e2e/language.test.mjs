import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, MODEL, signedIn, visit } from "./browser.mjs";
import { PATHS } from "./paths.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const TITLES = { overview: "概览", usage: "用量", logs: "日志", keys: "虚拟密钥", teams: "团队", users: "用户", organizations: "组织", customers: "终端客户", models: "模型", credentials: "模型", prices: "模型", plugins: "插件", guardrails: "护栏与回调", callbacks: "护栏与回调", settings: "设置", router: "设置", cache: "设置", audit: "设置", playground: "试验场" };

test("every page speaks Chinese to a Chinese browser", async () => {
  const page = await signedIn(browser, { locale: "zh-CN" });
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  for (const [name, path] of Object.entries(PATHS)) {
    await visit(page, path);
    assert.equal(await page.getByRole("heading", { level: 2 }).first().textContent(), TITLES[name]);
    const buttons = await page.getByRole("main").getByRole("tab").allTextContents();
    for (const text of buttons) assert.match(text, /\p{Script=Han}/u, `${name}: ${text}`);
  }
});

test("a key is made and a model asked in Chinese", async () => {
  const page = await signedIn(browser, { locale: "zh-CN" });
  const name = `e2e 中文 ${Date.now()}`;
  await visit(page, "/keys");
  await page.getByRole("button", { name: "新建密钥" }).first().click();
  await page.getByRole("dialog").getByLabel("名称", { exact: true }).fill(name);
  await page.getByRole("dialog").getByRole("button", { name: "创建" }).click();
  await page.getByText("请立即复制").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "完成" }).click();
  await page.getByRole("button", { name: `操作: ${name}` }).click();
  await page.getByRole("menuitem", { name: "删除" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "删除" }).click();
  await page.getByText(name, { exact: true }).waitFor({ state: "detached" });
  await visit(page, "/playground");
  await page.getByRole("combobox", { name: "模型", exact: true }).click();
  await page.getByRole("option", { name: MODEL, exact: true }).click();
  await page.getByLabel("消息").fill("水闸");
  await page.keyboard.press("Enter");
  await page.getByText("You said: 水闸").waitFor();
});

test("the language is changed without loading anew, and kept", async () => {
  const page = await signedIn(browser);
  await page.getByRole("button", { name: "Language" }).click();
  await page.getByRole("menuitem", { name: "简体中文" }).click();
  await page.getByRole("heading", { name: "概览" }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("sluice.language")), "zh");
});

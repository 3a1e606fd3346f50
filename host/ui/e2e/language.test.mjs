import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { api, chat, find, launch, MODEL, settled, signedIn, until, visit } from "./browser.mjs";
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

/** Pages where something is made and taken away again: where, by which button, the field that names it. */
const MADE = [["/teams", "新建团队", "名称"], ["/users", "新建用户", "名称"], ["/organizations", "新建组织", "名称"], ["/customers", "新建客户", "客户标识"]];

test("people are written down and forgotten in Chinese, and a refusal stands at its field", async () => {
  const page = await signedIn(browser, { locale: "zh-CN" });
  const dialog = page.getByRole("dialog");
  for (const [path, make, field] of MADE) {
    const name = `e2e-${randomUUID().slice(0, 8)}`;
    await visit(page, path);
    await page.getByRole("button", { name: make }).first().click();
    await dialog.getByLabel(field, { exact: true }).fill(name);
    await dialog.getByLabel("重置周期", { exact: true }).fill("有时");
    await dialog.getByRole("button", { name: "创建" }).click();
    await dialog.locator('[aria-invalid="true"]').waitFor();
    await dialog.getByLabel("重置周期", { exact: true }).fill("30d");
    await dialog.getByRole("button", { name: "创建" }).click();
    await page.getByText(`${name} 已创建`).waitFor();
    // A user is invited by a link, which stays until it is closed.
    if (path === "/users") await dialog.getByText(/invitation_id=/).waitFor();
    await page.keyboard.press("Escape");
    await find(page, name);
    await page.getByRole("button", { name: `操作: ${name}` }).click();
    await page.getByRole("menuitem", { name: "删除" }).click();
    await dialog.getByRole("button", { name: "删除" }).click();
    await page.getByRole("button", { name: `操作: ${name}` }).waitFor({ state: "detached" });
  }
});

test("a model is set up and watched, and callbacks are switched, in Chinese", async () => {
  const page = await signedIn(browser, { locale: "zh-CN" });
  const dialog = page.getByRole("dialog");
  const name = `e2e-${randomUUID().slice(0, 8)}`;
  const press = (text) => dialog.getByRole("button", { name: text, exact: true }).click();
  const act = async (what) => {
    await page.getByRole("button", { name: `操作: ${name}` }).click();
    await page.getByRole("menuitem", { name: what }).click();
  };
  await visit(page, "/models");
  await page.getByRole("button", { name: "新建部署" }).first().click();
  await press("创建");
  assert.equal(await dialog.getByText("此项必填").count(), 3);
  await dialog.getByLabel("模型组").fill(name);
  await dialog.getByRole("combobox", { name: "供应商", exact: true }).fill("echo");
  await page.getByRole("option", { name: /echo/i }).first().click();
  await dialog.getByLabel("供应商模型").fill("e2e");
  await dialog.getByText("无", { exact: true }).click();
  await press("测试连接");
  await dialog.getByText(/^供应商响应正常，耗时 /).waitFor();
  await press("创建");
  await find(page, name);
  await page.getByRole("cell", { name: "就绪", exact: true }).waitFor();
  await page.getByRole("cell", { name: "在此创建", exact: true }).waitFor();
  await act("立即检查");
  await press("立即检查");
  await page.getByText(/^响应正常，耗时 /).first().waitFor();
  await act("删除");
  await press("删除");
  await page.getByText("没有匹配项").waitFor();

  await visit(page, "/models?part=credentials");
  await page.getByRole("button", { name: "新建凭据" }).first().click();
  await dialog.getByLabel("名称", { exact: true }).fill(name);
  await dialog.getByRole("textbox", { name: "值", exact: true }).fill("sk-e2e-secret");
  await press("创建");
  await page.getByRole("cell", { name, exact: true }).waitFor();
  await act("删除");
  await press("删除");
  await page.getByRole("cell", { name, exact: true }).waitFor({ state: "detached" });

  await visit(page, "/models?part=prices");
  for (const text of ["价格表", "模型数量", "获取时间"]) await page.getByText(text, { exact: true }).first().waitFor();
  await page.getByRole("textbox", { name: "加价" }).waitFor();

  await visit(page, "/guardrails?part=callbacks");
  await page.getByRole("combobox", { name: "名称" }).fill(name);
  await page.getByRole("button", { name: "启用回调" }).click();
  await page.getByRole("row").filter({ hasText: name }).filter({ hasText: "未生效" }).waitFor();
  await page.getByText(`${name} 已启用`).waitFor();
  await act("停用");
  await press("停用");
  await page.getByText(`${name} 已停用`).waitFor();
  await page.getByRole("cell", { name, exact: true }).waitFor({ state: "detached" });
});

test("what the gateway did and what it is made of is read in Chinese", async () => {
  const page = await signedIn(browser, { locale: "zh-CN" });
  const dialog = page.getByRole("dialog");
  const { id } = await chat(MODEL, "水");
  await until(() => api("GET", `/spend/logs/ui/${id}`).catch(() => null));
  await visit(page, "/logs");
  await page.getByRole("region", { name: "表格：日志" }).getByRole("button").first().click();
  for (const tab of ["护栏", "客户端请求", "发给供应商的请求", "返回内容", "各次尝试及原因", "费用"]) await dialog.getByRole("tab", { name: tab, exact: true }).click();
  await page.keyboard.press("Escape");

  await visit(page, "/usage");
  for (const kind of ["供应商", "密钥", "接口"]) {
    await page.getByRole("combobox", { name: "分组方式" }).click();
    await page.getByRole("option", { name: kind, exact: true }).click();
    await settled(page);
    await page.getByRole("region", { name: `表格：${kind}`, exact: true }).waitFor();
  }

  await visit(page, "/plugins");
  await page.getByRole("button", { name: "keywords", exact: true }).click();
  await dialog.getByText("随网关内置").waitFor();
  await page.keyboard.press("Escape");

  const [{ guardrail_name: guardrail }] = (await api("GET", "/guardrails/list")).guardrails;
  await visit(page, "/guardrails");
  await page.getByRole("combobox", { name: "护栏", exact: true }).click();
  await page.getByRole("option", { name: guardrail, exact: true }).click();
  await page.getByLabel("文本", { exact: true }).fill("水");
  await page.getByRole("button", { name: "检查", exact: true }).click();
  await page.getByText("原样通过").waitFor();

  await visit(page, "/settings?part=router_settings");
  await page.getByRole("searchbox").fill("cooldown_time");
  await page.getByRole("button", { name: "操作: cooldown_time" }).click();
  await page.getByRole("menuitem", { name: "编辑" }).click();
  await dialog.getByLabel("cooldown_time").fill("-4");
  await dialog.getByRole("button", { name: "保存" }).click();
  await dialog.locator('[aria-invalid="true"]').waitFor();
  assert.equal(await page.getByText("设置项").count(), 1);
});

test("the language is changed without loading anew, and kept", async () => {
  const page = await signedIn(browser);
  await page.getByRole("button", { name: "Language" }).click();
  await page.getByRole("menuitem", { name: "简体中文" }).click();
  await page.getByRole("heading", { name: "概览" }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("sluice.language")), "zh");
});

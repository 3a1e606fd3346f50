// A browser over the pages of a gateway that runs. What it needs comes by environment variables:
//   SLUICE_URL         the gateway, `http://127.0.0.1:4000` if not said
//   SLUICE_MASTER_KEY  its master key
//   SLUICE_UI_URL      where the pages are, if not at the gateway (`npm run dev`)
//   SLUICE_MODEL       a model of the `echo` provider, `demo` if not said
//   SLUICE_COMPONENT   the file of a plugin that serves out of the gateway's plugins directory
//   SLUICE_TRUSTED_KEY the public key that the gateway trusts of the two that signed another one there
//   UI_USERNAME, UI_PASSWORD with what its operator signs in, `admin` and the master key if not said
//   SLUICE_SSO_EMAIL   whom the identity provider of its single sign-on sends straight back
//   SDK_NODE, SDK_VENV folders with OpenAI's packages for Node and Python
//   CHROMIUM           the browser, `/usr/bin/chromium` if not said
// The gateway needs `store_model_in_db` and `store_prompts_in_spend_logs` in its `general_settings`, for what is
// changed through the pages and for what calls said, a guardrail, a plugins directory, and single sign-on.
import { chromium } from "playwright-core";

export const GATEWAY = process.env.SLUICE_URL ?? "http://127.0.0.1:4000";
export const PAGES = process.env.SLUICE_UI_URL ?? GATEWAY;
export const KEY = process.env.SLUICE_MASTER_KEY ?? "";

/** A model that answers by itself: of the `echo` provider. */
export const MODEL = process.env.SLUICE_MODEL ?? "demo";

export const WIDE = { width: 1440, height: 900 };
export const NARROW = { width: 390, height: 844 };

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A request to the gateway itself, as its operator; throws what it refuses. */
export async function api(method, path, body, key = KEY) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(GATEWAY + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** Waits until a question has a true answer. */
export async function until(ask) {
  for (;;) {
    const found = await ask();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** One chat completion: its status and the id that the gateway gave it. */
export async function chat(model, text, more = {}, key = KEY) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(`${GATEWAY}/v1/chat/completions`, { method: "POST", headers, body: JSON.stringify({ model, messages: [{ role: "user", content: text }], ...more }) });
  await response.text();
  return { status: response.status, id: response.headers.get("x-litellm-call-id") };
}

const WORDS = {
  en: { way: "Key", field: "Master key or virtual key", submit: "Sign in" },
  "zh-CN": { way: "密钥", field: "主密钥或虚拟密钥", submit: "登录" },
};

/** A page that is signed in with a key, in a context of its own. */
export async function signedIn(browser, { key = KEY, viewport = WIDE, locale = "en", colorScheme = "light" } = {}) {
  const context = await browser.newContext({ viewport, locale, colorScheme, reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"] });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const words = WORDS[locale];
  await page.goto(`${PAGES}/ui/`);
  await page.getByText(words.way, { exact: true }).click();
  await page.getByLabel(words.field).fill(key);
  await page.getByRole("button", { name: words.submit, exact: true }).click();
  await page.getByRole("heading", { level: 2 }).first().waitFor();
  return page;
}

/** Goes to a page as a link does: without loading the document anew. */
export async function visit(page, path) {
  await page.evaluate((to) => {
    history.pushState({}, "", `/ui${to}`);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
  const [, root] = path.split(/[/?]/);
  const link = root ? `[href="/ui/${root}"]` : ':is([href="/ui"], [href="/ui/"])';
  await page.locator(`nav a[aria-current="page"]${link}`).waitFor({ state: "attached" });
  const [, part] = path.split("part=");
  if (part) await page.locator(`[role="tab"][aria-selected="true"][id$="-tab-${part}"]`).waitFor();
  await settled(page);
}

/** Waits until nothing is loading any more. */
export async function settled(page) {
  await page.getByRole("heading", { level: 2 }).first().waitFor();
  await page.waitForFunction(() => document.querySelector('[role="status"][aria-busy], .mantine-Skeleton-root, .mantine-Loader-root') === null);
}

/** Searches a list until one row is left, or none. */
export async function find(page, text, rows = 1) {
  await page.getByRole("searchbox").first().fill(text);
  await page.waitForFunction((count) => document.querySelectorAll("main tbody tr").length === count, rows);
}

// Pictures of every page, wide and narrow, light and dark, into the folder that the first argument
// names (`screenshots` if there is none); the second names those that are wanted, if not all.
// With `SLUICE_SEED` the gateway is filled first: never one that is used.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { launch, NARROW, PAGES, settled, signedIn, visit, WIDE } from "./browser.mjs";
import { PATHS } from "./paths.mjs";
import { seed } from "./seed.mjs";

const dialog = (page) => page.getByRole("dialog");
const form = (button) => async (page) => {
  await page.getByRole("button", { name: button }).first().click();
  await dialog(page).getByRole("button", { name: "Cancel" }).waitFor();
};

/** What is seen only after something was done on a page: where, and what. */
const DONE = {
  call: ["/logs", async (page) => {
    await page.getByRole("row").filter({ hasText: "answered" }).getByRole("button").first().click();
    await dialog(page).getByRole("tab").first().waitFor();
  }],
  plugin: ["/plugins", async (page) => {
    await page.getByRole("button", { name: "keywords", exact: true }).click();
    await dialog(page).getByText("Guardrails", { exact: true }).waitFor();
  }],
  team: ["/teams", async (page) => {
    await page.getByRole("link", { name: "Search", exact: true }).click();
    await page.getByRole("heading", { name: "Search" }).waitFor();
    await settled(page);
  }],
  "new-key": ["/keys", form("New key")],
  "new-deployment": ["/models", async (page) => {
    await form("New deployment")(page);
    await dialog(page).getByRole("combobox", { name: "Provider", exact: true }).fill("bedrock");
    await page.getByRole("option", { name: "Amazon Bedrock (bedrock)" }).click();
    await dialog(page).getByLabel("Region", { exact: true }).waitFor();
  }],
  "new-guardrail": ["/guardrails", async (page) => {
    await form("New guardrail")(page);
    await dialog(page).getByRole("combobox", { name: "Kind" }).fill("keywords");
    await page.getByRole("option", { name: "keywords", exact: true }).click();
  }],
  conversation: ["/playground", async (page) => {
    await page.getByLabel("Message").fill("Which harbours freeze in winter?");
    await page.keyboard.press("Enter");
    await page.getByText(/tokens ·/).waitFor();
  }],
};

/** One picture of all that is on a page, or in the drawer that is open on it, with the pointer out of the way. */
async function picture(page, viewport, path) {
  await page.mouse.move(0, 0);
  // What stands at an edge of the window has to stand at an edge of the picture.
  const needed = () => page.evaluate(() => (document.querySelector('[role="dialog"]') ?? document.documentElement).scrollHeight);
  // What is as high as a part of the window grows with it.
  for (let height = viewport.height, more = await needed(); more > height; more = await needed()) {
    height = more;
    await page.setViewportSize({ width: viewport.width, height });
  }
  await page.evaluate(() => scrollTo(0, 0));
  // What moves comes to rest first.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((it) => it.effect?.getComputedTiming().endTime !== Infinity).map((it) => it.finished)));
  // Of a long page, on a machine that has other things to do.
  await page.screenshot({ path, timeout: 60_000 });
  await page.setViewportSize(viewport);
}

const folder = process.argv[2] ?? "screenshots";
const only = process.argv[3]?.split(",");
const wanted = (name) => !only || only.includes(name);
await mkdir(folder, { recursive: true });
if (process.env.SLUICE_SEED) await seed();
const browser = await launch();
try {
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [WIDE, NARROW]) {
      const file = (name) => join(folder, `${name}-${viewport.width}-${colorScheme}.png`);
      const context = await browser.newContext({ viewport, colorScheme, locale: "en" });
      const door = await context.newPage();
      await door.goto(`${PAGES}/ui/`);
      await door.getByRole("heading", { level: 1 }).waitFor();
      await picture(door, viewport, file("login"));
      await context.close();
      const page = await signedIn(browser, { viewport, colorScheme });
      for (const [name, path] of Object.entries(PATHS).filter(([it]) => wanted(it))) {
        await visit(page, path);
        await picture(page, viewport, file(name));
      }
      for (const [name, [path, act]] of Object.entries(DONE).filter(([it]) => wanted(it))) {
        await visit(page, path);
        await act(page);
        await picture(page, viewport, file(name));
        await page.keyboard.press("Escape");
        await dialog(page).waitFor({ state: "detached" });
      }
      await page.context().close();
    }
  }
} finally {
  await browser.close();
}

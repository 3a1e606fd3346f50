// Pictures of every page, wide and narrow, light and dark, into the folder that the first argument
// names (`screenshots` if there is none).
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { launch, NARROW, PAGES, signedIn, visit, WIDE } from "./browser.mjs";
import { PATHS } from "./paths.mjs";

const folder = process.argv[2] ?? "screenshots";
const only = process.argv[3]?.split(",");
await mkdir(folder, { recursive: true });
const browser = await launch();
try {
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of [["1440", WIDE], ["390", NARROW]]) {
      const context = await browser.newContext({ viewport, colorScheme });
      const door = await context.newPage();
      await door.goto(`${PAGES}/ui/`);
      await door.getByRole("heading", { level: 1 }).waitFor();
      await door.screenshot({ path: join(folder, `login-${size}-${colorScheme}.png`) });
      await context.close();
      const page = await signedIn(browser, { viewport, colorScheme });
      for (const [name, path] of Object.entries(PATHS)) {
        if (only && !only.includes(name)) continue;
        await visit(page, path);
        // What moves comes to rest first.
        await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((it) => it.effect?.getComputedTiming().endTime !== Infinity).map((it) => it.finished)));
        await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage: true });
      }
      await page.context().close();
    }
  }
} finally {
  await browser.close();
}

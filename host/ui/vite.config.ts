import { readFile } from "node:fs/promises";

import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the pages and hands every other request on to a gateway that runs here.
const gateway = process.env.SLUICE_GATEWAY ?? "http://127.0.0.1:4000";
const proxy = { "^/(?!ui/)": { target: gateway } };

const policy = (nonce: string) =>
  `default-src 'self'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'`;

/** `npm run preview` serves what was built as the gateway does: the page with its policy and number. */
const asTheGateway: Plugin = {
  name: "as-the-gateway",
  configurePreviewServer({ middlewares }) {
    middlewares.use((request, response, next) => {
      if (!request.url?.startsWith("/ui/") || /^\/ui\/(assets\/|mark)/.test(request.url)) return next();
      const nonce = crypto.randomUUID();
      readFile(new URL("dist/index.html", import.meta.url), "utf8").then((page) => {
        response.setHeader("content-type", "text/html; charset=utf-8");
        response.setHeader("content-security-policy", policy(nonce));
        response.end(page.replace("<head>", `<head><meta name="csp-nonce" content="${nonce}"><meta name="sluice-root" content="">`));
      }, next);
    });
  },
};

export default defineConfig({
  base: "/ui/",
  plugins: [react(), asTheGateway],
  // Scripts and styles are files of their own: the content security policy allows nothing inline.
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 1200 },
  // Scripts find their parts beside themselves, also where a proxy serves the gateway under a path.
  experimental: { renderBuiltUrl: (_, { hostType }) => (hostType === "html" ? undefined : { relative: true }) },
  server: { proxy },
  preview: { proxy },
  test: { include: ["src/**/*.test.ts"] },
});

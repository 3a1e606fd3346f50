import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the pages and hands every other request on to a gateway that runs here.
const gateway = process.env.SLUICE_GATEWAY ?? "http://127.0.0.1:4000";
const proxy = { "^/(?!ui/)": { target: gateway } };

// As strict as a gateway may be with these pages: `npm run preview` shows what would be refused.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'nonce-SLUICE_NONCE'",
  "img-src 'self' data: https:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

export default defineConfig({
  base: "/ui/",
  plugins: [react()],
  // Scripts and styles are files of their own: the content security policy allows nothing inline
  // but what carries the number that the host writes in this word's place.
  html: { cspNonce: "SLUICE_NONCE" },
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 1200 },
  server: { proxy },
  preview: { proxy, headers: { "content-security-policy": policy } },
  test: { include: ["src/**/*.test.ts"] },
});

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` serves the pages and hands every other request on to a gateway that runs here.
const gateway = process.env.SLUICE_GATEWAY ?? "http://127.0.0.1:4000";
const proxy = { "^/(?!ui/)": { target: gateway } };

export default defineConfig({
  base: "/ui/",
  plugins: [react()],
  // Scripts and styles are files of their own: the content security policy allows nothing inline
  // but what carries the number that the host writes in this word's place.
  html: { cspNonce: "SLUICE_NONCE" },
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 1200 },
  server: { proxy },
  preview: { proxy },
});

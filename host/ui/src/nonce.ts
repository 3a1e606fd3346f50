import { setNonce } from "get-nonce";

// The host writes a number for this one page into the document, and lets styles in that carry it.
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";

// For what locks the page's scrolling behind a drawer.
if (nonce) setNonce(nonce);

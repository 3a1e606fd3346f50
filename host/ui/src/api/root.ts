// What the host writes into the head of the page.
const told = (name: string): string => (typeof document === "undefined" ? "" : (document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? ""));

/** The path under which a proxy serves the gateway; empty without one. */
export const ROOT = told("sluice-root");

/** The number that style tags of this one page carry, or the policy for content refuses them. */
export const NONCE = told("csp-nonce");

/** Where clients find the gateway. */
export const gatewayUrl = () => `${location.origin}${ROOT}`;

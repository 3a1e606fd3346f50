// What the gateway gives to plugins, by the names under which it is imported:
// `import host from "sluice:plugin/host@0.1.0"`.

declare module "sluice:plugin/host@0.1.0" {
  const host: {
    log(level: "trace" | "debug" | "info" | "warn" | "error", message: string): void;
    nowMs(): number;
    random(len: number): Uint8Array;
  };
  export default host;
}

/** Providers, and guardrails that work on streams. */
declare module "sluice:plugin/files@0.1.0" {
  const files: {read(file: number, offset: number, len: number): Uint8Array};
  export default files;
}

/** Guardrails and callbacks. */
declare module "sluice:plugin/http@0.1.0" {
  const http: {fetch(request: import("./sluice.js").Fetch): import("./sluice.js").Fetched};
  export default http;
}

/** Guardrails and callbacks. */
declare module "sluice:plugin/kv@0.1.0" {
  const kv: {
    get(key: string): Uint8Array | null;
    set(key: string, value: Uint8Array, ttlSeconds: number): void;
    add(key: string, delta: number, ttlSeconds: number): number;
  };
  export default kv;
}

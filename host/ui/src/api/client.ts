// Requests to the gateway's public API. The session is a cookie that no script can read; a header
// that other origins cannot set says that the request is meant. A gateway that has no sessions is
// asked with the key itself, which stays in memory and ends with the page.

import { ROOT } from "./root";

/** An answer that is an error, in the gateway's words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The field of the request that is wrong, where the gateway names one. */
    readonly field?: string,
    /** Seconds until it is worth another try. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** Who asks, what is done where the gateway refuses somebody, who may be signed in no more, and where it is not reached at all. */
export const session: { bearer: string | null; onEnd: () => void; onLost: () => void } = { bearer: null, onEnd: () => {}, onLost: () => {} };

/** Asked to see whether the gateway is there. */
export const ALIVE = "/health/liveliness";

const WAYS_IN = /^\/(\.well-known\/|v2\/login|v2\/session|session\/logout|onboarding\/|user\/info$|health\/license)/;

export type Query = Record<string, string | number | boolean | undefined | null>;

/** A path with those parts of a query that say something. */
export function path(base: string, query: Query = {}): string {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(said.map(([name, value]) => [name, String(value)]));
  return said.length > 0 ? `${base}?${search}` : base;
}

/** The error of a body as the gateway writes them; any other text is the message itself. */
export function readError(status: number, text: string, fallback: string, retryAfter?: number): ApiError {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string; param?: string | null } };
    const field = error?.param && error.param !== "None" ? error.param : undefined;
    return new ApiError(status, error?.message ?? text, field, retryAfter);
  } catch {
    return new ApiError(status, text || fallback, undefined, retryAfter);
  }
}

function headersFor(body: unknown): Record<string, string> {
  const headers: Record<string, string> = { "x-sluice-ui": "1" };
  if (body !== undefined) headers["content-type"] = body instanceof Blob ? "application/wasm" : "application/json";
  if (session.bearer) headers.authorization = `Bearer ${session.bearer}`;
  return headers;
}

const written = (body: unknown): BodyInit | undefined => (body === undefined || body instanceof Blob ? body : JSON.stringify(body));

/** Sends a request; a blob goes as it is, anything else as JSON. */
export async function send(method: string, where: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const request = { method, headers: headersFor(body), body: written(body), credentials: "same-origin", signal } as const;
  const response = await fetch(ROOT + where, request).catch((cause: unknown) => {
    if (!signal?.aborted && where !== ALIVE) session.onLost();
    throw cause;
  });
  if (response.ok) return response;
  const wait = Number(response.headers.get("retry-after")) || undefined;
  const error = readError(response.status, await response.text(), response.statusText, wait);
  // What asks who is signed in, or for a way in, must not be taken for the end of a session.
  if (error.status === 401 && !WAYS_IN.test(where)) session.onEnd();
  throw error;
}

export async function get<T>(where: string, signal?: AbortSignal): Promise<T> {
  return (await send("GET", where, undefined, signal)).json() as Promise<T>;
}

/** Sends a change; an answer without a body is null. */
export async function change<T>(method: "POST" | "PATCH" | "PUT" | "DELETE", where: string, body?: unknown): Promise<T> {
  const text = await (await send(method, where, body)).text();
  return (text ? JSON.parse(text) : null) as T;
}

export const post = <T>(where: string, body: unknown): Promise<T> => change<T>("POST", where, body);

/** Saves an answer as a file: a plain link would carry neither the header nor the key. */
export async function download(where: string, name: string): Promise<void> {
  const blob = await (await send("GET", where)).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

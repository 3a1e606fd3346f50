// Requests to the gateway's public API. The session is a cookie that no script can read; a header
// that other origins cannot set says that the request is meant.

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

/** Called where a session has ended. */
export const session = { onEnd: () => {} };

type Query = Record<string, string | number | boolean | undefined | null>;

export function path(base: string, query: Query = {}): string {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(said.map(([name, value]) => [name, String(value)]));
  return said.length > 0 ? `${base}?${search}` : base;
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  const wait = Number(response.headers.get("retry-after")) || undefined;
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string; param?: string | null } };
    return new ApiError(response.status, error?.message ?? text, error?.param ?? undefined, wait);
  } catch {
    return new ApiError(response.status, text || response.statusText, undefined, wait);
  }
}

export async function send(method: string, where: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { "x-sluice-ui": "1" };
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(where, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    signal,
  });
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.status === 401) session.onEnd();
  throw error;
}

export async function get<T>(where: string, signal?: AbortSignal): Promise<T> {
  return (await send("GET", where, undefined, signal)).json() as Promise<T>;
}

export async function post<T>(where: string, body: unknown): Promise<T> {
  return (await send("POST", where, body)).json() as Promise<T>;
}

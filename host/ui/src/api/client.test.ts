import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { ALIVE, ApiError, change, get, path, post, readError, send, session } from "./client";

const answers = (status: number, body: string, headers: Record<string, string> = {}) => vi.fn(async () => new Response(body, { status, headers }));

beforeEach(() => {
  session.bearer = null;
  session.onEnd = vi.fn();
});
afterEach(() => vi.unstubAllGlobals());

describe("a path", () => {
  test("carries what says something, and nothing else", () => {
    expect(path("/key/list", { page: 2, search: "", team_id: null, user_id: undefined, full: true })).toBe("/key/list?page=2&full=true");
    expect(path("/key/list")).toBe("/key/list");
    expect(path("/key/list", { search: "" })).toBe("/key/list");
  });

  test("writes what has a meaning in addresses as text", () => {
    expect(path("/x", { q: "a&b=c d/é" })).toBe("/x?q=a%26b%3Dc+d%2F%C3%A9");
  });

  test("keeps false and zero, which are answers", () => {
    expect(path("/x", { a: false, b: 0 })).toBe("/x?a=false&b=0");
  });
});

describe("a request", () => {
  test("says that it is meant, and carries no key where a session stands", async () => {
    const fetch = answers(200, "[]");
    vi.stubGlobal("fetch", fetch);
    await get("/team/list");
    const [, init] = fetch.mock.calls[0] as unknown as [string, RequestInit];
    expect(init.headers).toEqual({ "x-sluice-ui": "1" });
    expect(init.credentials).toBe("same-origin");
  });

  test("carries the key where there are no sessions", async () => {
    session.bearer = "sk-1234";
    const fetch = answers(200, "{}");
    vi.stubGlobal("fetch", fetch);
    await post("/key/generate", { key_alias: "a" });
    const [where, init] = fetch.mock.calls[0] as unknown as [string, RequestInit];
    expect(where).toBe("/key/generate");
    expect(init).toMatchObject({ method: "POST", body: '{"key_alias":"a"}', headers: { authorization: "Bearer sk-1234", "content-type": "application/json" } });
  });

  test("may be answered with nothing", async () => {
    vi.stubGlobal("fetch", answers(200, ""));
    expect(await change("DELETE", "/credentials/a")).toBeNull();
  });
});

test("a gateway that is not reached is said, but not by the question whether it is there", async () => {
  session.onLost = vi.fn();
  vi.stubGlobal("fetch", vi.fn(() => Promise.reject(new TypeError("Failed to fetch"))));
  await expect(get("/key/list")).rejects.toThrow("Failed to fetch");
  await expect(get(ALIVE)).rejects.toThrow("Failed to fetch");
  expect(session.onLost).toHaveBeenCalledTimes(1);
});

describe("a refusal", () => {
  const body = JSON.stringify({ error: { message: "`models` is wrong", type: "invalid_request_error", param: "models", code: "400" } });

  test("is the gateway's own message, with its field", async () => {
    vi.stubGlobal("fetch", answers(400, body));
    const error = await send("POST", "/key/update", {}).catch((it: unknown) => it);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 400, message: "`models` is wrong", field: "models" });
    expect(session.onEnd).not.toHaveBeenCalled();
  });

  test("says how long to wait", async () => {
    vi.stubGlobal("fetch", answers(429, body, { "retry-after": "7" }));
    await expect(get("/x")).rejects.toMatchObject({ status: 429, retryAfter: 7 });
  });

  test("asks anew who is signed in, but not on the way in", async () => {
    vi.stubGlobal("fetch", answers(401, body));
    await expect(get("/key/list")).rejects.toMatchObject({ status: 401 });
    expect(session.onEnd).toHaveBeenCalledTimes(1);
    for (const where of ["/v2/login", "/v2/session", "/onboarding/claim_token", "/user/info"]) await expect(post(where, {})).rejects.toThrow();
    expect(session.onEnd).toHaveBeenCalledTimes(1);
  });

  test("of another server is shown as it is", () => {
    expect(readError(502, "<html>bad gateway</html>", "Bad Gateway")).toMatchObject({ message: "<html>bad gateway</html>", field: undefined });
    expect(readError(502, "", "Bad Gateway").message).toBe("Bad Gateway");
    expect(readError(401, '{"error":{"message":"no","param":"None"}}', "").field).toBeUndefined();
  });
});

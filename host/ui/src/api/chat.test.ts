import { afterEach, describe, expect, test, vi } from "vitest";

import { ask, bodyOf, grown, type Options, turn } from "./chat";

const OPTIONS: Options = { model: "demo", system: "", temperature: null, maxTokens: null, stream: false, tools: null, toolChoice: "auto" };

afterEach(() => vi.unstubAllGlobals());

describe("a body", () => {
  test("has only what was chosen", () => {
    expect(bodyOf([turn("user", "hi")], OPTIONS)).toEqual({ model: "demo", messages: [{ role: "user", content: "hi" }] });
  });

  test("has the system prompt first, and asks a stream for its usage", () => {
    const body = bodyOf([turn("user", "hi")], { ...OPTIONS, system: "be brief", temperature: 0, maxTokens: 5, stream: true });
    expect(body).toMatchObject({ temperature: 0, max_tokens: 5, stream: true, stream_options: { include_usage: true } });
    expect((body.messages as unknown[])[0]).toEqual({ role: "system", content: "be brief" });
  });

  test("carries images as parts, and a tool's answer to its call", () => {
    const turns = [turn("user", "look", { images: ["data:image/png;base64,AA=="] }), turn("assistant", "", { calls: [{ id: "c1", name: "f", arguments: "{}" }] }), turn("tool", "42", { callId: "c1" })];
    expect(bodyOf(turns, { ...OPTIONS, tools: [{}], toolChoice: "none" })).toEqual({
      model: "demo",
      tools: [{}],
      tool_choice: "none",
      messages: [
        { role: "user", content: [{ type: "text", text: "look" }, { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }] },
        { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }] },
        { role: "tool", tool_call_id: "c1", content: "42" },
      ],
    });
  });
});

test("a turn grows by text, thought and the pieces of its calls", () => {
  const pieces = [{ content: "He" }, { content: "llo", reasoning_content: "hm" }, { tool_calls: [{ index: 0, id: "c1", function: { name: "f", arguments: '{"a"' } }] }, { tool_calls: [{ index: 0, function: { arguments: ":1}" } }, { index: 1, id: "c2", function: { name: "g", arguments: "" } }] }];
  const said = pieces.reduce(grown, turn("assistant", ""));
  expect(said).toMatchObject({ text: "Hello", thought: "hm", calls: [{ id: "c1", name: "f", arguments: '{"a":1}' }, { id: "c2", name: "g", arguments: "" }] });
});

describe("asking", () => {
  const asked = (stream: boolean, onTurn = vi.fn()) => ask({ body: { model: "demo", stream }, key: "", signal: new AbortController().signal, onTurn });

  test("tells what a whole answer took and cost", async () => {
    const answer = { choices: [{ message: { role: "assistant", content: "yes" } }], usage: { total_tokens: 9 } };
    vi.stubGlobal("fetch", vi.fn(async () => new Response(JSON.stringify(answer), { headers: { "x-litellm-response-cost": "0.25" } })));
    const onTurn = vi.fn();
    expect(await asked(false, onTurn)).toMatchObject({ tokens: 9, cost: 0.25, first: null });
    expect(onTurn).toHaveBeenLastCalledWith(expect.objectContaining({ text: "yes" }));
  });

  test("an error in the middle of a stream is an error", async () => {
    const body = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"error":{"message":"the upstream went away"}}\n\n';
    vi.stubGlobal("fetch", vi.fn(async () => new Response(body)));
    await expect(asked(true)).rejects.toThrow("the upstream went away");
  });

  test("a refusal is the gateway's message", async () => {
    vi.stubGlobal("fetch", vi.fn(async () => new Response('{"error":{"message":"over budget"}}', { status: 429 })));
    await expect(asked(true)).rejects.toMatchObject({ status: 429, message: "over budget" });
  });
});

import { ApiError, readError, session } from "./client";
import { events } from "./events";
import { ROOT } from "./root";

export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** What one side said. */
export interface Turn {
  role: "user" | "assistant" | "tool";
  text: string;
  thought?: string;
  /** Addresses, also `data:` ones. */
  images: string[];
  calls: ToolCall[];
  /** Of a tool: which call it answers. */
  callId?: string;
}

export interface Options {
  model: string;
  system: string;
  temperature: number | null;
  maxTokens: number | null;
  stream: boolean;
  tools: unknown[] | null;
  toolChoice: string;
}

/** What an answer took. */
export interface Numbers {
  tokens: number | null;
  /** Milliseconds. */
  took: number;
  first: number | null;
  /** Dollars. */
  cost: number | null;
}

export const turn = (role: Turn["role"], text: string, more: Partial<Turn> = {}): Turn => ({ role, text, images: [], calls: [], ...more });

function message(it: Turn): Record<string, unknown> {
  if (it.role === "tool") return { role: "tool", tool_call_id: it.callId, content: it.text };
  if (it.role === "assistant") {
    const calls = it.calls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } }));
    return { role: "assistant", content: it.text || null, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
  }
  if (it.images.length === 0) return { role: "user", content: it.text };
  const images = it.images.map((url) => ({ type: "image_url", image_url: { url } }));
  return { role: "user", content: [...(it.text ? [{ type: "text", text: it.text }] : []), ...images] };
}

/** The body of a chat completion. */
export function bodyOf(turns: Turn[], it: Options): Record<string, unknown> {
  return {
    model: it.model,
    messages: [...(it.system.trim() ? [{ role: "system", content: it.system }] : []), ...turns.map(message)],
    ...(it.temperature === null ? {} : { temperature: it.temperature }),
    ...(it.maxTokens === null ? {} : { max_tokens: it.maxTokens }),
    ...(it.tools && it.tools.length > 0 ? { tools: it.tools, tool_choice: it.toolChoice } : {}),
    ...(it.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

interface Delta {
  content?: string | null;
  reasoning_content?: string | null;
  tool_calls?: { index?: number; id?: string; function?: { name?: string; arguments?: string } }[] | null;
}

interface Chunk {
  choices?: { delta?: Delta; message?: Delta }[];
  usage?: { total_tokens?: number } | null;
  error?: { message?: string; param?: string | null };
}

/** A turn with what a piece of the answer adds to it. */
export function grown(it: Turn, delta: Delta): Turn {
  const calls = [...it.calls];
  (delta.tool_calls ?? []).forEach((piece, at) => {
    const place = piece.index ?? at;
    const before = calls[place] ?? { id: "", name: "", arguments: "" };
    calls[place] = { id: piece.id ?? before.id, name: before.name + (piece.function?.name ?? ""), arguments: before.arguments + (piece.function?.arguments ?? "") };
  });
  const thought = (it.thought ?? "") + (delta.reasoning_content ?? "");
  return { ...it, text: it.text + (delta.content ?? ""), calls, ...(thought ? { thought } : {}) };
}

interface Asked {
  body: Record<string, unknown>;
  /** A key to ask with, instead of who is signed in. */
  key: string;
  signal: AbortSignal;
  onTurn: (it: Turn) => void;
}

/** Asks a model; the turn grows as the answer comes in. */
export async function ask({ body, key, signal, onTurn }: Asked): Promise<Numbers> {
  const begin = performance.now();
  const bearer = key || session.bearer;
  const headers = { "content-type": "application/json", "x-sluice-ui": "1", ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) };
  const response = await fetch(`${ROOT}/v1/chat/completions`, { method: "POST", headers, body: JSON.stringify(body), credentials: key ? "omit" : "same-origin", signal });
  if (!response.ok) throw readError(response.status, await response.text(), response.statusText);
  let said = turn("assistant", "");
  let [tokens, first]: [number | null, number | null] = [null, null];
  const take = (chunk: Chunk) => {
    if (chunk.error) throw new ApiError(200, chunk.error.message ?? "", chunk.error.param ?? undefined);
    tokens = chunk.usage?.total_tokens ?? tokens;
    const choice = chunk.choices?.[0];
    const delta = choice?.delta ?? choice?.message;
    if (!delta) return;
    said = grown(said, delta);
    if (said.text || said.calls.length > 0) first ??= performance.now() - begin;
    onTurn(said);
  };
  if (body.stream && response.body) {
    for await (const chunk of events(response.body)) take(chunk as Chunk);
  } else {
    take((await response.json()) as Chunk);
  }
  const cost = response.headers.get("x-litellm-response-cost");
  return { tokens, took: performance.now() - begin, first: body.stream ? first : null, cost: cost ? Number(cost) : null };
}

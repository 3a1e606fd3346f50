// The types of the contract (wit/sluice-plugin.wit, which says what each member is for) as JavaScript has them, the
// canonical documents of chats, and what sluice.js adds.
//
// A record is an object with camelCase names, a variant {tag, val}, an option a value or null. Of a result the value
// is returned and the error thrown.

/** Text that is a JSON document. */
export type Json = string;
/** A name and its value. */
export type Pair = [string, string];
/** A name, and a value that is JSON, or none. */
export type Member = [string, Json | null];

export type Payload = {tag: "text"; val: string} | {tag: "bytes"; val: Uint8Array} | {tag: "kept"; val: number};

export type ErrorKind =
  | "invalid-request" | "unsupported" | "authentication" | "permission" | "not-found" | "context-window"
  | "content-policy" | "rate-limit" | "quota" | "overloaded" | "timeout" | "upstream" | "internal";

/** What is thrown. */
export interface Fault {
  kind: ErrorKind;
  message: string;
  status: number | null;
  retry: boolean | null;
  retryAfterMs: number | null;
  detail: Json | null;
}

export type PartData = {tag: "text"; val: string} | {tag: "bytes"; val: Uint8Array} | {tag: "file"; val: number};
export interface Part { name: string; filename: string | null; contentType: string | null; data: PartData }

export type Body =
  | {tag: "none"} | {tag: "json"; val: Json} | {tag: "patch"; val: Member[]} | {tag: "form"; val: Pair[]}
  | {tag: "multipart"; val: Part[]} | {tag: "raw"; val: Payload} | {tag: "file"; val: number} | {tag: "amend"; val: Member[]};

/** A scheme and its parameters; a secret is named, never held. */
export interface Auth { scheme: string; params: Pair[] }

/** What guardrails and callbacks send, and what comes of it. */
export interface Fetch { method: string; url: string; headers: Pair[]; body: Body; auth: Auth[]; options: [string, Json][] }
export interface Fetched { status: number; headers: Pair[]; body: Payload }

/** Exported by every plugin as `plugin`. */
export interface Plugin { describe(): Json }

// --- providers

export interface File { id: number; field: string; filename: string; contentType: string; size: number }

export interface Call {
  id: string; operation: string; provider: string; model: string; streaming: boolean;
  config: Json; secrets: string[]; params: Pair[]; headers: Pair[]; files: File[]; context: Json;
}

export interface Outbound {
  method: string; url: string; headers: Pair[]; body: Body; auth: Auth[];
  reply: "canonical" | "whole" | "frames"; options: [string, Json][]; state: string;
}

export interface Reply { status: number; headers: Pair[]; body: Payload; state: string }
export interface Response { body: Payload; contentType: string | null; headers: Pair[]; usage: Json | null }
export type Step = {tag: "send"; val: Outbound} | {tag: "send-all"; val: Outbound[]} | {tag: "respond"; val: Response};
export interface Frame { event: string; data: Payload }
export interface Head { status: number; headers: Pair[] }
export type Continuation = {tag: "more"} | {tag: "done"} | {tag: "then-send"; val: Outbound};
export interface Decoded { events: Frame[]; usage: Json | null; failure: Fault | null; state: string; next: Continuation }

/** Exported by a provider as `provider`. */
export interface Provider {
  start(call: Call, body: Json): Step;
  resume(call: Call, replies: Reply[]): Step;
  decode(head: Head | null, state: string, frames: Frame[], last: boolean): Decoded;
}

// --- guardrails

export interface Span { role: string; channel: string; choice: number; pointer: string; text: string }

export interface Inspection {
  id: string; stage: "pre" | "during" | "post" | "log"; operation: string; model: string;
  config: Json; subject: Json; spans: Span[]; request: Json | null; response: Json | null; state: string; files: number[];
}

export interface Edit { span: number; text: string }
export interface Refusal { message: string; code: string; detail: Json | null }
export type Verdict = {tag: "allow"} | {tag: "block"; val: Refusal} | {tag: "edit"; val: Edit[]} | {tag: "replace"; val: Json};
export interface Decision { verdict: Verdict; findings: Json | null; state: string }

/** Exported by a guardrail as `guardrail`. */
export interface Guardrail { inspect(inspection: Inspection): Decision }

export interface Piece { choice: number; channel: string; call: string; text: string }
export interface Passed { pieces: Piece[]; findings: Json | null; state: string }
export type StreamVerdict = {tag: "pass"; val: Passed} | {tag: "block"; val: Refusal};

/** Exported as `guardrailStream` by a guardrail that works on streams. */
export interface GuardrailStream {
  open(inspection: Inspection): string;
  feed(state: string, pieces: Piece[], last: boolean): StreamVerdict;
}

// --- callbacks

/** Exported by a callback as `callback`. Each record is a JSON object. */
export interface Callback { onBatch(config: Json, records: Json[]): void }

// --- canonical documents, as far as most plugins read them

export interface TextPart { type: "text"; text: string }
export interface Message { role: string; content?: string | ({type: string} & Record<string, unknown>)[] | null; [more: string]: unknown }
export interface ChatRequest { model: string; messages: Message[]; stream?: boolean; temperature?: number; max_tokens?: number; [more: string]: unknown }
export interface Usage { prompt_tokens: number; completion_tokens: number; total_tokens: number; [more: string]: unknown }
export type Finish = "stop" | "length" | "tool_calls" | "content_filter";
export interface ChatAnswer { choices: {index: number; message: Record<string, unknown>; finish_reason: Finish}[]; usage: Usage }

// --- sluice.js

export function fault(kind: ErrorKind, message: string, more?: Partial<Fault>): Fault;
export function parse<T = unknown>(payload: Payload): T;
export function messagesOf(chat: Partial<ChatRequest>): Message[];
export function textOf(content: Message["content"]): string;

export interface Posting {
  /** Asks for frames, cut so. */
  framing?: "auto" | "sse" | "lines" | "json-array" | "aws" | "raw";
  headers?: Pair[]; auth?: Auth[]; options?: [string, Json][]; state?: string;
}
export function post(url: string, document: unknown, posting?: Posting): Step;
export function respond(document: unknown): Step;
export function usage(prompt: number, completion: number): Usage;
export function answer(text: string, tokens: Usage, finish?: Finish): ChatAnswer;
export function chunk(delta: Record<string, unknown>, finish?: Finish | null): Frame;
export function decoded(events: Frame[], end: {tokens?: Usage; state?: string; done: boolean; last: boolean}): Decoded;

export function allow(state?: string): Decision;
export function block(message: string, code: string, detail?: object | null): Decision;
/** `findings` and `state` may be functions, which are asked after the last change. */
export function edit(
  spans: Span[],
  change: (span: Span) => string,
  told?: {findings?: object | null | (() => object | null); state?: string | (() => string)},
): Decision;
export function restore(span: Span, table: Record<string, string>): string;

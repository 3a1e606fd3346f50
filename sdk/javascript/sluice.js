// What plugins in JavaScript and TypeScript share: errors, requests, canonical answers of chats, edits of texts.
// Typed by sluice.d.ts. Nothing here keeps anything: every function of a plugin is pure.

/** An error of the contract, to be thrown: `throw fault("invalid-request", "...")`. */
export function fault(kind, message, more = {}) {
  return {kind, message, status: null, retry: null, retryAfterMs: null, detail: null, ...more};
}

/** A payload as a JSON object. What is none is the upstream's failure, not a breakdown of the plugin. */
export function parse(payload) {
  let document;
  try {
    document = JSON.parse(payload.val);
  } catch (cause) {
    throw fault("upstream", `the upstream's answer is not JSON: ${cause.message}`);
  }
  if (!isObject(document)) throw fault("upstream", "the upstream's answer is not a JSON object");
  return document;
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The messages of a chat request; what has none is refused. */
export function messagesOf(chat) {
  const {messages} = chat;
  if (Array.isArray(messages) && messages.length && messages.every(isObject)) return messages;
  throw fault("invalid-request", "`messages` has to be a list of messages");
}

/** The text of a message's content; what is not text is refused. */
export function textOf(content) {
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? content : [];
  if (!parts.length || parts.some((part) => part?.type !== "text")) throw fault("invalid-request", "this provider takes text only");
  return parts.map((part) => part.text).join("");
}

/** The step that posts a document: read whole by `resume`, or with `framing` in frames by `decode`. */
export function post(url, document, {framing, headers = [], auth = [], options = [], state = ""} = {}) {
  const cut = framing ? [["framing", JSON.stringify(framing)]] : [];
  const body = {tag: "json", val: JSON.stringify(document)};
  const reply = framing ? "frames" : "whole";
  return {tag: "send", val: {method: "POST", url, headers, body, auth, reply, options: [...options, ...cut], state}};
}

/** The step that ends a call with a canonical document. */
export function respond(document) {
  const body = {tag: "text", val: JSON.stringify(document)};
  return {tag: "respond", val: {body, contentType: null, headers: [], usage: null}};
}

/** A canonical `usage`. */
export function usage(prompt, completion) {
  return {prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion};
}

/** A canonical answer of a chat. */
export function answer(text, tokens, finish = "stop") {
  return {choices: [{index: 0, message: {role: "assistant", content: text}, finish_reason: finish}], usage: tokens};
}

/** A canonical event of a streamed chat. */
export function chunk(delta, finish = null) {
  const document = {choices: [{index: 0, delta, finish_reason: finish}]};
  return {event: "", data: {tag: "text", val: JSON.stringify(document)}};
}

/** What `decode` returns. An answer that ends without being `done` is a failure, never presented as complete. */
export function decoded(events, {tokens, state = "", done, last}) {
  return {
    events,
    usage: tokens ? JSON.stringify(tokens) : null,
    failure: last && !done ? fault("upstream", "the stream ended early") : null,
    state,
    next: {tag: done ? "done" : "more"},
  };
}

/** A guardrail lets it pass. */
export function allow(state = "") {
  return {verdict: {tag: "allow"}, findings: null, state};
}

/** A guardrail refuses. `message` is for the client, `code` for machines, `detail` for the log. */
export function block(message, code, detail = null) {
  const refusal = {message, code, detail: detail && JSON.stringify(detail)};
  return {verdict: {tag: "block", val: refusal}, findings: null, state: ""};
}

/** A guardrail puts another text in place of those that `change` changes. */
export function edit(spans, change, {findings, state} = {}) {
  const texts = spans.map(change);
  const edits = texts.map((text, span) => ({span, text})).filter(({text, span}) => text !== spans[span].text);
  const told = typeof findings === "function" ? findings() : findings;
  return {
    verdict: edits.length ? {tag: "edit", val: edits} : {tag: "allow"},
    findings: told ? JSON.stringify(told) : null,
    state: typeof state === "function" ? state() : (state ?? ""),
  };
}

/** A text with masks put back, by a table of mask and text. In arguments of tools, which are JSON, as JSON writes it. */
export function restore(span, table) {
  const written = (text) => (span.channel === "tool-arguments" ? JSON.stringify(text).slice(1, -1) : text);
  return Object.entries(table).reduce((text, [mask, was]) => text.replaceAll(mask, written(was)), span.text);
}

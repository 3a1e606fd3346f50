// A provider: Acme's service takes {"turns": [{"from", "text"}]} and answers {"text", "stopped", "asked", "answered"},
// or, where a stream is asked for, lines of {"text"} and at last one of the rest.

import {answer, chunk, decoded, fault, messagesOf, parse, post, respond, textOf, usage} from "../../sdk/javascript/sluice.js";
import type {ChatRequest, Plugin, Provider} from "../../sdk/javascript/sluice.js";
import conversation from "./fixtures/conversation.json";
import stream from "./fixtures/stream.json";

interface End { stopped: "end" | "limit"; asked: number; answered: number }
type Said = End & {text: string};
type Line = Partial<Said>;

const FINISH = {end: "stop", limit: "length"} as const;

export const plugin: Plugin = {
  describe: () => JSON.stringify({
    name: "acme-ts",
    version: "0.1.0",
    providers: [{
      name: "acme-ts",
      base_url: "https://api.acme.example/v1",
      auth: {scheme: "bearer", secret: "api_key"},
      secrets: {api_key: {env: ["ACME_API_KEY"], required: true}},
      operations: {chat: {stream: true, params: ["temperature", "max_tokens"]}},
      errors: {message: "/problem"},
    }],
    // Run before a new version serves: a version that fails them never does.
    examples: [conversation, stream],
  }),
};

export const provider: Provider = {
  start(call, body) {
    const chat: Partial<ChatRequest> = JSON.parse(body);
    const {temperature, max_tokens} = chat;
    const turns = messagesOf(chat).map(({role, content}) => ({from: role, text: textOf(content)}));
    const asked = {turns, temperature, limit: max_tokens, stream: call.streaming};
    // The path is joined to the deployment's base URL; the host adds the key.
    return post(`/ask/${call.model}`, asked, call.streaming ? {framing: "lines"} : {});
  },

  resume(_call, replies) {
    const said = parse<Partial<Said>>(replies[0]!.body);
    if (typeof said.text !== "string") throw fault("upstream", "the answer has no text");
    return respond(answer(said.text, usage(said.asked ?? 0, said.answered ?? 0), FINISH[said.stopped ?? "end"]));
  },

  decode(_head, _state, frames, last) {
    const lines = frames.map((frame) => parse<Line>(frame.data));
    const events = lines.filter((line) => line.text).map((line) => chunk({content: line.text}));
    const end = lines.find((line): line is End => line.stopped !== undefined);
    if (!end) return decoded(events, {done: false, last});
    events.push(chunk({}, FINISH[end.stopped]));
    return decoded(events, {tokens: usage(end.asked, end.answered), done: true, last});
  },
};

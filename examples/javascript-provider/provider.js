// A provider in JavaScript, whole: a service that takes {"question"} and answers
// {"text", "words"}, or, where a stream is asked for, lines of {"text"} and at last {"done"}.
//
// Every function is pure: what has to survive goes through `state`. An error is thrown as the
// contract's record, built by `failure`.

export const plugin = {
  describe: () => JSON.stringify({
    name: "acme-js",
    version: "0.1.0",
    providers: [{
      name: "acme-js",
      base_url: "https://api.acme.example/v1",
      auth: {scheme: "bearer", secret: "api_key"},
      secrets: {api_key: {env: ["ACME_API_KEY"], required: true}},
      operations: {chat: {stream: true, params: ["temperature"]}},
      errors: {message: "/problem"},
    }],
    // Run before a new version serves: a version that fails them never does.
    examples: [{
      name: "a question is asked and answered",
      provider: "acme-js", operation: "chat", model: "small",
      body: {model: "small", messages: [{role: "user", content: "why?"}]},
      exchanges: [{
        request: {method: "POST", url: "/ask/small", body: {question: "why?", stream: false}},
        reply: {status: 200, body: {json: {text: "because", words: 1}}},
      }],
      expect: {response: answer("because", 1)},
    }],
  }),
};

export const provider = {
  start(call, body) {
    const {messages, temperature} = JSON.parse(body);
    const question = messages.at(-1)?.content;
    if (typeof question !== "string") throw failure("invalid-request", "acme-js takes text only");
    return {tag: "send", val: {
      method: "POST",
      url: `/ask/${call.model}`, // joined to the deployment's base URL
      headers: [],
      body: {tag: "json", val: JSON.stringify({question, temperature, stream: call.streaming})},
      auth: [], // as `describe` says
      reply: call.streaming ? "frames" : "whole",
      options: call.streaming ? [["framing", '"lines"']] : [],
      state: "",
    }};
  },

  resume(_call, [reply]) {
    const {text, words} = read(reply.body);
    const body = {tag: "text", val: JSON.stringify(answer(text, words))};
    return {tag: "respond", val: {body, contentType: null, headers: [], usage: null}};
  },

  decode(_head, state, frames, last) {
    const lines = frames.map((frame) => read(frame.data));
    const texts = lines.filter((line) => line.text !== undefined);
    const done = lines.some((line) => line.done);
    const words = Number(state || 0) + texts.length;
    const events = texts.map(({text}) => chunk({delta: {content: text}, finish_reason: null}));
    if (done) events.push(chunk({delta: {}, finish_reason: "stop"}));
    return {
      events,
      usage: JSON.stringify(usage(words)),
      // An answer that was cut off is never presented as complete.
      failure: last && !done ? failure("upstream", "the stream ended early") : null,
      state: String(words),
      next: {tag: done ? "done" : "more"},
    };
  },
};

// What is no JSON is the upstream's failure, not a breakdown of this plugin.
function read(payload) {
  try {
    return JSON.parse(payload.val);
  } catch (cause) {
    throw failure("upstream", `the upstream's answer is not JSON: ${cause.message}`);
  }
}

function answer(text, words) {
  const message = {role: "assistant", content: text};
  return {choices: [{index: 0, message, finish_reason: "stop"}], usage: usage(words)};
}

function usage(words) {
  return {prompt_tokens: 0, completion_tokens: words, total_tokens: words};
}

function chunk(choice) {
  return {event: "", data: {tag: "text", val: JSON.stringify({choices: [{index: 0, ...choice}]})}};
}

function failure(kind, message) {
  return {kind, message, status: null, retry: null, retryAfterMs: null, detail: null};
}

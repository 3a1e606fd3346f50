// The official `openai` package on Node against recorded answers: whole, streamed, with tools and
// structured output, and the errors it makes of refusals. Jobs come on stdin, results go to stdout.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.SDK_NODE + "/");
const OpenAI = require("openai").default;
const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "hello there" }];
const parameters = { type: "object", properties: {}, additionalProperties: true };
const tools = [{ type: "function", function: { name: "f", parameters } }];
const response_format = { type: "json_schema", json_schema: { name: "s", schema: parameters } };

const calls = (message) => (message.tool_calls ?? []).map((it) => [it.function.name, it.function.arguments]);

const jobs = {
  async whole(model) {
    const answer = await client.chat.completions.create({ model, messages, tools });
    const message = answer.choices[0].message;
    return { content: message.content, calls: calls(message), finish: answer.choices[0].finish_reason };
  },
  async streamed(model) {
    const message = { content: "", tool_calls: [] };
    let finish = null;
    let usage = null;
    const stream_options = { include_usage: true };
    for await (const chunk of await client.chat.completions.create({ model, messages, tools, stream: true, stream_options })) {
      usage = chunk.usage ?? usage;
      for (const choice of chunk.choices.filter((it) => it.index === 0)) {
        finish = choice.finish_reason ?? finish;
        message.content += choice.delta.content ?? "";
        for (const piece of choice.delta.tool_calls ?? []) {
          const call = (message.tool_calls[piece.index] ??= { function: { name: "", arguments: "" } });
          call.function.name += piece.function?.name ?? "";
          call.function.arguments += piece.function?.arguments ?? "";
        }
      }
    }
    return { content: message.content, calls: calls(message), finish, tokens: usage?.total_tokens };
  },
  async structured(model) {
    const answer = await client.chat.completions.create({ model, messages, response_format });
    return { parsed: JSON.parse(answer.choices[0].message.content) };
  },
  async refused(model) {
    try {
      await client.chat.completions.create({ model, messages });
    } catch (error) {
      return { name: error.constructor.name, status: error.status, message: error.message };
    }
  },
  async broken(model) {
    let text = "";
    try {
      for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
        text += chunk.choices[0]?.delta?.content ?? "";
      }
    } catch (error) {
      return { text, message: error.message };
    }
    return { text };
  },
};

const results = [];
for (const [kind, model] of JSON.parse(readFileSync(0, "utf8"))) {
  results.push(await jobs[kind](model));
}
console.log(JSON.stringify(results));

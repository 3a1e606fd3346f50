// The official `openai` package on Node: whole, streamed, with a tool.
import { createRequire } from "node:module";

const require = createRequire(process.env.SDK_NODE + "/");
const OpenAI = require("openai").default;
const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "hello there" }];

const whole = await client.chat.completions.create({ model: "demo", messages });
let streamed = "";
for await (const chunk of await client.chat.completions.create({ model: "demo", messages, stream: true })) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
}
const parameters = { type: "object", properties: { x: { type: "string" } }, required: ["x"] };
const tools = [{ type: "function", function: { name: "f", parameters } }];
const called = await client.chat.completions.create({ model: "demo", messages, tools, tool_choice: "required" });
const tool = JSON.parse(called.choices[0].message.tool_calls[0].function.arguments);
console.log(JSON.stringify({ whole: whole.choices[0].message.content, streamed, tool }));

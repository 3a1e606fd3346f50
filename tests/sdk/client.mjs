// The official package of OpenAI or Anthropic on Node, by its name: does the calls that it reads, `[method, arguments,
// how]`, and prints what came of each. An argument may be a file, or a member of what an earlier call brought.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.SDK_NODE + "/");
const { default: Client, toFile } = require(process.env.PACKAGE);
const client = new Client({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: 0 });
const results = [];

async function filled(value) {
  if (Array.isArray(value)) return Promise.all(value.map(filled));
  if (value === null || typeof value !== "object") return value;
  if (value.$file) return toFile(Buffer.from(value.data, "base64"), value.$file, { type: value.type });
  if (value.$of !== undefined) return results[value.$of][value.member];
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([name, it]) => [name, await filled(it)])));
}

async function gathered(things) {
  const all = [];
  for await (const it of things) all.push(it);
  return all;
}

const forms = {
  whole: async (made) => await made,
  // What is streamed, or is on pages.
  each: async (made) => gathered(await made),
  bytes: async (made) => Buffer.from(await (await made).arrayBuffer()).toString("base64"),
  final: async (made) => (made.finalMessage ? made.finalMessage() : made.finalResponse()),
};

for (const [method, args, how = "whole"] of JSON.parse(readFileSync(0, "utf8"))) {
  const [name, ...parents] = method.split(".").reverse();
  const owner = parents.reverse().reduce((it, part) => it[part], client);
  try {
    results.push(await forms[how](owner[name](...(await filled(args)))));
  } catch (error) {
    results.push({ error: error.constructor.name, status: error.status, code: error.code, type: error.type, message: error.message });
  }
}
console.log(JSON.stringify(results));

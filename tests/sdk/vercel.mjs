// The Vercel AI SDK through five of its providers: text, tools, objects, vectors, media, errors. Prints for each
// provider and model what came of it.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.SDK_NODE + "/");
const { embedMany, generateImage, generateObject, generateText, Output, rerank, stepCountIs, streamObject, streamText, tool } = require("ai");
const { experimental_generateSpeech: generateSpeech, experimental_transcribe: transcribe } = require("ai");
const { createAnthropic } = require("@ai-sdk/anthropic");
const { createCohere } = require("@ai-sdk/cohere");
const { createGoogleGenerativeAI } = require("@ai-sdk/google");
const { createMistral } = require("@ai-sdk/mistral");
const { createOpenAI } = require("@ai-sdk/openai");
const { z } = require("zod");
globalThis.AI_SDK_LOG_WARNINGS = false;

const url = process.env.BASE_URL;
const options = (apiKey) => ({ baseURL: url + "/v1", apiKey });
const providers = {
  chat: (model, key) => createOpenAI(options(key)).chat(model),
  responses: (model, key) => createOpenAI(options(key))(model),
  completion: (model, key) => createOpenAI(options(key)).completion(model),
  mistral: (model, key) => createMistral(options(key))(model),
  cohere: (model, key) => createCohere({ ...options(key), baseURL: url + "/cohere/v2" })(model),
  messages: (model, key) => createAnthropic(options(key))(model),
  contents: (model, key) => createGoogleGenerativeAI({ ...options(key), baseURL: url + "/v1beta" })(model),
};

// Else its next request names items that the provider is to have kept.
const common = { maxRetries: 0, providerOptions: { openai: { store: false } } };
const heard = [];
const hear = async (place) => {
  heard.push(place);
  return "sunny, 40 C";
};
const place = z.object({ location: z.string().optional(), city: z.string().optional(), latitude: z.string().optional(), longitude: z.string().optional() });
const weather = tool({ description: "Tells the weather of a place.", inputSchema: place, execute: hear });
const search = tool({ description: "Searches the web.", inputSchema: z.object({ query: z.string() }), execute: hear });
const tools = { get_weather: weather, weather, search };
const looped = { ...common, prompt: "Weather?", system: "Be brief.", tools, stopWhen: stepCountIs(3) };

const gathered = async (stream) => {
  let text = "";
  for await (const piece of stream) text += piece;
  return text;
};

const listened = async (run) => {
  heard.length = 0;
  return { text: await run(), heard: [...heard] };
};

const schema = (names) => z.object(Object.fromEntries(Object.entries(names).map(([name, kind]) => [name, z[kind]()])));

async function tells({ provider, model }) {
  const llm = providers[provider](model, process.env.API_KEY);
  const whole = await generateText({ ...common, model: llm, prompt: "hello" });
  const streamed = streamText({ ...common, model: llm, prompt: "hello" });
  return {
    whole: { text: whole.text, finish: whole.finishReason, usage: [whole.usage.inputTokens, whole.usage.outputTokens] },
    streamed: { text: await gathered(streamed.textStream), finish: await streamed.finishReason },
  };
}

async function asks({ provider, model }) {
  const made = await generateText({ ...common, model: providers[provider](model, process.env.API_KEY), prompt: "hello" });
  return { text: made.text, usage: [made.usage.inputTokens, made.usage.outputTokens] };
}

async function works({ provider, model, shape, shape_streamed, both }) {
  const llm = providers[provider](model, process.env.API_KEY);
  const out = {
    ...(await tells({ provider, model })),
    tools: await listened(async () => (await generateText({ ...looped, model: llm })).text),
    tools_streamed: await listened(() => gathered(streamText({ ...looped, model: llm }).textStream)),
  };
  if (shape) {
    out.object = (await generateObject({ ...common, model: llm, prompt: "Who?", schema: schema(shape) })).object;
    const parts = streamObject({ ...common, model: llm, prompt: "Who?", schema: schema(shape_streamed) });
    await gathered(parts.textStream);
    out.object_streamed = await parts.object;
  }
  if (both) {
    out.both = await listened(async () => (await generateText({ ...looped, model: llm, output: Output.object({ schema: schema(shape) }) })).output);
  }
  return out;
}

async function fails({ provider, model, key }) {
  try {
    await generateText({ ...common, model: providers[provider](model, key ?? process.env.API_KEY), prompt: "hello" });
  } catch (error) {
    return { name: error.name, status: error.statusCode, message: error.message, body: error.responseBody };
  }
}

async function breaks({ provider, model }) {
  let said = "";
  const onError = ({ error }) => (said = error.message ?? error.error?.message ?? JSON.stringify(error));
  const stream = streamText({ ...common, model: providers[provider](model, process.env.API_KEY), prompt: "hello", onError });
  return { text: await gathered(stream.textStream), said };
}

const embedders = {
  openai: () => createOpenAI(options(process.env.API_KEY)),
  mistral: () => createMistral(options(process.env.API_KEY)),
  google: () => createGoogleGenerativeAI({ ...options(process.env.API_KEY), baseURL: url + "/v1beta" }),
};

async function embeds({ provider, model, values }) {
  return (await embedMany({ maxRetries: 0, model: embedders[provider]().textEmbeddingModel(model), values })).embeddings;
}

async function ranks({ model, query, documents }) {
  const ranker = createCohere({ ...options(process.env.API_KEY), baseURL: url + "/v2" }).reranking(model);
  return (await rerank({ maxRetries: 0, model: ranker, query, documents, topN: 3 })).ranking.map((it) => [it.originalIndex, it.score]);
}

const media = () => createOpenAI(options(process.env.API_KEY));

async function paints({ model, prompt, size, n, files }) {
  const asked = files ? { text: prompt, images: files.map((it) => Buffer.from(it, "base64")) } : prompt;
  const made = await generateImage({ maxRetries: 0, model: media().image(model), prompt: asked, size, n });
  return made.images.map((it) => it.base64);
}

async function speaks({ model, text, voice }) {
  const made = await generateSpeech({ maxRetries: 0, model: media().speech(model), text, voice });
  return made.audio.base64;
}

async function hears({ model, sound }) {
  const heard = await transcribe({ maxRetries: 0, model: media().transcription(model), audio: Buffer.from(sound, "base64") });
  return { text: heard.text, language: heard.language, seconds: heard.durationInSeconds };
}

const jobs = { works, tells, asks, fails, breaks, embeds, ranks, paints, speaks, hears };
const results = [];
for (const [kind, job] of JSON.parse(readFileSync(0, "utf8"))) {
  results.push(await jobs[kind](job));
}
console.log(JSON.stringify(results));

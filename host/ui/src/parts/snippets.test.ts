import { execFileSync } from "node:child_process";

import { expect, test } from "vitest";

import { snippet } from "./snippets";

const BODY = { model: "demo", messages: [{ role: "user", content: "it's \"quoted\" $HOME" }], stream: true, stop: null, tools: [] };

test("a shell hands on exactly the body", () => {
  const command = snippet("curl", "http://gateway", "sk-1", BODY).replace(/^curl/, "printf '%s\\n'");
  const words = execFileSync("sh", ["-c", command], { encoding: "utf8" });
  const [where, , bearer, , kind, , ...body] = words.trimEnd().split("\n");
  expect([where, bearer, kind]).toEqual(["http://gateway/v1/chat/completions", "Authorization: Bearer sk-1", "Content-Type: application/json"]);
  expect(JSON.parse(body.join("\n"))).toEqual(BODY);
});

test("Python has its own words for true and nothing", () => {
  const code = snippet("python", "http://gateway", "sk-1", BODY);
  expect(code).toContain("stream=True");
  expect(code).toContain("stop=None");
  expect(code).toContain("tools=[]");
  expect(code).toContain('base_url="http://gateway/v1"');
  expect(code).toContain("for chunk in answer");
});

test("JavaScript reads a whole answer as one", () => {
  expect(snippet("javascript", "http://gateway", "sk-1", { ...BODY, stream: false })).toContain("answer.choices[0].message.content");
});

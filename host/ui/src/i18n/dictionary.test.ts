import { describe, expect, test } from "vitest";

import { en, zh } from "./dictionary";

type Texts = Record<string, Record<string, string>>;

const flat = (dictionary: Texts) => Object.entries(dictionary).flatMap(([page, texts]) => Object.entries(texts).map(([name, text]) => [`${page}.${name}`, text] as const));
const [english, chinese] = [flat(en as Texts), new Map(flat(zh as Texts))];

describe("both languages", () => {
  test("name the same values in every text", () => {
    const values = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((it) => it[1]).sort();
    for (const [name, text] of english) expect(values(chinese.get(name) ?? ""), name).toEqual(values(text));
  });

  test("say something everywhere, and Chinese texts are Chinese", () => {
    // Names and signs are the same in every language.
    const same = new Set(["app.name", "plugins.cpuLimit", "models.unknownState", "playground.assistant", "common.of", "keys.spentOf"]);
    for (const [name, text] of english) {
      expect(text.trim(), name).not.toBe("");
      if (!same.has(name)) expect(chinese.get(name), name).toMatch(/\p{Script=Han}/u);
    }
  });
});

/** Texts of a component that stand in it as they are: on a line of their own, between tags, and in attributes that are read. */
function literals(code: string): string[] {
  const lines = code.split("\n").filter((it) => /^\s*[^<>{}=;()"'`]*\p{L}{2}[^<>{}=;()"'`]*[^<>{}=;()"'`,]$/u.test(it) && !/^\s*(\/\/|\/?\*|(else|return|try|default:)$)/.test(it));
  const between = [...code.matchAll(/<\w[^<>]*(?<!=)>([^<>{}\n]*\p{L}{2}[^<>{}\n]*)<\//gu)].map((it) => it[1] ?? "");
  const attributes = [...code.matchAll(/\b(?:label|title|description|placeholder|aria-label|alt|hint)="([^"]*\p{L}{2}[^"]*)"/gu)].map((it) => it[1] ?? "");
  return [...lines, ...between, ...attributes].map((it) => it.trim());
}

test("no text stands in a component itself", () => {
  expect(literals('<Text size="sm">Two words</Text>')).toEqual(["Two words"]);
  expect(literals("<Text>\n  On a line\n</Text>")).toEqual(["On a line"]);
  expect(literals('<TextInput label="Name" {...rest} />')).toEqual(["Name"]);
  const files = Object.entries(import.meta.glob<string>("../**/*.tsx", { query: "?raw", import: "default", eager: true }));
  expect(files.length).toBeGreaterThan(80);
  expect(files.flatMap(([file, code]) => literals(code).map((it) => `${file}: ${it}`))).toEqual([]);
});

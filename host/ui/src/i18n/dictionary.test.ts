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

// A guardrail: words of the settings are blocked, or masked on the way to the model and put back into its answer.

import {allow, block, edit, restore} from "../../sdk/javascript/sluice.js";
import type {Decision, Guardrail, Plugin, Span} from "../../sdk/javascript/sluice.js";
import blocked from "./fixtures/blocked.json";
import masked from "./fixtures/masked.json";
import restored from "./fixtures/restored.json";

/** As the schema below has them. */
interface Settings { words: string[]; action: "mask" | "block" }

export const plugin: Plugin = {
  describe: () => JSON.stringify({
    name: "words-ts",
    version: "0.1.0",
    guardrails: [{
      name: "words-ts",
      stages: ["pre", "post"],
      config_schema: {
        type: "object",
        required: ["words"],
        properties: {
          words: {type: "array", items: {type: "string", minLength: 1}, minItems: 1},
          action: {enum: ["mask", "block"], default: "mask"},
        },
      },
    }],
    // Run before a new version serves: a version that fails them never does.
    examples: [blocked, masked, restored],
  }),
};

export const guardrail: Guardrail = {
  inspect({stage, config, spans, state}) {
    const {words, action}: Settings = JSON.parse(config);
    const pattern = new RegExp(words.map((word) => word.replace(/[^\w\s]/g, "\\$&")).join("|"), "gi");
    if (action === "block") {
      const found = spans.map((span) => span.text.match(pattern)?.[0]).find(Boolean);
      return found ? block("a word of this text is not allowed", "word", {word: found}) : allow();
    }
    if (stage === "post") {
      const table: Record<string, string> = state ? JSON.parse(state) : {};
      return edit(spans, (span) => restore(span, table));
    }
    return mask(spans, pattern);
  },
};

// Each spelling has a mask of its own. The table comes back as the state of the next stage.
function mask(spans: Span[], pattern: RegExp): Decision {
  const masks = new Map<string, string>();
  const maskOf = (word: string) => {
    const mask = masks.get(word) ?? `<WORD_${masks.size + 1}>`;
    masks.set(word, mask);
    return mask;
  };
  return edit(spans, (span) => span.text.replace(pattern, maskOf), {
    findings: () => (masks.size ? {words: masks.size} : null),
    state: () => JSON.stringify(Object.fromEntries([...masks].map(([word, mask]) => [mask, word]))),
  });
}

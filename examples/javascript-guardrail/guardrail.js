// A guardrail: words of the settings are blocked, or masked on the way to the model and put back into its answer.

import {allow, block, edit, restore} from "../../sdk/javascript/sluice.js";
import blocked from "./fixtures/blocked.json";
import masked from "./fixtures/masked.json";
import restored from "./fixtures/restored.json";

export const plugin = {
  describe: () => JSON.stringify({
    name: "words-js",
    version: "0.1.0",
    guardrails: [{
      name: "words-js",
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

export const guardrail = {
  inspect({stage, config, spans, state}) {
    const {words, action} = JSON.parse(config);
    const pattern = new RegExp(words.map((word) => word.replace(/[^\w\s]/g, "\\$&")).join("|"), "gi");
    if (action === "block") {
      const found = spans.map((span) => span.text.match(pattern)?.[0]).find(Boolean);
      return found ? block("a word of this text is not allowed", "word", {word: found}) : allow();
    }
    if (stage === "post") {
      const table = state ? JSON.parse(state) : {};
      return edit(spans, (span) => restore(span, table));
    }
    return mask(spans, pattern);
  },
};

// Each spelling has a mask of its own. The table comes back as the state of the next stage.
function mask(spans, pattern) {
  const masks = new Map();
  const maskOf = (word) => {
    if (!masks.has(word)) masks.set(word, `<WORD_${masks.size + 1}>`);
    return masks.get(word);
  };
  return edit(spans, (span) => span.text.replace(pattern, maskOf), {
    findings: () => masks.size && {words: masks.size},
    state: () => JSON.stringify(Object.fromEntries([...masks].map(([word, mask]) => [mask, word]))),
  });
}

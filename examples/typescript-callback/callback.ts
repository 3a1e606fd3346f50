// A callback: a digest of each batch of finished calls is posted to a webhook. The webhook is the entry's `api_base`;
// its key is named here, and added by the gateway.

import {postJson} from "../../sdk/javascript/http.js";
import type {Callback, Plugin} from "../../sdk/javascript/sluice.js";
import delivered from "./fixtures/delivered.json";
import refused from "./fixtures/refused.json";

/** What is read of a record. */
interface Finished { status: string; model_group: string; total_tokens?: number; response_cost?: number }

export const plugin: Plugin = {
  describe: () => JSON.stringify({
    name: "digest-ts",
    version: "0.1.0",
    callbacks: [{
      name: "digest-ts",
      max_batch: 100,
      auth: {scheme: "bearer", secret: "api_key"},
      secrets: {api_key: {env: ["DIGEST_API_KEY"], required: true}},
      config_schema: {type: "object", properties: {path: {type: "string", default: "/digest"}}},
    }],
    // Run before a new version serves: a version that fails them never does.
    examples: [delivered, refused],
  }),
};

export const callback: Callback = {
  onBatch(config, records) {
    const {path}: {path: string} = JSON.parse(config);
    postJson(path, digest(records.map((record): Finished => JSON.parse(record))));
  },
};

function digest(records: Finished[]) {
  const sum = (of: (record: Finished) => number | undefined) => records.reduce((sum, record) => sum + (of(record) ?? 0), 0);
  const models: Record<string, number> = {};
  for (const {model_group: model} of records) models[model] = (models[model] ?? 0) + 1;
  const failed = records.filter((record) => record.status !== "success").length;
  return {calls: records.length, failed, tokens: sum((it) => it.total_tokens), spend: sum((it) => it.response_cost), models};
}

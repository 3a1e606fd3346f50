// A callback: a digest of each batch of finished calls is posted to a webhook. The webhook is the entry's `api_base`;
// its key is named here, and added by the gateway.

import {postJson} from "../../sdk/javascript/http.js";
import delivered from "./fixtures/delivered.json";
import refused from "./fixtures/refused.json";

export const plugin = {
  describe: () => JSON.stringify({
    name: "digest-js",
    version: "0.1.0",
    callbacks: [{
      name: "digest-js",
      max_batch: 100,
      auth: {scheme: "bearer", secret: "api_key"},
      secrets: {api_key: {env: ["DIGEST_API_KEY"], required: true}},
      config_schema: {type: "object", properties: {path: {type: "string", default: "/digest"}}},
    }],
    // Run before a new version serves: a version that fails them never does.
    examples: [delivered, refused],
  }),
};

export const callback = {
  onBatch(config, records) {
    postJson(JSON.parse(config).path, digest(records.map((record) => JSON.parse(record))));
  },
};

function digest(records) {
  const sum = (member) => records.reduce((sum, record) => sum + (record[member] ?? 0), 0);
  const models = {};
  for (const {model_group: model} of records) models[model] = (models[model] ?? 0) + 1;
  const failed = records.filter((record) => record.status !== "success").length;
  return {calls: records.length, failed, tokens: sum("total_tokens"), spend: sum("response_cost"), models};
}

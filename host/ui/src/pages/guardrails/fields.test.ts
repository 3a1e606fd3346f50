import { expect, test } from "vitest";

import type { Guardrail } from "../../api/guardrails";
import type { Hook } from "../../api/plugins";
import { fieldsOf, requestOf, schemaOf } from "./fields";

const grant = { hosts: [], env: [], base_url: null };
const PII: Hook = { name: "pii", asks: grant, granted: grant, config_schema: { properties: { entities: { type: "array", items: { type: "string" } } } }, secrets: { api_key: {} } };
const OF = {
  guardrail_id: "g1",
  guardrail_name: "no-pii",
  litellm_params: { guardrail: "pii", mode: { tags: { eu: ["pre_call"] }, default: [] }, default_on: true, timeout: 2, unreachable_fallback: "fail_open", entities: ["EMAIL"], api_key: "********", subject: ["user_id"] },
  guardrail_info: { note: "kept" },
} as unknown as Guardrail;

test("a guardrail goes into the fields and comes out as it was", () => {
  const fields = fieldsOf(OF, [PII]);
  expect(fields.mode).toBeNull();
  expect(fields.own).toEqual({ entities: ["EMAIL"] });
  expect(fields.secrets).toEqual({ api_key: "********" });
  expect(fields.others).toContain("subject");
  expect(requestOf(fields, schemaOf(PII), OF)).toEqual({ guardrail_name: "no-pii", litellm_params: OF.litellm_params, guardrail_info: { note: "kept" } });
});

test("a new one says what was filled in, and fails closed", () => {
  const fields = { ...fieldsOf(null, [PII]), guardrail_name: " mine ", guardrail: "pii", own: { entities: ["IBAN"] } };
  expect(requestOf(fields, schemaOf(PII), null)).toEqual({
    guardrail_name: "mine",
    litellm_params: { guardrail: "pii", mode: ["pre_call"], default_on: false, unreachable_fallback: "fail_closed", entities: ["IBAN"] },
    guardrail_info: {},
  });
});

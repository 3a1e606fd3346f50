import { expect, test } from "vitest";

import type { Key } from "../../api/keys";
import { changed } from "../../parts/values";
import { fieldsOf, request } from "./fields";

const key = { metadata: { note: "a", tags: ["one"], tag_rpm_limit: { one: 3 }, guardrails: ["g"], disable_global_guardrails: true }, tags: ["one"], tag_rpm_limit: { one: 3 }, guardrails: ["g"], disable_global_guardrails: true } as unknown as Key;

/** What is sent when these fields are changed. */
function sent(fields: Partial<ReturnType<typeof fieldsOf>>, admin = true) {
  const before = fieldsOf(key);
  return changed(request({ ...before, ...fields }, key, admin), request(before, key, admin));
}

test("metadata is what has no field of its own, and is sent only if it is changed", () => {
  expect(JSON.parse(fieldsOf(key).metadata)).toEqual({ note: "a" });
  expect(sent({ max_budget: 3 })).toEqual({ max_budget: 3 });
  expect(sent({ tags: ["two"] })).toEqual({ tags: ["two"] });
});

test("new metadata takes along what stands in it under fields of its own, as far as the caller may name it", () => {
  const kept = { note: "b", tags: ["one"], tag_rpm_limit: { one: 3 } };
  expect(sent({ metadata: '{"note": "b"}' })).toEqual({ metadata: { ...kept, disable_global_guardrails: true } });
  expect(sent({ metadata: '{"note": "b"}' }, false)).toEqual({ metadata: kept });
  expect(sent({ metadata: "", tags: [] })).toEqual({ tags: null, metadata: { tag_rpm_limit: { one: 3 }, disable_global_guardrails: true } });
});

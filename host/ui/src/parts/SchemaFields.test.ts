import { expect, test } from "vitest";

import type { Schema } from "../api/plugins";
import { schemaRequest, schemaValues } from "./SchemaFields";

const SCHEMA: Schema = { type: "object", properties: { name: { type: "string" }, words: { type: "array", items: { type: "string" } }, rules: { type: "object" }, most: { type: ["integer", "null"] } } };

test("parameters go into the fields and come out as they were", () => {
  const params = { name: "a", words: ["x"], rules: { deep: [1] }, most: 3, other: true };
  const values = schemaValues(SCHEMA, params);
  expect(values).toEqual({ name: "a", words: ["x"], rules: '{\n  "deep": [\n    1\n  ]\n}', most: 3 });
  expect(schemaRequest(SCHEMA, values)).toEqual({ name: "a", words: ["x"], rules: { deep: [1] }, most: 3 });
});

test("what nobody filled in is null", () => {
  expect(schemaRequest(SCHEMA, {})).toEqual({ name: null, words: null, rules: null, most: null });
  expect(schemaRequest({}, {})).toEqual({});
});

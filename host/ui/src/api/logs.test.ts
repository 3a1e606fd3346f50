import { expect, test } from "vitest";

import { callType } from "./logs";

test("calls of models can be previewed by their kind, and others have none", () => {
  expect(callType("acompletion")).toBe("completion");
  expect(callType("anthropic_messages")).toBe("anthropic_messages");
  expect(callType("pass_through_endpoint")).toBeNull();
});

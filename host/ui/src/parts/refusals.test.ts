import { expect, test } from "vitest";

import { ApiError } from "../api/client";
import { fieldOf } from "./refusals";

const about = (field?: string) => new ApiError(400, "no", field);

test("an error stands at the field that it names, or at the form", () => {
  const names = ["user_id", "api_base", "model_info"];
  expect(fieldOf(about("user_id"), names)).toBe("user_id");
  expect(fieldOf(about("member.0.user_id"), names)).toBe("user_id");
  expect(fieldOf(about("litellm_params.api_base"), names)).toBe("api_base");
  expect(fieldOf(about("model_info.id"), names)).toBe("model_info");
  expect(fieldOf(about("elsewhere"), names)).toBeNull();
  expect(fieldOf(about(), names)).toBeNull();
  expect(fieldOf(new Error("no network"), names)).toBeNull();
});

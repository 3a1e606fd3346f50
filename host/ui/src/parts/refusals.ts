import type { UseFormReturnType } from "@mantine/form";

import { ApiError } from "../api/client";

/** The field of a form that an error is about; `member.0.user_id` is about `user_id`. */
export function fieldOf(error: Error | null, names: readonly string[]): string | null {
  if (!(error instanceof ApiError) || !error.field) return null;
  if (names.includes(error.field)) return error.field;
  const parts = error.field.split(".");
  // The first part is the field of a group (`model_info.id`), the last that of one in it.
  return [parts.at(-1), parts[0]].find((it) => it !== undefined && names.includes(it)) ?? null;
}

/** Puts what the gateway refuses beside the field that it names. */
export function refuse<F extends Record<string, unknown>>(form: UseFormReturnType<F>, error: Error) {
  const field = fieldOf(error, Object.keys(form.getValues()));
  if (field) form.setFieldError(field, error.message);
}

/** What is left to be said above the form. */
export function general<F extends Record<string, unknown>>(form: UseFormReturnType<F>, error: Error | null): Error | null {
  return error && fieldOf(error, Object.keys(form.getValues())) === null ? error : null;
}

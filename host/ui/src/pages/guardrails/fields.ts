import type { Guardrail } from "../../api/guardrails";
import type { Hook, Schema, Secret } from "../../api/plugins";
import { schemaRequest, schemaValues, type SchemaValues } from "../../parts/SchemaFields";
import { json, number, text, written } from "../../parts/values";

export const MODES = ["pre_call", "during_call", "post_call", "logging_only"];

/** What every guardrail has; the rest is the plugin's. */
export const SHARED = ["guardrail", "mode", "default_on", "timeout", "unreachable_fallback"];

export interface Fields extends Record<string, unknown> {
  guardrail_name: string;
  guardrail: string;
  /** Null: by tags, which this form leaves as they are. */
  mode: string[] | null;
  default_on: boolean;
  timeout: number | string;
  fails_open: boolean;
  api_base: string;
  own: SchemaValues;
  secrets: Record<string, string>;
  others: string;
}

export const schemaOf = (hook: Hook | undefined): Schema => hook?.config_schema ?? {};
export const secretsOf = (hook: Hook | undefined): [string, Secret][] => Object.entries(hook?.secrets ?? {});

export function fieldsOf(of: Guardrail | null, hooks: Hook[]): Fields {
  const params: Record<string, unknown> = of?.litellm_params ?? {};
  const hook = hooks.find((it) => it.name === params.guardrail);
  const schema = schemaOf(hook);
  const secrets = Object.fromEntries(secretsOf(hook).filter(([name]) => params[name]).map(([name]) => [name, String(params[name])]));
  const rest = Object.entries(params).filter(([name]) => !SHARED.includes(name) && name !== "api_base" && !schema.properties?.[name] && !(name in secrets));
  const mode = of?.litellm_params.mode ?? ["pre_call"];
  return {
    guardrail_name: of?.guardrail_name ?? "",
    guardrail: of?.litellm_params.guardrail ?? "",
    mode: Array.isArray(mode) ? mode : null,
    default_on: of?.litellm_params.default_on ?? false,
    timeout: of?.litellm_params.timeout ?? "",
    fails_open: of?.litellm_params.unreachable_fallback === "fail_open",
    api_base: String(params.api_base ?? ""),
    own: schemaValues(schema, params),
    secrets,
    others: written(Object.fromEntries(rest.filter(([, value]) => value !== null))),
  };
}

const isSaid = (value: unknown) => value !== null && value !== undefined && value !== "";

/** The whole guardrail, as it is made and as it replaces what it was; `before` has what the form leaves as it is. */
export function requestOf(it: Fields, schema: Schema, before: Guardrail | null): Record<string, unknown> {
  const params = {
    ...(json(it.others) as Record<string, unknown> | null),
    ...schemaRequest(schema, it.own),
    ...it.secrets,
    guardrail: it.guardrail.trim(),
    mode: it.mode ?? before?.litellm_params.mode,
    default_on: it.default_on,
    timeout: number(it.timeout),
    unreachable_fallback: it.fails_open ? "fail_open" : "fail_closed",
    api_base: text(it.api_base),
  };
  return { guardrail_name: it.guardrail_name.trim(), litellm_params: Object.fromEntries(Object.entries(params).filter(([, value]) => isSaid(value))), guardrail_info: before?.guardrail_info ?? {} };
}

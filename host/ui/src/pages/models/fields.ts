import type { Deployment } from "../../api/models";
import type { Provider, Schema } from "../../api/plugins";
import { schemaRequest, schemaValues, type SchemaValues } from "../../parts/SchemaFields";
import { json, list, number, text, written } from "../../parts/values";

export type Way = "stored" | "env" | "value" | "none";

export interface Fields extends Record<string, unknown> {
  model_name: string;
  provider: string;
  model: string;
  way: Way;
  litellm_credential_name: string | null;
  variable: string;
  api_key: string;
  api_base: string;
  own: SchemaValues;
  weight: number | string;
  order: number | string;
  rpm: number | string;
  tpm: number | string;
  timeout: number | string;
  tags: string[];
  mode: string | null;
  team_id: string | null;
  price_in: number | string;
  price_out: number | string;
  others: string;
}

const REFERENCE = "os.environ/";
/** As the gateway shows what it keeps to itself. */
export const MASK = "********";
const MILLION = 1_000_000;

// What has a field of its own in every form.
const APART = ["model", "litellm_credential_name", "api_key", "api_base", "weight", "order", "rpm", "tpm", "timeout", "tags", "input_cost_per_token", "output_cost_per_token"];

export const schemaOf = (provider: Provider | undefined): Schema => provider?.config_schema ?? {};

const perMillion = (it: unknown): number | string => (typeof it === "number" ? Number((it * MILLION).toPrecision(12)) : "");
const perToken = (it: number | string): number | null => (it === "" ? null : Number((Number(it) / MILLION).toPrecision(12)));
const typed = (it: unknown) => (it as number | string | undefined) ?? "";

function wayOf(params: Record<string, unknown>): Way {
  if (params.litellm_credential_name) return "stored";
  if (String(params.api_key ?? "").startsWith(REFERENCE)) return "env";
  return params.api_key ? "value" : "none";
}

export function fieldsOf(of: Deployment | null, providers: Provider[]): Fields {
  const params: Record<string, unknown> = of?.litellm_params ?? {};
  const [provider = "", ...model] = String(params.model ?? "").split("/");
  const schema = schemaOf(providers.find((it) => it.name === provider));
  const key = String(params.api_key ?? "");
  const rest = Object.entries(params).filter(([name]) => !APART.includes(name) && !schema.properties?.[name]);
  return {
    model_name: of?.model_name ?? "",
    provider,
    model: model.join("/"),
    way: of ? wayOf(params) : "value",
    litellm_credential_name: (params.litellm_credential_name as string | undefined) ?? null,
    variable: key.startsWith(REFERENCE) ? key.slice(REFERENCE.length) : "",
    api_key: key.startsWith(REFERENCE) ? "" : key,
    api_base: String(params.api_base ?? ""),
    own: schemaValues(schema, params),
    weight: typed(params.weight),
    order: typed(params.order),
    rpm: typed(params.rpm),
    tpm: typed(params.tpm),
    timeout: typed(params.timeout),
    tags: (params.tags as string[] | undefined) ?? [],
    mode: of?.model_info.mode ?? null,
    team_id: of?.model_info.team_id ?? null,
    // What the price table says is no word of the deployment's own.
    price_in: perMillion(params.input_cost_per_token),
    price_out: perMillion(params.output_cost_per_token),
    others: written(Object.fromEntries(rest)),
  };
}

function keyOf(it: Fields): string | null {
  if (it.way === "env") return it.variable.trim() ? `${REFERENCE}${it.variable.trim()}` : null;
  return it.way === "value" ? text(it.api_key) : null;
}

/** `litellm_params`; null takes a parameter out. */
export function paramsOf(it: Fields, schema: Schema): Record<string, unknown> {
  return {
    ...(json(it.others) as Record<string, unknown> | null),
    ...schemaRequest(schema, it.own),
    model: `${it.provider}/${it.model.trim()}`,
    litellm_credential_name: it.way === "stored" ? it.litellm_credential_name : null,
    api_key: keyOf(it),
    api_base: text(it.api_base),
    weight: number(it.weight),
    order: number(it.order),
    rpm: number(it.rpm),
    tpm: number(it.tpm),
    timeout: number(it.timeout),
    tags: list(it.tags),
    input_cost_per_token: perToken(it.price_in),
    output_cost_per_token: perToken(it.price_out),
  };
}

/** What is left out of the others by an edit is taken out of the deployment. */
export function goneOf(before: Fields, now: Fields): Record<string, null> {
  const [then, others] = [json(before.others) as Record<string, unknown> | null, json(now.others) as Record<string, unknown> | null];
  return Object.fromEntries(Object.keys(then ?? {}).filter((name) => !(name in (others ?? {}))).map((name) => [name, null]));
}

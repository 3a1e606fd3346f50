import type { Key, KeyRequest } from "../../api/keys";
import { json, list, number, said, text, written } from "../../parts/values";

/** What the form holds: texts and numbers as they are typed. */
export interface Fields extends Record<string, unknown> {
  key_alias: string;
  key: string;
  team_id: string | null;
  user_id: string;
  organization_id: string | null;
  models: string[];
  key_type: string;
  duration: string;
  allowed_ips: string[];
  allowed_routes: string[];
  access_group_ids: string[];
  aliases: string;
  allowed_passthrough_routes: string[];
  denied_passthrough_routes: string[];
  tags: string[];
  budget_id: string;
  max_budget: number | string;
  soft_budget: number | string;
  budget_duration: string;
  model_max_budget: string;
  budget_limits: string;
  budget_fallbacks: string;
  temp_budget_increase: number | string;
  temp_budget_expiry: string;
  throttle_on_budget_exceeded: boolean;
  rpm_limit: number | string;
  tpm_limit: number | string;
  tpd_limit: number | string;
  max_parallel_requests: number | string;
  model_rpm_limit: string;
  model_tpm_limit: string;
  tag_rpm_limit: string;
  rpm_limit_type: string | null;
  tpm_limit_type: string | null;
  guardrails: string[];
  disable_global_guardrails: boolean;
  enforced_params: string[];
  auto_rotate: boolean;
  rotation_interval: string;
  allowed_cache_controls: string[];
  router_settings: string;
  permissions: string;
  metadata: string;
}

/** Fields that hold JSON. */
export const JSON_FIELDS = ["aliases", "model_max_budget", "budget_limits", "budget_fallbacks", "model_rpm_limit", "model_tpm_limit", "tag_rpm_limit", "router_settings", "permissions", "metadata"] as const;

// What stands in `metadata` and has a field of its own. New metadata replaces it with the old, unless it goes along.
const WITH = ["tags", "enforced_params", "throttle_on_budget_exceeded", "tag_rpm_limit", "rpm_limit_type", "tpm_limit_type"];
/** The same of what only admins may name. */
const WITH_OF_ADMINS = ["disable_global_guardrails", "allowed_passthrough_routes", "temp_budget_increase", "temp_budget_expiry"];
/** The gateway keeps these by itself. */
const KEPT = ["guardrails", "denied_passthrough_routes", "model_rpm_limit", "model_tpm_limit"];
const APART = [...WITH, ...WITH_OF_ADMINS, ...KEPT];

function ownMetadata(key: Key | null): string {
  const rest = Object.entries(key?.metadata ?? {}).filter(([name]) => !APART.includes(name));
  return written(Object.fromEntries(rest));
}

export function fieldsOf(key: Key | null): Fields {
  return {
    key_alias: key?.key_alias ?? "",
    key: "",
    team_id: key?.team_id ?? null,
    user_id: key?.user_id ?? "",
    organization_id: key?.organization_id ?? null,
    models: key?.models ?? [],
    key_type: key?.key_type ?? "default",
    duration: "",
    allowed_ips: key?.allowed_ips ?? [],
    allowed_routes: key?.allowed_routes ?? [],
    access_group_ids: key?.access_group_ids ?? [],
    aliases: written(key?.aliases),
    allowed_passthrough_routes: key?.allowed_passthrough_routes ?? [],
    denied_passthrough_routes: key?.denied_passthrough_routes ?? [],
    tags: key?.tags ?? [],
    budget_id: key?.budget_id ?? "",
    max_budget: key?.max_budget ?? "",
    soft_budget: key?.soft_budget ?? "",
    budget_duration: key?.budget_duration ?? "",
    model_max_budget: written(key?.model_max_budget),
    budget_limits: written(key?.budget_limits),
    budget_fallbacks: written(key?.budget_fallbacks),
    temp_budget_increase: key?.temp_budget_increase ?? "",
    temp_budget_expiry: key?.temp_budget_expiry ?? "",
    throttle_on_budget_exceeded: key?.throttle_on_budget_exceeded ?? false,
    rpm_limit: key?.rpm_limit ?? "",
    tpm_limit: key?.tpm_limit ?? "",
    tpd_limit: key?.tpd_limit ?? "",
    max_parallel_requests: key?.max_parallel_requests ?? "",
    model_rpm_limit: written(key?.model_rpm_limit),
    model_tpm_limit: written(key?.model_tpm_limit),
    tag_rpm_limit: written(key?.tag_rpm_limit),
    rpm_limit_type: key?.rpm_limit_type ?? null,
    tpm_limit_type: key?.tpm_limit_type ?? null,
    guardrails: key?.guardrails ?? [],
    disable_global_guardrails: key?.disable_global_guardrails ?? false,
    enforced_params: key?.enforced_params ?? [],
    auto_rotate: key?.auto_rotate ?? false,
    rotation_interval: key?.rotation_interval ?? "",
    allowed_cache_controls: key?.allowed_cache_controls ?? [],
    router_settings: written(key?.router_settings),
    permissions: written(key?.permissions),
    metadata: ownMetadata(key),
  };
}

/** Everything that the fields say, by the names of the API, of a new key or a changed one. */
export function request(fields: Fields, of: Key | null, admin: boolean): KeyRequest {
  const all = apart(fields, of === null);
  const own = (json(fields.metadata) ?? {}) as Record<string, unknown>;
  if (fields.metadata === ownMetadata(of)) return { ...all, metadata: own };
  const along = [...WITH, ...(admin ? WITH_OF_ADMINS : [])].map((name) => [name, all[name]]);
  return { ...all, metadata: { ...own, ...said(Object.fromEntries(along)) } };
}

function apart(fields: Fields, isNew: boolean): KeyRequest {
  return {
    key_alias: text(fields.key_alias),
    team_id: fields.team_id,
    user_id: text(fields.user_id),
    organization_id: fields.organization_id,
    models: fields.models,
    ...(isNew && fields.key_type !== "default" ? { key_type: fields.key_type } : {}),
    ...(isNew ? { key: text(fields.key) } : {}),
    duration: text(fields.duration),
    allowed_ips: list(fields.allowed_ips),
    allowed_routes: fields.allowed_routes,
    access_group_ids: fields.access_group_ids,
    aliases: json(fields.aliases) ?? {},
    allowed_passthrough_routes: list(fields.allowed_passthrough_routes),
    denied_passthrough_routes: list(fields.denied_passthrough_routes),
    tags: list(fields.tags),
    budget_id: text(fields.budget_id),
    max_budget: number(fields.max_budget),
    soft_budget: number(fields.soft_budget),
    budget_duration: text(fields.budget_duration),
    model_max_budget: json(fields.model_max_budget) ?? {},
    budget_limits: json(fields.budget_limits) ?? [],
    budget_fallbacks: json(fields.budget_fallbacks),
    temp_budget_increase: number(fields.temp_budget_increase),
    temp_budget_expiry: text(fields.temp_budget_expiry),
    throttle_on_budget_exceeded: fields.throttle_on_budget_exceeded || null,
    rpm_limit: number(fields.rpm_limit),
    tpm_limit: number(fields.tpm_limit),
    tpd_limit: number(fields.tpd_limit),
    max_parallel_requests: number(fields.max_parallel_requests),
    model_rpm_limit: json(fields.model_rpm_limit) ?? {},
    model_tpm_limit: json(fields.model_tpm_limit) ?? {},
    tag_rpm_limit: json(fields.tag_rpm_limit),
    rpm_limit_type: fields.rpm_limit_type,
    tpm_limit_type: fields.tpm_limit_type,
    guardrails: list(fields.guardrails),
    disable_global_guardrails: fields.disable_global_guardrails || null,
    enforced_params: list(fields.enforced_params),
    auto_rotate: fields.auto_rotate,
    rotation_interval: text(fields.rotation_interval),
    allowed_cache_controls: list(fields.allowed_cache_controls),
    router_settings: json(fields.router_settings),
    permissions: json(fields.permissions) ?? {},
  };
}

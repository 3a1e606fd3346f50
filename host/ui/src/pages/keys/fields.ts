import type { Key, KeyRequest } from "../../api/keys";
import { json, list, number, text, written } from "../../parts/values";

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
  tags: string[];
  budget_id: string;
  max_budget: number | string;
  soft_budget: number | string;
  budget_duration: string;
  model_max_budget: string;
  throttle_on_budget_exceeded: boolean;
  rpm_limit: number | string;
  tpm_limit: number | string;
  tpd_limit: number | string;
  max_parallel_requests: number | string;
  model_rpm_limit: string;
  model_tpm_limit: string;
  guardrails: string[];
  disable_global_guardrails: boolean;
  enforced_params: string[];
  auto_rotate: boolean;
  rotation_interval: string;
  metadata: string;
}

/** Fields that hold JSON. */
export const JSON_FIELDS = ["aliases", "model_max_budget", "model_rpm_limit", "model_tpm_limit", "metadata"] as const;

// What stands in `metadata` and has a field of its own.
const APART = ["tags", "guardrails", "enforced_params", "disable_global_guardrails", "throttle_on_budget_exceeded", "model_rpm_limit", "model_tpm_limit"];

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
    tags: key?.tags ?? [],
    budget_id: key?.budget_id ?? "",
    max_budget: key?.max_budget ?? "",
    soft_budget: key?.soft_budget ?? "",
    budget_duration: key?.budget_duration ?? "",
    model_max_budget: written(key?.model_max_budget),
    throttle_on_budget_exceeded: key?.throttle_on_budget_exceeded ?? false,
    rpm_limit: key?.rpm_limit ?? "",
    tpm_limit: key?.tpm_limit ?? "",
    tpd_limit: key?.tpd_limit ?? "",
    max_parallel_requests: key?.max_parallel_requests ?? "",
    model_rpm_limit: written(key?.model_rpm_limit),
    model_tpm_limit: written(key?.model_tpm_limit),
    guardrails: key?.guardrails ?? [],
    disable_global_guardrails: key?.disable_global_guardrails ?? false,
    enforced_params: key?.enforced_params ?? [],
    auto_rotate: key?.auto_rotate ?? false,
    rotation_interval: key?.rotation_interval ?? "",
    metadata: ownMetadata(key),
  };
}

/** Everything that the fields say, by the names of the API. */
export function request(fields: Fields, isNew: boolean): KeyRequest {
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
    tags: list(fields.tags),
    budget_id: text(fields.budget_id),
    max_budget: number(fields.max_budget),
    soft_budget: number(fields.soft_budget),
    budget_duration: text(fields.budget_duration),
    model_max_budget: json(fields.model_max_budget) ?? {},
    throttle_on_budget_exceeded: fields.throttle_on_budget_exceeded || null,
    rpm_limit: number(fields.rpm_limit),
    tpm_limit: number(fields.tpm_limit),
    tpd_limit: number(fields.tpd_limit),
    max_parallel_requests: number(fields.max_parallel_requests),
    model_rpm_limit: json(fields.model_rpm_limit) ?? {},
    model_tpm_limit: json(fields.model_tpm_limit) ?? {},
    guardrails: list(fields.guardrails),
    disable_global_guardrails: fields.disable_global_guardrails || null,
    enforced_params: list(fields.enforced_params),
    auto_rotate: fields.auto_rotate,
    rotation_interval: text(fields.rotation_interval),
    metadata: json(fields.metadata) ?? {},
  };
}

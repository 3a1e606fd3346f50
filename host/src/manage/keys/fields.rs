//! The fields of a key.

use crate::manage::fields::{Field, Kind};

/// What LiteLLM calls the share of a limit that is promised.
const LIMIT_TYPES: &[&str] = &["guaranteed_throughput", "best_effort_throughput", "dynamic"];

const KEY_TYPES: &[&str] = &["default", "llm_api", "management", "read_only"];

/// Limits that keys, users, teams and budgets share.
pub(in crate::manage) const LIMITS: &[Field] = &[
    Field("max_budget", Kind::Money),
    Field("soft_budget", Kind::Money),
    Field("budget_duration", Kind::Duration),
    Field("budget_limits", Kind::Windows),
    Field("tpm_limit", Kind::Count),
    Field("rpm_limit", Kind::Count),
    Field("tpd_limit", Kind::Count),
    Field("max_parallel_requests", Kind::Count),
    Field("model_max_budget", Kind::ModelBudgets),
    Field("model_rpm_limit", Kind::Counts),
    Field("model_tpm_limit", Kind::Counts),
];

/// Fields that LiteLLM keeps inside `metadata`, of keys and teams. They may come beside it or in
/// it, and are shown in both places.
pub(in crate::manage) const IN_METADATA: &[Field] = &[
    Field("tags", Kind::Texts),
    Field("guardrails", Kind::Texts),
    Field("policies", Kind::Texts),
    Field("prompts", Kind::Texts),
    Field("enforced_params", Kind::Texts),
    Field("disable_global_guardrails", Kind::Flag),
    Field("enable_prompt_caching", Kind::Flag),
    Field("throttle_on_budget_exceeded", Kind::Flag),
    Field("allowed_passthrough_routes", Kind::Texts),
    Field("denied_passthrough_routes", Kind::Texts),
    Field("allowed_vector_store_indexes", Kind::List),
    Field("rpm_limit_type", Kind::Choice(LIMIT_TYPES)),
    Field("tpm_limit_type", Kind::Choice(LIMIT_TYPES)),
    Field("mcp_rpm_limit", Kind::Counts),
    Field("tag_rpm_limit", Kind::Counts),
    Field("default_estimated_output_tokens", Kind::Positive),
    Field("default_estimated_output_tokens_per_model", Kind::Counts),
    Field("temp_budget_increase", Kind::Money),
    Field("temp_budget_expiry", Kind::Moment),
];

/// What a key has beside its limits and its metadata.
pub(super) const KEY: &[Field] = &[
    Field("key_alias", Kind::Id),
    Field("duration", Kind::Duration),
    Field("models", Kind::Texts),
    Field("spend", Kind::Money),
    Field("user_id", Kind::Id),
    Field("team_id", Kind::Id),
    Field("organization_id", Kind::Id),
    Field("project_id", Kind::Id),
    Field("agent_id", Kind::Id),
    Field("budget_id", Kind::Id),
    Field("end_user_budget_id", Kind::Id),
    Field("metadata", Kind::Object),
    Field("allowed_cache_controls", Kind::Texts),
    Field("config", Kind::Object),
    Field("permissions", Kind::Object),
    Field("budget_fallbacks", Kind::NameLists),
    Field("blocked", Kind::Flag),
    Field("aliases", Kind::Names),
    Field("object_permission", Kind::Object),
    Field("allowed_routes", Kind::Texts),
    Field("access_group_ids", Kind::Texts),
    Field("router_settings", Kind::Routing),
    Field("key_type", Kind::Choice(KEY_TYPES)),
    Field("auto_rotate", Kind::Flag),
    Field("rotation_interval", Kind::Duration),
    Field("send_invite_email", Kind::Flag),
    Field("allowed_ips", Kind::Texts),
];

/// The key's own text.
pub(super) const TEXT: &[Field] = &[Field("key", Kind::Text)];

/// Fields without a place of their own in a row.
pub(super) const IN_REST: &[&str] = &[
    "agent_id",
    "allowed_cache_controls",
    "allowed_ips",
    "auto_rotate",
    "budget_fallbacks",
    "config",
    "end_user_budget_id",
    "object_permission",
    "rotation_interval",
    "router_settings",
];

/// What only a proxy admin may set: it would lift limits that others have set.
pub(super) const ADMINS_ONLY: &[&str] = &[
    "allowed_passthrough_routes",
    "disable_global_guardrails",
    "permissions",
    "spend",
    "temp_budget_increase",
];

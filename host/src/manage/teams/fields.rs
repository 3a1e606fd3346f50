//! The fields of a team.

use crate::manage::fields::{Field, Kind};

/// What a team has beside its limits and its metadata.
pub(super) const TEAM: &[Field] = &[
    Field("team_alias", Kind::Id),
    Field("organization_id", Kind::Id),
    Field("metadata", Kind::Object),
    Field("models", Kind::Texts),
    Field("blocked", Kind::Flag),
    Field("router_settings", Kind::Routing),
    Field("access_group_ids", Kind::Texts),
    Field("default_team_member_models", Kind::Texts),
    Field("model_aliases", Kind::Names),
    Field("object_permission", Kind::Object),
    Field("secret_manager_settings", Kind::Object),
    Field("enforced_batch_output_expires_after", Kind::Object),
    Field("enforced_file_expires_after", Kind::Object),
    Field("team_member_key_duration", Kind::Duration),
    Field("team_member_permissions", Kind::Texts),
    Field("require_trace_id", Kind::Flag),
];

/// What its members have where nothing else is said of them.
pub(super) const MEMBER_DEFAULTS: &[Field] = &[
    Field("team_member_budget", Kind::Money),
    Field("team_member_budget_duration", Kind::Duration),
    Field("team_member_rpm_limit", Kind::Count),
    Field("team_member_tpm_limit", Kind::Count),
    Field("team_member_model_max_budget", Kind::ModelBudgets),
];

/// Only when a team is made.
pub(super) const NEW: &[Field] = &[
    Field("team_id", Kind::Id),
    Field("members_with_roles", Kind::List),
    Field("admins", Kind::Texts),
    Field("members", Kind::Texts),
];

/// Fields without a place of their own in a row.
pub(super) const IN_REST: &[&str] = &[
    "default_team_member_models",
    "enforced_batch_output_expires_after",
    "enforced_file_expires_after",
    "object_permission",
    "router_settings",
    "secret_manager_settings",
    "team_member_key_duration",
];

/// Where the shared budget of the members is named, inside `metadata`, as LiteLLM has it.
pub(super) const MEMBER_BUDGET: &str = "team_member_budget_id";

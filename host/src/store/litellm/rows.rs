//! LiteLLM's tables, as far as anything of them has a counterpart here. Amounts are dollars to
//! the nearest 10^-12, moments milliseconds since 1970; a missing column is as one that is NULL.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Table;
use super::read::{amount, json, list, moment, object, some_amount};
use crate::domain::Usd;

/// Rows of tables: what they are called, by what they are told apart, and their columns.
macro_rules! tables {
    ($(
        $(#[$about:meta])*
        $name:ident of $table:literal by [$($key:literal),+] {
            $($(#[$note:meta])* $field:ident: $type:ty,)*
        }
    )*) => { $(
        $(#[$about])*
        #[derive(Debug, Clone, Default, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$note])* pub $field: $type,)*
        }

        impl Table for $name {
            const NAME: &'static str = $table;
            const KEY: &'static [&'static str] = &[$($key),+];
        }
    )* };
}

/// When and by whom a row was made and changed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Made {
    #[serde(deserialize_with = "moment")]
    pub created_at: Option<i64>,
    pub created_by: Option<String>,
    #[serde(deserialize_with = "moment")]
    pub updated_at: Option<i64>,
    pub updated_by: Option<String>,
}

tables! {
    /// A virtual key.
    Key of "LiteLLM_VerificationToken" by ["token"] {
        token: String,
        key_name: Option<String>,
        key_alias: Option<String>,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        #[serde(deserialize_with = "amount")]
        total_spend: Usd,
        #[serde(deserialize_with = "moment")]
        expires: Option<i64>,
        models: Vec<String>,
        #[serde(deserialize_with = "object")]
        aliases: Map<String, Value>,
        #[serde(deserialize_with = "object")]
        config: Map<String, Value>,
        #[serde(deserialize_with = "object")]
        router_settings: Map<String, Value>,
        user_id: Option<String>,
        team_id: Option<String>,
        agent_id: Option<String>,
        project_id: Option<String>,
        organization_id: Option<String>,
        #[serde(deserialize_with = "object")]
        permissions: Map<String, Value>,
        max_parallel_requests: Option<i64>,
        #[serde(deserialize_with = "object")]
        metadata: Map<String, Value>,
        blocked: bool,
        tpm_limit: Option<i64>,
        rpm_limit: Option<i64>,
        tpd_limit: Option<i64>,
        #[serde(deserialize_with = "some_amount")]
        max_budget: Option<Usd>,
        budget_duration: Option<String>,
        #[serde(deserialize_with = "moment")]
        budget_reset_at: Option<i64>,
        #[serde(deserialize_with = "list")]
        budget_limits: Vec<Value>,
        budget_id: Option<String>,
        allowed_cache_controls: Vec<String>,
        allowed_routes: Vec<String>,
        key_type: Option<String>,
        policies: Vec<String>,
        access_group_ids: Vec<String>,
        #[serde(deserialize_with = "object")]
        model_spend: Map<String, Value>,
        #[serde(deserialize_with = "object")]
        model_max_budget: Map<String, Value>,
        #[serde(deserialize_with = "object")]
        budget_fallbacks: Map<String, Value>,
        object_permission_id: Option<String>,
        #[serde(flatten)]
        made: Made,
        auto_rotate: bool,
        rotation_interval: Option<String>,
        #[serde(deserialize_with = "moment")]
        key_rotation_at: Option<i64>,
    }

    /// The hash of a key before it was rotated.
    RotatedKey of "LiteLLM_DeprecatedVerificationToken" by ["id"] {
        token: String,
        active_token_id: String,
        #[serde(deserialize_with = "moment")]
        revoke_at: Option<i64>,
    }

    /// What was spent in one of several windows of a key or a team.
    BudgetWindow of "LiteLLM_BudgetWindowSpend"
        by ["entity_type", "entity_id", "window_duration"]
    {
        entity_type: String,
        entity_id: String,
        window_duration: String,
        #[serde(deserialize_with = "moment")]
        window_start: Option<i64>,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
    }

    Budget of "LiteLLM_BudgetTable" by ["budget_id"] {
        budget_id: String,
        #[serde(deserialize_with = "some_amount")]
        max_budget: Option<Usd>,
        #[serde(deserialize_with = "some_amount")]
        soft_budget: Option<Usd>,
        max_parallel_requests: Option<i64>,
        tpm_limit: Option<i64>,
        rpm_limit: Option<i64>,
        tpd_limit: Option<i64>,
        #[serde(deserialize_with = "object")]
        model_max_budget: Map<String, Value>,
        budget_duration: Option<String>,
        #[serde(deserialize_with = "moment")]
        budget_reset_at: Option<i64>,
        allowed_models: Vec<String>,
        temp_budget_increase: Option<f64>,
        temp_budget_expiry: Option<String>,
        #[serde(flatten)]
        made: Made,
    }

    Organization of "LiteLLM_OrganizationTable" by ["organization_id"] {
        organization_id: String,
        organization_alias: Option<String>,
        budget_id: Option<String>,
        #[serde(deserialize_with = "object")]
        metadata: Map<String, Value>,
        models: Vec<String>,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        object_permission_id: Option<String>,
        #[serde(flatten)]
        made: Made,
    }

    OrganizationMember of "LiteLLM_OrganizationMembership" by ["user_id", "organization_id"] {
        user_id: String,
        organization_id: String,
        user_role: Option<String>,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        budget_id: Option<String>,
        #[serde(flatten)]
        made: Made,
    }

    User of "LiteLLM_UserTable" by ["user_id"] {
        user_id: String,
        user_alias: Option<String>,
        sso_user_id: Option<String>,
        password: Option<String>,
        password_reset_required: bool,
        user_role: Option<String>,
        #[serde(deserialize_with = "some_amount")]
        max_budget: Option<Usd>,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        user_email: Option<String>,
        models: Vec<String>,
        #[serde(deserialize_with = "object")]
        metadata: Map<String, Value>,
        max_parallel_requests: Option<i64>,
        tpm_limit: Option<i64>,
        rpm_limit: Option<i64>,
        budget_duration: Option<String>,
        #[serde(deserialize_with = "moment")]
        budget_reset_at: Option<i64>,
        allowed_cache_controls: Vec<String>,
        policies: Vec<String>,
        #[serde(deserialize_with = "object")]
        model_spend: Map<String, Value>,
        #[serde(deserialize_with = "object")]
        model_max_budget: Map<String, Value>,
        object_permission_id: Option<String>,
        #[serde(flatten)]
        made: Made,
    }

    Team of "LiteLLM_TeamTable" by ["team_id"] {
        team_id: String,
        team_alias: Option<String>,
        organization_id: Option<String>,
        object_permission_id: Option<String>,
        admins: Vec<String>,
        members: Vec<String>,
        #[serde(deserialize_with = "list")]
        members_with_roles: Vec<Value>,
        #[serde(deserialize_with = "object")]
        metadata: Map<String, Value>,
        #[serde(deserialize_with = "some_amount")]
        max_budget: Option<Usd>,
        #[serde(deserialize_with = "some_amount")]
        soft_budget: Option<Usd>,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        models: Vec<String>,
        max_parallel_requests: Option<i64>,
        tpm_limit: Option<i64>,
        rpm_limit: Option<i64>,
        tpd_limit: Option<i64>,
        budget_duration: Option<String>,
        #[serde(deserialize_with = "moment")]
        budget_reset_at: Option<i64>,
        #[serde(deserialize_with = "list")]
        budget_limits: Vec<Value>,
        blocked: bool,
        #[serde(flatten)]
        made: Made,
        #[serde(deserialize_with = "object")]
        model_spend: Map<String, Value>,
        #[serde(deserialize_with = "object")]
        model_max_budget: Map<String, Value>,
        #[serde(deserialize_with = "object")]
        router_settings: Map<String, Value>,
        team_member_permissions: Vec<String>,
        access_group_ids: Vec<String>,
        policies: Vec<String>,
        default_team_member_models: Vec<String>,
        model_id: Option<i64>,
        allow_team_guardrail_config: bool,
    }

    /// The model aliases of a team.
    ModelAliases of "LiteLLM_ModelTable" by ["id"] {
        id: i64,
        #[serde(rename = "aliases", deserialize_with = "object")]
        model_aliases: Map<String, Value>,
    }

    /// What a member of a team has spent, and the member's budget.
    Membership of "LiteLLM_TeamMembership" by ["user_id", "team_id"] {
        user_id: String,
        team_id: String,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        #[serde(deserialize_with = "amount")]
        total_spend: Usd,
        budget_id: Option<String>,
    }

    EndUser of "LiteLLM_EndUserTable" by ["user_id"] {
        user_id: String,
        alias: Option<String>,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        allowed_model_region: Option<String>,
        default_model: Option<String>,
        models: Vec<String>,
        budget_id: Option<String>,
        object_permission_id: Option<String>,
        blocked: bool,
    }

    Tag of "LiteLLM_TagTable" by ["tag_name"] {
        tag_name: String,
        description: Option<String>,
        models: Vec<String>,
        #[serde(deserialize_with = "object")]
        model_info: Map<String, Value>,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        budget_id: Option<String>,
        #[serde(flatten)]
        made: Made,
    }

    AccessGroup of "LiteLLM_AccessGroupTable" by ["access_group_id"] {
        access_group_id: String,
        access_group_name: String,
        description: Option<String>,
        access_model_names: Vec<String>,
        access_mcp_server_ids: Vec<String>,
        access_agent_ids: Vec<String>,
        #[serde(flatten)]
        made: Made,
    }

    /// What the models of a group may cost together.
    GroupBudget of "LiteLLM_ModelAccessGroupBudgetTable" by ["access_group_name"] {
        access_group_name: String,
        #[serde(deserialize_with = "amount")]
        spend: Usd,
        budget_id: Option<String>,
        #[serde(flatten)]
        made: Made,
    }

    /// Which servers, stores and agents a holder may use: every column but the id.
    ObjectPermission of "LiteLLM_ObjectPermissionTable" by ["object_permission_id"] {
        #[serde(flatten)]
        columns: Map<String, Value>,
    }

    /// Provider keys under a name; each value is encrypted.
    Credential of "LiteLLM_CredentialsTable" by ["credential_name"] {
        credential_name: String,
        #[serde(deserialize_with = "object")]
        credential_values: Map<String, Value>,
        #[serde(deserialize_with = "object")]
        credential_info: Map<String, Value>,
        #[serde(flatten)]
        made: Made,
    }

    /// A deployment; each text of its parameters is encrypted.
    Model of "LiteLLM_ProxyModelTable" by ["model_id"] {
        model_id: String,
        model_name: String,
        #[serde(deserialize_with = "object")]
        litellm_params: Map<String, Value>,
        #[serde(deserialize_with = "object")]
        model_info: Map<String, Value>,
        blocked: bool,
        #[serde(flatten)]
        made: Made,
    }

    /// A section of the configuration.
    Setting of "LiteLLM_Config" by ["param_name"] {
        param_name: String,
        #[serde(deserialize_with = "json")]
        param_value: Value,
    }

    Invitation of "LiteLLM_InvitationLink" by ["id"] {
        id: String,
        user_id: String,
        is_accepted: bool,
        #[serde(deserialize_with = "moment")]
        accepted_at: Option<i64>,
        #[serde(deserialize_with = "moment")]
        expires_at: Option<i64>,
        #[serde(flatten)]
        made: Made,
    }
}

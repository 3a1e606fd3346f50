//! The records that make a caller: budgets, organisations, users, teams, members, keys.
//! `rest` keeps every valid field that has no place of its own.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Limits;
use super::record::record;
use crate::domain::Usd;

record! {
    /// A virtual key; its id is the SHA-256 of the key, in lower-case hex.
    KeyRow is "key" in "keys" with KeyDoc,
    refers [
        user_id to "users", team_id to "teams", organization_id to "organizations",
        budget_id to "budgets"
    ]
    {
        /// `sk-...` and the last four characters.
        name: String,
        alias: Option<String>,
        user_id: Option<String>,
        team_id: Option<String>,
        organization_id: Option<String>,
        project_id: Option<String>,
        budget_id: Option<String>,
        blocked: bool,
        /// Milliseconds since 1970.
        expires_at: Option<i64>,
        /// When the key is to be replaced by itself (`auto_rotate`).
        rotate_at: Option<i64>,
        max_budget: Option<Usd>,
    }
}

/// What a key has beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyDoc {
    #[serde(flatten)]
    pub limits: Limits,
    /// Empty: every model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub aliases: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub permissions: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_routes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_group_ids: Vec<String>,
    /// `default`, `llm_api`, `management` or `read_only`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_type: Option<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

record! {
    /// A group of users that share models, limits and a budget.
    TeamRow is "team" in "teams" with TeamDoc,
    refers [organization_id to "organizations", budget_id to "budgets"]
    {
        alias: Option<String>,
        organization_id: Option<String>,
        budget_id: Option<String>,
        blocked: bool,
        max_budget: Option<Usd>,
    }
}

/// What a team has beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TeamDoc {
    #[serde(flatten)]
    pub limits: Limits,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub model_aliases: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_group_ids: Vec<String>,
    /// Management routes that every member may call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub team_member_permissions: Vec<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

record! {
    /// A person or a service.
    UserRow is "user" in "users" with UserDoc,
    refers [budget_id to "budgets"]
    {
        alias: Option<String>,
        email: Option<String>,
        /// The subject at the identity provider.
        sso_id: Option<String>,
        /// `proxy_admin`, `internal_user`, …
        role: Option<String>,
        max_budget: Option<Usd>,
        budget_id: Option<String>,
    }
}

/// What a user has beside the columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserDoc {
    #[serde(flatten)]
    pub limits: Limits,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// As scrypt made it; never the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

record! {
    /// A user inside a team; the id is `<team id>/<user id>`, as in `EntityKind::TeamMember`.
    TeamMemberRow is "team_member" in "team_members" with MemberDoc,
    refers [team_id to "teams", user_id to "users", budget_id to "budgets"]
    {
        team_id: String,
        user_id: String,
        /// `admin` or `user`.
        role: String,
        budget_id: Option<String>,
        max_budget: Option<Usd>,
    }
}

record! {
    /// A user inside an organisation; the id is `<organization id>/<user id>`.
    OrganizationMemberRow is "organization_member" in "organization_members" with MemberDoc,
    refers [organization_id to "organizations", user_id to "users", budget_id to "budgets"]
    {
        organization_id: String,
        user_id: String,
        role: Option<String>,
        budget_id: Option<String>,
    }
}

/// What a membership has beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemberDoc {
    #[serde(flatten)]
    pub limits: Limits,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The id of a membership.
pub fn member_id(group: &str, user: &str) -> String {
    format!("{group}/{user}")
}

record! {
    /// A group of teams. Its money is that of its budget.
    OrganizationRow is "organization" in "organizations" with OrganizationDoc,
    refers [budget_id to "budgets"]
    {
        alias: Option<String>,
        budget_id: Option<String>,
    }
}

/// What an organisation has beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationDoc {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

record! {
    /// Limits that several holders can share by name.
    BudgetRow is "budget" in "budgets" with BudgetDoc,
    refers []
    { max_budget: Option<Usd>, }
}

/// What a budget has beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BudgetDoc {
    #[serde(flatten)]
    pub limits: Limits,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_models: Vec<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

//! The records around the callers: end users, tags, access groups, credentials, models, guardrails,
//! settings and invitations.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Sealed;
use super::record::record;

record! {
    /// The customer of a caller, named by the `user` of a request.
    EndUserRow is "end_user" in "end_users" with EndUserDoc,
    refers [budget_id to "budgets"]
    {
        alias: Option<String>,
        budget_id: Option<String>,
        blocked: bool,
    }
}

/// What an end user has beside the columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndUserDoc {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_model_region: Option<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

record! {
    /// A label of requests; the id is its name.
    TagRow is "tag" in "tags" with TagDoc,
    refers [budget_id to "budgets"]
    { budget_id: Option<String>, }
}

/// What a tag has beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TagDoc {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

record! {
    /// Models under one name, to be given to keys and teams together.
    AccessGroupRow is "access_group" in "access_groups" with AccessGroupDoc,
    refers []
    { name: String, }
}

/// What an access group has beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccessGroupDoc {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

record! {
    /// Provider keys under a name, which is the id.
    CredentialRow is "credential" in "credentials" with Map<String, Value>,
    refers []
    {
        /// The values, each encrypted; `doc` is `credential_info`.
        sealed: Sealed,
    }
}

record! {
    /// A deployment that was made through the API; the id is its `model_info.id`.
    ModelRow is "model" in "models" with ModelDoc,
    refers []
    {
        model_name: String,
        /// The team that it belongs to, if it is a team's own. Not checked: a team's models
        /// may be deleted after it.
        team_id: Option<String>,
        blocked: bool,
        /// `litellm_params` that are texts, each encrypted.
        sealed: Sealed,
    }
}

/// What a model has beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelDoc {
    /// `litellm_params` that are no texts.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub model_info: Map<String, Value>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

record! {
    /// A guardrail that was made through the API; the id is its `guardrail_id`.
    GuardrailRow is "guardrail" in "guardrails" with GuardrailDoc,
    refers []
    {
        guardrail_name: String,
        /// `litellm_params` that may hold a secret, each as JSON and encrypted.
        sealed: Sealed,
    }
}

/// What a guardrail has beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GuardrailDoc {
    /// The other `litellm_params`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub guardrail_info: Map<String, Value>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

record! {
    /// A section of the configuration that was set through the API; the id is its name.
    ConfigRow is "config" in "config" with Value,
    refers []
    {
        /// Secrets of the section (`environment_variables`), each encrypted.
        sealed: Sealed,
    }
}

record! {
    /// A link with which a user chooses a password.
    InvitationRow is "invitation" in "invitations" with Map<String, Value>,
    refers [user_id to "users"]
    {
        user_id: String,
        accepted: bool,
        accepted_at: Option<i64>,
        expires_at: i64,
    }
}

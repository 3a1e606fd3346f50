//! What the operator's config says about management.

use serde_json::{Map, Value};

use crate::budget::Calendar;
use crate::config::PasswordRules;

/// Rules of `litellm_settings` and `general_settings` for new objects. The default is LiteLLM's:
/// no rule.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub keys: KeyRules,
    /// `default_internal_user_params`: fields that a new user has where the request is silent.
    pub default_user: Map<String, Value>,
    /// `default_team_params`.
    pub default_team: Map<String, Value>,
    /// When budgets reset: `timezone` and `budget_reset_time`.
    pub calendar: Calendar,
    /// `store_model_in_db`: whether models may be made through the API.
    pub store_models: bool,
    /// `general_settings.password_policy_*`.
    pub passwords: PasswordRules,
    /// Where the UI stands, for invitation links; empty: links are relative.
    pub base_url: String,
}

/// Rules for keys.
#[derive(Debug, Clone, Default)]
pub struct KeyRules {
    /// `default_key_generate_params`.
    pub defaults: Map<String, Value>,
    /// `upperbound_key_generate_params`: the most that a key may have, and what it has where the
    /// request is silent.
    pub upper_bounds: Map<String, Value>,
    /// `key_generation_settings`.
    pub generation: KeyGeneration,
    /// `key_alias_pattern`: a regular expression that a whole alias must match.
    pub alias_pattern: Option<regex::Regex>,
    /// `disable_custom_api_keys`.
    pub no_custom_keys: bool,
    /// `LENGTH_OF_LITELLM_GENERATED_KEY`, in random bytes; 0: the usual length.
    pub bytes: usize,
}

/// `key_generation_settings`: who may make keys, and what they must say.
#[derive(Debug, Clone, Default)]
pub struct KeyGeneration {
    /// `team_key_generation.allowed_team_member_roles`; None: as the team permits.
    pub team_roles: Option<Vec<String>>,
    /// `team_key_generation.required_params`.
    pub team_required: Vec<String>,
    /// `personal_key_generation.allowed_user_roles`; None: every user.
    pub personal_roles: Option<Vec<String>>,
    /// `personal_key_generation.required_params`.
    pub personal_required: Vec<String>,
}

//! What LiteLLM's sections say of objects that are made through the API. Read here, understood by
//! the management API.

use serde_json::{Map, Value};

use super::allowance::dollars;
use super::section::Section;

/// Rules for new keys, users and teams.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Management {
    /// `default_key_generate_params`.
    pub key_defaults: Map<String, Value>,
    /// `upperbound_key_generate_params`.
    pub key_upper_bounds: Map<String, Value>,
    /// `key_generation_settings`.
    pub key_generation: Map<String, Value>,
    /// `key_alias_pattern`.
    pub key_alias_pattern: Option<String>,
    /// `disable_custom_api_keys`.
    pub no_custom_keys: bool,
    /// `default_internal_user_params`, with `max_internal_user_budget` and
    /// `internal_user_budget_duration` where those say nothing.
    pub user_defaults: Map<String, Value>,
    /// `default_team_params`.
    pub team_defaults: Map<String, Value>,
}

impl Management {
    /// What `general_settings` has of it.
    pub fn read_general(&mut self, section: &mut Section<'_>) {
        self.no_custom_keys = section.flag("disable_custom_api_keys").unwrap_or(false);
    }

    /// What `litellm_settings` has of it.
    pub fn read_litellm(&mut self, section: &mut Section<'_>) {
        let mut members = |name: &str| section.members(name).unwrap_or_default();
        self.key_defaults = members("default_key_generate_params");
        self.key_upper_bounds = members("upperbound_key_generate_params");
        self.key_generation = members("key_generation_settings");
        self.user_defaults = members("default_internal_user_params");
        self.team_defaults = members("default_team_params");
        self.key_alias_pattern = section.text("key_alias_pattern");
        let budget = dollars(section, "max_internal_user_budget");
        let duration = section.text("internal_user_budget_duration");
        let defaults = [
            ("max_budget", budget.map(|it| it.dollars().into())),
            ("budget_duration", duration.map(Value::from)),
        ];
        for (name, value) in defaults {
            if let Some(value) = value {
                self.user_defaults.entry(name).or_insert(value);
            }
        }
    }
}

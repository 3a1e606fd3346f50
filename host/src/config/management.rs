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
    pub passwords: PasswordRules,
    /// `default_internal_user_params`, with `max_internal_user_budget` (else
    /// `default_max_internal_user_budget`) and
    /// `internal_user_budget_duration` where those say nothing.
    pub user_defaults: Map<String, Value>,
    /// `default_team_params`.
    pub team_defaults: Map<String, Value>,
}

/// What a new password must have: `password_policy_*`. Without them, at least 8 characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PasswordRules {
    /// In characters; less than 8 counts as 8.
    pub min_length: usize,
    pub uppercase: bool,
    pub lowercase: bool,
    pub numbers: bool,
    pub special_characters: bool,
}

impl PasswordRules {
    fn read(section: &mut Section<'_>) -> Self {
        let length = section.count("password_policy_min_length");
        let mut must = |what: &str| {
            let name = format!("password_policy_require_{what}");
            section.flag(&name).unwrap_or(false)
        };
        Self {
            min_length: length.and_then(|it| usize::try_from(it).ok()).unwrap_or(0),
            uppercase: must("uppercase"),
            lowercase: must("lowercase"),
            numbers: must("numbers"),
            special_characters: must("special_characters"),
        }
    }
}

impl Management {
    /// What `general_settings` has of it.
    pub fn read_general(&mut self, section: &mut Section<'_>) {
        self.no_custom_keys = section.flag("disable_custom_api_keys").unwrap_or(false);
        self.passwords = PasswordRules::read(section);
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
        let fallback = dollars(section, "default_max_internal_user_budget");
        let budget = dollars(section, "max_internal_user_budget").or(fallback);
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

#[cfg(test)]
mod tests {
    use super::super::{Config, Env, Remark};
    use super::*;
    use serde_json::json;

    fn read(file: Value) -> Management {
        let (config, remarks) = Config::parse(&file.to_string(), Env::default()).unwrap();
        let idle = |it: &&Remark| it.path != "model_list" && !it.text.is_empty();
        let idle: Vec<_> = remarks.iter().filter(idle).collect();
        assert!(idle.is_empty(), "{idle:?}");
        config.money.management.clone()
    }

    #[test]
    fn the_budget_of_users_has_a_fallback() {
        let budget = |section: Value| {
            let read = read(json!({"litellm_settings": section}));
            read.user_defaults.get("max_budget").and_then(Value::as_f64)
        };
        assert_eq!(
            budget(json!({"default_max_internal_user_budget": 5})),
            Some(5.0)
        );
        let both = json!({"default_max_internal_user_budget": 5, "max_internal_user_budget": 7});
        assert_eq!(budget(both), Some(7.0));
        let own = json!({"default_max_internal_user_budget": 5,
            "default_internal_user_params": {"max_budget": 3}});
        assert_eq!(budget(own), Some(3.0));
    }

    #[test]
    fn rules_for_passwords_are_read() {
        let rules = read(
            json!({"general_settings": {"password_policy_min_length": 12,
            "password_policy_require_numbers": true, "password_policy_require_uppercase": false}}),
        );
        let wanted = PasswordRules {
            min_length: 12,
            numbers: true,
            ..PasswordRules::default()
        };
        assert_eq!(rules.passwords, wanted);
    }
}

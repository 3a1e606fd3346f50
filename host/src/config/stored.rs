//! What the database has beside the file: models and credentials made through the API, and
//! settings that were set there.

use serde_json::{Map, Value};

/// Entries as a file would have them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// Of `model_list`, each with `model_info.db_model`.
    pub models: Vec<Value>,
    /// Of `credential_list`.
    pub credentials: Vec<Value>,
    /// Settings by their section, secrets opened. They count more than the file's, as in LiteLLM.
    pub settings: Map<String, Value>,
}

/// What a gateway needs before it can read its database, or opens it with: never taken from there.
const OF_THE_FILE: [&str; 3] = ["master_key", "database_url", "salt_key"];
const OF_THE_PROCESS: [&str; 4] = [
    "DATABASE_URL",
    "LITELLM_MASTER_KEY",
    "LITELLM_SALT_KEY",
    "SLUICE_STATE_DIR",
];

/// Sections that settings may be of.
pub const SECTIONS: [&str; 4] = [
    "general_settings",
    "litellm_settings",
    "router_settings",
    "environment_variables",
];

impl Stored {
    /// Whether a setting of a section is among them.
    pub(super) fn sets(&self, section: &str, name: &str) -> bool {
        let section = self.settings.get(section);
        section.is_some_and(|it| it.get(name).is_some())
    }

    /// Behind the file's own entries, which keep their places. A section that is no list is left
    /// for its reader to complain of.
    pub(super) fn add_to(self, root: &mut Map<String, Value>) {
        for (section, settings) in self.settings {
            let known = SECTIONS.contains(&section.as_str());
            let Some(settings) = settings.as_object().filter(|_| known) else {
                continue;
            };
            let place = root.entry(section.as_str()).or_insert(Value::Null);
            if place.is_null() {
                *place = Map::new().into();
            }
            let Some(place) = place.as_object_mut() else {
                continue;
            };
            for (name, value) in settings {
                let own = match section.as_str() {
                    "general_settings" => OF_THE_FILE.contains(&name.as_str()),
                    "environment_variables" => OF_THE_PROCESS.contains(&name.as_str()),
                    _ => false,
                };
                if !own {
                    place.insert(name.clone(), value.clone());
                }
            }
        }
        for (name, entries) in [
            ("model_list", self.models),
            ("credential_list", self.credentials),
        ] {
            if entries.is_empty() {
                continue;
            }
            let list = root.entry(name).or_insert(Value::Null);
            match list {
                Value::Null => *list = entries.into(),
                Value::Array(own) => own.extend(entries),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stored_entries_stand_behind_the_files() {
        let stored = Stored {
            models: vec![json!({"model_name": "b"})],
            ..Stored::default()
        };
        for (file, expected) in [
            (
                json!({"model_list": [{"model_name": "a"}]}),
                json!([{"model_name": "a"}, {"model_name": "b"}]),
            ),
            (json!({}), json!([{"model_name": "b"}])),
            (json!({"model_list": "wrong"}), json!("wrong")),
        ] {
            let Value::Object(mut root) = file else {
                continue;
            };
            stored.clone().add_to(&mut root);
            assert_eq!(root.get("model_list"), Some(&expected));
            assert_eq!(root.get("credential_list"), None);
        }
    }

    #[test]
    fn stored_settings_count_more_than_the_files_but_for_what_opens_the_database() {
        let settings = json!({
            "general_settings": {"master_key": "sk-other", "allowed_routes": ["/health"]},
            "litellm_settings": {"max_budget": 5},
            "environment_variables": {"LITELLM_SALT_KEY": "x", "A": "b"},
            "model_list": {"a": 1},
        });
        let stored = Stored {
            settings: settings.as_object().cloned().unwrap(),
            ..Stored::default()
        };
        let file = json!({"general_settings": {"master_key": "sk-own"},
            "litellm_settings": {"max_budget": 1, "drop_params": true}});
        let mut root = file.as_object().cloned().unwrap();
        stored.add_to(&mut root);
        let wanted = json!({
            "general_settings": {"master_key": "sk-own", "allowed_routes": ["/health"]},
            "litellm_settings": {"max_budget": 5, "drop_params": true},
            "environment_variables": {"A": "b"},
        });
        assert_eq!(Value::from(root), wanted);
    }
}

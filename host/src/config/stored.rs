//! What the database has beside the file: models and credentials made through the API, and
//! settings that were set there. It counts where `store_model_in_db` says so.

use serde_json::{Map, Value};

use super::env::Env;
use super::remarks::{Remarks, Taken};
use super::secrets::REFERENCE;
use super::section::flag_of;
use super::sources::{Origins, Writer};
use super::through::STORED_ENDPOINT;

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

pub const GENERAL: &str = "general_settings";
const ENDPOINTS: &str = "pass_through_endpoints";
pub const ENVIRONMENT: &str = "environment_variables";

/// Sections that settings may be of.
pub const SECTIONS: [&str; 4] = [GENERAL, "litellm_settings", "router_settings", ENVIRONMENT];

/// Whether the database counts.
pub const SWITCH: &str = "store_model_in_db";
const SWITCH_VARIABLE: &str = "STORE_MODEL_IN_DB";

/// What a gateway needs before it can read its database, or opens it with: never taken from there.
/// Nor what the gateway itself would ask at any address: whoever may change settings may not reach
/// into the operator's network by it.
const OF_THE_FILE: [&str; 12] = [
    "aws_sqs_callback_params",
    "callback_settings",
    "datadog_params",
    "generic_logger_headers",
    "s3_callback_params",
    "master_key",
    "database_url",
    "salt_key",
    "trust_stored_api_base",
    "model_cost_map_url",
    "model_cost_map_file",
    ENDPOINTS,
];
const OF_THE_PROCESS: [&str; 17] = [
    "DATABASE_URL",
    "DATABASE_HOST",
    "DATABASE_PORT",
    "DATABASE_USERNAME",
    "DATABASE_PASSWORD",
    "DATABASE_NAME",
    "DATABASE_SCHEMA",
    "DIRECT_URL",
    "JWT_PUBLIC_KEY_URL",
    "LITELLM_LOCAL_MODEL_COST_MAP",
    "LITELLM_MASTER_KEY",
    "LITELLM_MODE",
    "LITELLM_MODEL_COST_MAP_URL",
    "LITELLM_SALT_KEY",
    "SLUICE_DATA_DIR",
    "SLUICE_STATE_DIR",
    SWITCH_VARIABLE,
];

/// Whether a setting is the file's or the environment's alone, in whichever section it is written:
/// one that stands in the wrong section is moved home.
pub fn is_of_file(section: &str, name: &str) -> bool {
    match section {
        ENVIRONMENT => {
            let leads_out = ["_API_BASE", "_BASE_URL", "_ENDPOINT", "_HOST"]
                .iter()
                .any(|it| name.ends_with(it));
            OF_THE_PROCESS.contains(&name) || name.starts_with("OTEL_") || leads_out
        }
        _ => OF_THE_FILE.contains(&name),
    }
}

impl Stored {
    /// Whether it counts, beside this document.
    pub(super) fn counts(&self, root: &Map<String, Value>, env: &Env) -> bool {
        let own = self.settings.get(GENERAL).and_then(|it| it.get(SWITCH));
        let own = || own.and_then(flag);
        outside(root, env).or_else(own) == Some(true)
    }

    /// Whether a value refers to a variable that is among them.
    pub(super) fn is_named_by(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => text
                .strip_prefix(REFERENCE)
                .is_some_and(|it| self.sets(ENVIRONMENT, it)),
            Value::Array(all) => all.iter().any(|it| self.is_named_by(it)),
            Value::Object(members) => members.values().any(|it| self.is_named_by(it)),
            _ => false,
        }
    }

    /// Whether a setting of a section is among them.
    pub(super) fn sets(&self, section: &str, name: &str) -> bool {
        let section = self.settings.get(section);
        section.is_some_and(|it| it.get(name).is_some())
    }

    /// Lays it over the file's document, if it counts; if it does not, a remark says so.
    pub(super) fn lay(
        self,
        root: &mut Map<String, Value>,
        env: &Env,
        origins: &mut Origins,
        remarks: &mut Remarks,
    ) {
        if self == Self::default() {
            return;
        }
        if self.counts(root, env) {
            let switched = outside(root, env).is_some();
            self.add_to(root, switched, origins);
            return;
        }
        let settings = self.settings.values().filter_map(Value::as_object);
        let settings: usize = settings.map(Map::len).sum();
        let (models, credentials) = (self.models.len(), self.credentials.len());
        let text = format!(
            "is not on: {settings} settings, {models} models and {credentials} credentials of the \
             database have no effect"
        );
        remarks.say(Taken::Warning, format!("{GENERAL}.{SWITCH}"), text);
    }

    /// Behind the file's own entries, which keep their places. A section that is no list is left
    /// for its reader to complain of.
    fn add_to(self, root: &mut Map<String, Value>, switched: bool, origins: &mut Origins) {
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
                if section == GENERAL && name == ENDPOINTS {
                    add_endpoints(place, value);
                    continue;
                }
                // The word that opened the database is not taken back by it.
                let switch = name == SWITCH && (switched || section != GENERAL);
                if !switch && !is_of_file(&section, name) {
                    place.insert(name.clone(), value.clone());
                    origins.set(&section, name, Writer::Database);
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
            origins.grow(name, entries.len(), &Writer::Database);
            let list = root.entry(name).or_insert(Value::Null);
            match list {
                Value::Null => *list = entries.into(),
                Value::Array(own) => own.extend(entries),
                _ => {}
            }
        }
    }
}

/// Endpoints that were made through their own API: behind the file's, each with its mark. They come as
/// they were sealed, so that a list that merely stands among the settings is none.
fn add_endpoints(place: &mut Map<String, Value>, value: &Value) {
    let sealed = value.as_str().unwrap_or_default();
    let Ok(list) = serde_json::from_str::<Vec<Map<String, Value>>>(sealed) else {
        return;
    };
    let marked = list.into_iter().map(|mut it| {
        it.insert(STORED_ENDPOINT.to_owned(), true.into());
        Value::Object(it)
    });
    let all = place.entry(ENDPOINTS).or_insert(Value::Null);
    match all {
        Value::Null => *all = marked.collect(),
        Value::Array(own) => own.extend(marked),
        _ => {}
    }
}

/// What the file says of the switch (in whichever section), else the environment.
fn outside(root: &Map<String, Value>, env: &Env) -> Option<bool> {
    let variable = |name: &str| {
        let own = root.get(ENVIRONMENT).and_then(|it| it.get(name)?.as_str());
        let own = own.filter(|it| !it.starts_with(REFERENCE));
        own.map(str::to_owned).or_else(|| env.text(name))
    };
    let mut sections = SECTIONS.iter().filter(|it| **it != ENVIRONMENT);
    let written = sections.find_map(|it| root.get(*it)?.get(SWITCH).filter(|it| !it.is_null()));
    let followed = written.and_then(|value| {
        let name = value.as_str().and_then(|it| it.strip_prefix(REFERENCE));
        name.map_or_else(|| flag(value), |name| flag_of(&variable(name)?))
    });
    followed.or_else(|| flag_of(&variable(SWITCH_VARIABLE)?))
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => flag_of(text),
        Value::Number(number) => number.as_u64().filter(|it| *it < 2).map(|it| it == 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The document and what is said once the database is laid over it.
    fn laid(file: &Value, env: &[(&str, &str)], stored: &Stored) -> (Value, Vec<String>) {
        let mut root = file.as_object().cloned().unwrap();
        let mut remarks = Remarks::default();
        let mut origins = Origins::default();
        let env = Env::of(env);
        stored
            .clone()
            .lay(&mut root, &env, &mut origins, &mut remarks);
        let said = remarks.0.into_iter().map(|it| it.text).collect();
        (root.into(), said)
    }

    fn settings(settings: &Value) -> Stored {
        Stored {
            settings: settings.as_object().cloned().unwrap(),
            ..Stored::default()
        }
    }

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
            let (root, _) = laid(&file, &[("STORE_MODEL_IN_DB", "True")], &stored);
            assert_eq!(root.get("model_list"), Some(&expected));
            assert_eq!(root.get("credential_list"), None);
        }
    }

    #[test]
    fn stored_settings_count_more_than_the_files_but_for_what_opens_the_database() {
        let stored = settings(&json!({
            "general_settings": {"master_key": "sk-other", "allowed_routes": ["/health"]},
            "litellm_settings": {"max_budget": 5, "master_key": "sk-other"},
            "environment_variables": {"LITELLM_SALT_KEY": "x", "A": "b"},
            "model_list": {"a": 1},
        }));
        let file = json!({"general_settings": {"master_key": "sk-own", "store_model_in_db": true},
            "litellm_settings": {"max_budget": 1, "drop_params": true}});
        let wanted = json!({
            "general_settings": {"master_key": "sk-own", "store_model_in_db": true,
                "allowed_routes": ["/health"]},
            "litellm_settings": {"max_budget": 5, "drop_params": true},
            "environment_variables": {"A": "b"},
        });
        assert_eq!(laid(&file, &[], &stored).0, wanted);
    }

    #[test]
    fn stored_endpoints_stand_behind_the_files_and_a_plain_list_of_them_is_none() {
        let file = json!({"general_settings": {"store_model_in_db": true,
            "pass_through_endpoints": [{"path": "/a"}]}});
        let laid_over = |value: Value| {
            let stored = settings(&json!({"general_settings": {"pass_through_endpoints": value}}));
            laid(&file, &[], &stored).0["general_settings"]["pass_through_endpoints"].clone()
        };
        let sealed = json!([{"path": "/b"}]).to_string();
        let both = json!([{"path": "/a"}, {"path": "/b", "db_endpoint": true}]);
        assert_eq!(laid_over(sealed.into()), both);
        for none in [
            json!([{"path": "/b"}]),
            json!("/b"),
            json!("[7]"),
            Value::Null,
        ] {
            assert_eq!(laid_over(none), json!([{"path": "/a"}]));
        }
    }

    #[test]
    fn the_database_counts_by_the_files_word_then_the_environments_then_its_own() {
        let stored = |own: Value| {
            settings(&json!({"general_settings": {"store_model_in_db": own, "allowed_ips": []}}))
        };
        let on = [("STORE_MODEL_IN_DB", "True"), ("MINE", "yes")];
        let general = |value: Value| json!({"general_settings": {"store_model_in_db": value}});
        for (file, env, own, counts) in [
            (json!({}), &on[..0], Value::Null, false),
            (json!({}), &on[..0], json!(true), true),
            (json!({}), &on[..], json!(false), true),
            (general(json!(false)), &on[..], json!(true), false),
            (
                general(json!("os.environ/MINE")),
                &on[1..],
                Value::Null,
                true,
            ),
            (
                general(json!("os.environ/NOBODY")),
                &on[..0],
                Value::Null,
                false,
            ),
            (
                json!({"litellm_settings": {"store_model_in_db": "on"}}),
                &on[..0],
                Value::Null,
                true,
            ),
            (
                json!({"environment_variables": {"STORE_MODEL_IN_DB": "1"}}),
                &on[..0],
                json!(false),
                true,
            ),
        ] {
            let (root, said) = laid(&file, env, &stored(own.clone()));
            let laid = root.pointer("/general_settings/allowed_ips").is_some();
            assert_eq!(laid, counts, "{file} {own}");
            assert_eq!(said.is_empty(), counts, "{file} {said:?}");
            let switch = root.pointer("/general_settings/store_model_in_db");
            if switch == Some(&json!(false)) {
                assert!(!counts, "the database closed itself: {file} {own}");
            }
        }
    }
}

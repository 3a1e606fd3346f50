//! The operator's rules for new keys.

use serde_json::{Map, Value, json};

use super::rig::{Rig, both, member, named};
use crate::manage::{KeyGeneration, KeyRules, Settings};
use crate::store::Store;

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

async fn ruled(store: &Store, keys: KeyRules) -> Rig {
    Rig::people(store).await;
    let settings = Settings {
        keys,
        ..Settings::default()
    };
    Rig::with(store, settings)
}

both! {
    async fn defaults_fill_what_a_request_leaves_out(store: &Store) {
        let rules = KeyRules {
            defaults: map(json!({"max_budget": 1.5, "models": ["gpt-4o"], "duration": "1d"})),
            ..KeyRules::default()
        };
        let rig = ruled(store, rules).await;
        let made = rig.ok("/key/generate", json!({"models": ["o3"]})).await;
        assert_eq!((&made["max_budget"], &made["models"]), (&json!(1.5), &json!(["o3"])));
        assert!(made["expires"].is_string());
    }

    async fn upper_bounds_are_never_passed(store: &Store) {
        let rules = KeyRules {
            upper_bounds: map(json!({"max_budget": 10, "duration": "30d", "tpm_limit": 100})),
            ..KeyRules::default()
        };
        let rig = ruled(store, rules).await;
        for (field, value) in [("max_budget", json!(10.01)), ("duration", json!("31d")),
            ("tpm_limit", json!(101))] {
            let mut body = json!({});
            body[field] = value;
            assert_eq!(rig.refused("/key/generate", body).await, format!("400 {field}"));
        }
        let made = rig.ok("/key/generate", json!({"max_budget": 10})).await;
        assert_eq!((&made["tpm_limit"], &made["duration"]), (&json!(100), &json!("30d")));
        let more = json!({"key": made["key"], "max_budget": 11});
        assert_eq!(rig.refused("/key/update", more).await, "400 max_budget");
    }

    async fn an_alias_matches_the_pattern_as_a_whole(store: &Store) {
        let rules = KeyRules {
            alias_pattern: regex::Regex::new("[a-z]+-[0-9]+").ok(),
            ..KeyRules::default()
        };
        let rig = ruled(store, rules).await;
        rig.ok("/key/generate", json!({"key_alias": "ci-1"})).await;
        for alias in ["ci", "CI-1", "x ci-1", "ci-1 "] {
            let body = json!({"key_alias": alias});
            assert_eq!(rig.refused("/key/generate", body).await, "400 key_alias", "{alias}");
        }
    }

    async fn custom_keys_can_be_disabled(store: &Store) {
        let rules = KeyRules {
            no_custom_keys: true,
            ..KeyRules::default()
        };
        let rig = ruled(store, rules).await;
        let body = json!({"key": "sk-chosen-by-hand"});
        assert_eq!(rig.refused("/key/generate", body).await, "403 key");
        let made = rig.ok("/key/generate", json!({})).await;
        let body = json!({"key": made["key"], "new_key": "sk-chosen-by-hand"});
        assert_eq!(rig.refused("/key/regenerate", body).await, "403 new_key");
    }

    async fn generation_settings_bind_everyone_but_admins(store: &Store) {
        let rules = KeyRules {
            generation: KeyGeneration {
                team_roles: Some(vec!["admin".to_owned()]),
                team_required: vec!["tags".to_owned()],
                personal_roles: Some(Vec::new()),
                personal_required: Vec::new(),
            },
            ..KeyRules::default()
        };
        let rig = ruled(store, rules).await;
        let lead = member("lead");
        let bare = json!({"team_id": "t1"});
        assert_eq!(named(rig.post("/key/generate", &lead, bare).await), "400 tags");
        let full = json!({"team_id": "t1", "tags": ["a"]});
        rig.post("/key/generate", &lead, full).await.unwrap();
        let own = rig.post("/key/generate", &member("ann"), json!({})).await;
        assert_eq!(named(own), "403 user_id");
        rig.ok("/key/generate", json!({})).await;
    }
}

use serde_json::{Value, json};

use super::rig::{Rig, both, holder, master};
use crate::auth::hash_key;
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::{KeyRow, Query, Store, TOTAL};

/// Every field that a key takes.
fn everything() -> Value {
    let fields = r#"{
        "key_alias": "ci", "duration": "30d", "models": ["gpt-4o"], "max_budget": 12.5,
        "user_id": "ann", "team_id": "t1", "agent_id": "a1", "max_parallel_requests": 3,
        "metadata": {"cost_centre": "7"}, "tpm_limit": 1000, "rpm_limit": 10,
        "budget_duration": "30d", "budget_limits": [{"budget_duration": "1d", "max_budget": 1.0}],
        "allowed_cache_controls": ["no-cache"], "config": {"a": 1}, "permissions": {"pii": false},
        "model_max_budget": {"gpt-4o": {"budget_limit": 1.0, "time_period": "1d"}},
        "budget_fallbacks": {"gpt-4o": ["gpt-4o-mini"]}, "model_rpm_limit": {"gpt-4o": 2},
        "model_tpm_limit": {"gpt-4o": 200}, "mcp_rpm_limit": {"github": 5},
        "tag_rpm_limit": {"prod": 5}, "guardrails": ["pii"], "policies": ["p"], "prompts": ["q"],
        "blocked": false, "aliases": {"fast": "gpt-4o"},
        "object_permission": {"mcp_servers": ["s"]}, "tpd_limit": 50000,
        "default_estimated_output_tokens": 100,
        "default_estimated_output_tokens_per_model": {"gpt-4o": 50}, "budget_id": "b1",
        "end_user_budget_id": "b1", "tags": ["prod"], "disable_global_guardrails": true,
        "enable_prompt_caching": true, "throttle_on_budget_exceeded": true,
        "enforced_params": ["user"], "allowed_routes": ["/chat/completions"],
        "allowed_passthrough_routes": ["/x"], "denied_passthrough_routes": ["/y"],
        "allowed_vector_store_indexes": [{"index_name": "i"}],
        "rpm_limit_type": "guaranteed_throughput", "tpm_limit_type": "dynamic",
        "router_settings": {"num_retries": 1}, "access_group_ids": ["g1"], "soft_budget": 10.0,
        "key_type": "llm_api", "auto_rotate": true, "rotation_interval": "90d",
        "organization_id": "o1", "project_id": "p1", "send_invite_email": false
    }"#;
    serde_json::from_str(fields).unwrap()
}

async fn prepared(store: &Store) -> Rig {
    let rig = Rig::people(store).await;
    let mut change = store.change(0).await.unwrap();
    let budget = crate::store::BudgetRow {
        id: "b1".to_owned(),
        max_budget: Usd::from_dollars(5.0),
        ..Default::default()
    };
    change.insert(&budget).await.unwrap();
    let group = crate::store::AccessGroupRow {
        id: "g1".to_owned(),
        name: "group".to_owned(),
        ..Default::default()
    };
    change.insert(&group).await.unwrap();
    change.commit().await.unwrap();
    rig
}

both! {
    async fn every_field_of_a_key_is_given_back(store: &Store) {
        let rig = prepared(store).await;
        let made = rig.ok("/key/generate", everything()).await;
        let key = made["key"].as_str().unwrap();
        let info = &rig.see(&format!("/key/info?key={key}")).await["info"];
        for (name, value) in everything().as_object().unwrap() {
            if name == "metadata" {
                continue;
            }
            assert_eq!(&made[name], value, "{name} of the answer");
            if !matches!(name.as_str(), "duration" | "send_invite_email") {
                assert_eq!(&info[name], value, "{name} of the row");
            }
        }
        assert_eq!(info["metadata"]["cost_centre"], "7");
        assert_eq!(info["metadata"]["tags"], json!(["prod"]));
        assert_eq!(info["litellm_budget_table"]["max_budget"], 5.0);
        assert!(info["expires"].as_str() > Some("2026") && info["budget_reset_at"].is_string());
        assert_eq!(info["status"], "active");
    }

    async fn the_text_of_a_key_is_in_one_answer_only(store: &Store) {
        let rig = Rig::people(store).await;
        let made = rig.ok("/key/generate", json!({"key_alias": "a"})).await;
        let key = made["key"].as_str().unwrap();
        assert!(key.starts_with("sk-") && key.len() == 25);
        assert_eq!(made["token"], hash_key(key).as_str());
        assert_eq!(made["token_id"], made["token"]);
        assert_eq!(made["key_name"], format!("sk-...{}", &key[21..]));
        let later = [
            rig.see(&format!("/key/info?key={key}")).await,
            rig.see("/key/list?return_full_object=true").await,
            rig.ok("/key/update", json!({"key": key, "rpm_limit": 1})).await,
            rig.ok("/key/block", json!({"key": key})).await,
            rig.ok("/key/delete", json!({"keys": [key]})).await,
        ];
        assert!(later.iter().all(|it| !it.to_string().contains(key)));
        let log = format!("{:?}", rig.audit().await);
        assert!(log.contains("created") && log.contains("deleted") && !log.contains(key));
    }

    async fn addresses_of_a_key_may_stand_in_its_metadata(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"metadata": {"allowed_ips": ["10.0.0.0/8"]}});
        let made = rig.ok("/key/generate", body).await;
        assert_eq!(made["metadata"]["allowed_ips"], json!(["10.0.0.0/8"]));
    }

    async fn bad_fields_are_refused_by_name_and_nothing_is_written(store: &Store) {
        let rig = Rig::people(store).await;
        for (field, value) in [
            ("max_budget", json!(-1)),
            ("max_budget", json!("5")),
            ("soft_budget", json!(-0.1)),
            ("duration", json!("30 days")),
            ("budget_duration", json!("1y")),
            ("tpm_limit", json!(-5)),
            ("rpm_limit", json!(1.5)),
            ("models", json!("gpt-4o")),
            ("metadata", json!("x")),
            ("team_id", json!("nobody")),
            ("user_id", json!("nobody")),
            ("organization_id", json!("nobody")),
            ("budget_id", json!("nobody")),
            ("end_user_budget_id", json!("nobody")),
            ("access_group_ids", json!(["nobody"])),
            ("key", json!("not-a-key")),
            ("key", json!(5)),
            ("key_type", json!("root")),
            ("rpm_limit_type", json!("none")),
            ("max_budgets", json!(5)),
            ("tags", json!("prod")),
            ("spend", json!(-1)),
        ] {
            let mut body = json!({});
            body[field] = value.clone();
            let refused = rig.refused("/key/generate", body).await;
            assert_eq!(refused, format!("400 {field}"), "{field}: {value}");
        }
        let inside = json!({"metadata": {"tags": 5}});
        assert_eq!(rig.refused("/key/generate", inside).await, "400 metadata.tags");
        for wrong in [json!(["zzz"]), json!("10.0.0.1"), json!(["10.0.0.0/99"])] {
            let inside = json!({"metadata": {"allowed_ips": wrong}});
            assert_eq!(rig.refused("/key/generate", inside).await, "400 metadata.allowed_ips");
        }
        let alone = json!({"auto_rotate": true});
        assert_eq!(rig.refused("/key/generate", alone).await, "400 rotation_interval");
        let half = json!({"metadata": {"temp_budget_increase": 5}});
        assert_eq!(rig.refused("/key/generate", half).await, "400 temp_budget_expiry");
        assert_eq!(store.list::<KeyRow>(&Query::new()).await.unwrap().total, 0);
        assert!(rig.audit().await.is_empty() && rig.heard().is_empty());
    }

    async fn an_alias_or_a_key_is_taken_once(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/key/generate", json!({"key": "sk-by-hand-1234", "key_alias": "a"})).await;
        let again = json!({"key_alias": "a"});
        assert_eq!(rig.refused("/key/generate", again).await, "400 key_alias");
        let again = json!({"key": "sk-by-hand-1234"});
        assert_eq!(rig.refused("/key/generate", again).await, "400 key");
        rig.ok("/key/generate", json!({"key_alias": "b"})).await;
        let taken = json!({"key": "sk-by-hand-1234", "key_alias": "b"});
        assert_eq!(rig.refused("/key/update", taken).await, "400 key_alias");
    }

    async fn an_update_changes_what_it_names(store: &Store) {
        let rig = prepared(store).await;
        let made = rig.ok("/key/generate", everything()).await;
        rig.heard();
        let change = json!({"key": made["key"], "max_budget": null, "tags": ["dev"],
            "duration": "-1", "rpm_limit": 99});
        let row = rig.ok("/key/update", change).await;
        assert_eq!(row["max_budget"], Value::Null);
        assert_eq!(row["expires"], Value::Null);
        assert_eq!((&row["rpm_limit"], &row["tpm_limit"]), (&json!(99), &json!(1000)));
        assert_eq!(row["metadata"]["cost_centre"], "7");
        assert_eq!(row["tags"], json!(["dev"]));
        let id = made["token"].as_str().unwrap();
        assert_eq!(rig.heard(), [("key", id.to_owned())]);
        let log = rig.audit().await;
        assert_eq!((log[0].action.as_str(), log[0].id.as_str()), ("updated", id));
        assert!(log[0].before.as_ref().unwrap().contains("\"max_budget\":12.5"));
        assert!(log[0].after.as_ref().unwrap().contains("\"max_budget\":null"));
    }

    async fn what_is_not_there_is_not_found(store: &Store) {
        let rig = Rig::people(store).await;
        let gone = "sk-there-is-no-such-key";
        for (path, body, field) in [
            ("/key/update", json!({"key": gone}), "key"),
            ("/key/update", json!({"key_alias": "gone"}), "key_alias"),
            ("/key/delete", json!({"keys": [gone]}), "keys"),
            ("/key/delete", json!({"key_aliases": ["gone"]}), "key_aliases"),
            ("/key/block", json!({"key": gone}), "key"),
            ("/key/regenerate", json!({"key": gone}), "key"),
            (&format!("/key/{gone}/reset_spend"), json!({"reset_to": 0}), "key"),
        ] {
            assert_eq!(rig.refused(path, body).await, format!("404 {field}"), "{path}");
        }
        assert_eq!(rig.refused("/key/delete", json!({})).await, "400 keys");
        let missing = rig.get(&format!("/key/info?key={gone}"), &master()).await;
        assert!(!missing.unwrap_err().message.contains("no-such"));
    }

    async fn a_deletion_takes_all_or_nothing(store: &Store) {
        let rig = Rig::people(store).await;
        let one = rig.ok("/key/generate", json!({"key_alias": "one"})).await;
        let body = json!({"keys": [one["key"], "sk-there-is-no-such-key"]});
        assert_eq!(rig.refused("/key/delete", body).await, "404 keys");
        assert_eq!(rig.see("/key/list").await["total_count"], 1);
        let body = json!({"keys": [one["token"]], "key_aliases": ["one"]});
        let deleted = rig.ok("/key/delete", body).await;
        assert_eq!(deleted["deleted_keys"], json!([one["token"], "one"]));
        assert_eq!(rig.see("/key/list").await["total_count"], 0);
    }

    async fn a_key_shows_itself(store: &Store) {
        let rig = Rig::people(store).await;
        let made = rig.ok("/key/generate", json!({"team_id": "t1"})).await;
        let own = rig.get("/key/info", &holder(made["token"].as_str().unwrap())).await.unwrap();
        assert_eq!((&own["key"], &own["info"]["team_id"]), (&made["token"], &json!("t1")));
    }

    async fn a_rotated_key_keeps_what_it_has_spent(store: &Store) {
        let rig = prepared(store).await;
        let made = rig.ok("/key/generate", everything()).await;
        let old = made["token"].as_str().unwrap();
        let spent = Usd::from_dollars(2.0).unwrap();
        let entity = Entity::new(EntityKind::Key, old);
        store.set_spent(&entity, TOTAL, spent, None).await.unwrap();
        rig.heard();
        let path = format!("/key/{old}/regenerate");
        let new = rig.ok(&path, json!({"grace_period": "1h", "max_budget": 20})).await;
        assert_ne!(new["key"], made["key"]);
        assert_eq!((&new["spend"], &new["key_alias"]), (&json!(2.0), &json!("ci")));
        assert_eq!((&new["max_budget"], &new["models"]), (&json!(20.0), &made["models"]));
        let heard = rig.heard();
        assert!(heard.contains(&("key", old.to_owned())) && heard.len() == 2);
        let now = crate::store::tests::NOW;
        let still = store.holder(old, now + 3_599_999).await.unwrap().unwrap();
        assert_eq!(new["token"], still.key.id);
        assert_eq!(store.holder(old, now + 3_600_000).await.unwrap(), None);
        let twice = json!({"key": made["key"]});
        assert_eq!(rig.refused("/key/generate", twice).await, "400 key");
    }

    async fn without_grace_the_old_text_is_over_at_once(store: &Store) {
        let rig = Rig::people(store).await;
        let made = rig.ok("/key/generate", json!({})).await;
        let body = json!({"key": made["key"], "new_key": "sk-chosen-by-hand"});
        let new = rig.ok("/key/regenerate", body).await;
        assert_eq!(new["key"], "sk-chosen-by-hand");
        let old = made["token"].as_str().unwrap();
        assert_eq!(store.holder(old, 0).await.unwrap(), None);
        let moved = json!({"key": new["key"], "team_id": "t1"});
        assert_eq!(rig.refused("/key/regenerate", moved).await, "400 team_id");
    }

    async fn spend_is_reset_downwards_and_the_total_stays(store: &Store) {
        let rig = Rig::people(store).await;
        let made = rig.ok("/key/generate", json!({"spend": 3.0})).await;
        let key = made["token"].as_str().unwrap();
        assert_eq!(made["spend"], 3.0);
        let path = format!("/key/{key}/reset_spend");
        assert_eq!(rig.refused(&path, json!({"reset_to": 4})).await, "400 reset_to");
        assert_eq!(rig.refused(&path, json!({"reset_to": true})).await, "400 reset_to");
        assert_eq!(rig.refused(&path, json!({})).await, "400 reset_to");
        let reset = rig.ok(&path, json!({"reset_to": 1})).await;
        assert_eq!((&reset["spend"], &reset["previous_spend"]), (&json!(1.0), &json!(3.0)));
        let info = &rig.see(&format!("/key/info?key={key}")).await["info"];
        assert_eq!(info["spend"], 1.0);
    }

    async fn many_keys_are_changed_one_by_one(store: &Store) {
        let rig = Rig::people(store).await;
        let one = rig.ok("/key/generate", json!({"team_id": "t1"})).await;
        let two = rig.ok("/key/generate", json!({})).await;
        let answer = rig.ok("/key/bulk_update", json!({"keys": [
            {"key": one["key"], "max_budget": 5},
            {"key": two["key"], "max_budget": -5},
            {"key": "sk-there-is-no-such-key", "max_budget": 5},
        ]})).await;
        assert_eq!(answer["total_requested"], 3);
        assert_eq!(answer["successful_updates"][0]["key_info"]["max_budget"], 5.0);
        assert_eq!(answer["failed_updates"].as_array().unwrap().len(), 2);
        assert!(!answer.to_string().contains(one["key"].as_str().unwrap()));
        let all = json!({"team_id": "t1", "all_keys_in_team": true,
            "update_fields": {"rpm_limit": 7}});
        let answer = rig.ok("/team/key/bulk_update", all).await;
        assert_eq!(answer["successful_updates"].as_array().unwrap().len(), 1);
        let other = json!({"team_id": "t1", "key_ids": [two["key"]],
            "update_fields": {"rpm_limit": 7}});
        assert_eq!(rig.refused("/team/key/bulk_update", other).await, "400 key_ids");
    }

    async fn a_blocked_key_can_be_opened_again(store: &Store) {
        let rig = Rig::people(store).await;
        let made = rig.ok("/key/generate", json!({})).await;
        let blocked = rig.ok("/key/block", json!({"key": made["key"]})).await;
        assert_eq!((&blocked["blocked"], &blocked["status"]), (&json!(true), &json!("revoked")));
        let open = rig.ok("/key/unblock", json!({"key": made["token"]})).await;
        assert_eq!(open["blocked"], false);
    }
}

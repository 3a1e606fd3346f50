//! Credentials, models of the database and settings: what is secret stays closed.

use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named, user};
use crate::auth::Role;
use crate::domain::Secret;
use crate::manage::Method::{Delete, Patch};
use crate::manage::Settings;
use crate::store::{ConfigRow, CredentialRow, ModelRow, Query, SaltKey, Store, TeamRow};

const SECRET: &str = "sk-provider-secret";

fn salt() -> SaltKey {
    SaltKey::new(&Secret::new("sk-salt"))
}

both! {
    async fn a_credential_is_sealed_and_never_given_back(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"credential_name": "openai", "credential_values":
            {"api_key": SECRET, "api_base": "https://example.com"},
            "credential_info": {"custom_llm_provider": "openai"}});
        rig.ok("/credentials", body.clone()).await;
        assert_eq!(rig.refused("/credentials", body).await, "400 credential_name");
        let row = store.get::<CredentialRow>("openai").await.unwrap().unwrap();
        let opened = salt().open("it", &row.sealed.0["api_key"]).unwrap();
        assert_eq!(opened.reveal(), SECRET);
        let more = json!({"credential_values": {"api_key": "********", "region": "eu"}});
        rig.send(Patch, "/credentials/openai", &master(), more).await.unwrap();
        let row = store.get::<CredentialRow>("openai").await.unwrap().unwrap();
        assert_eq!(salt().open("it", &row.sealed.0["api_key"]).unwrap(), opened);
        let shown = [
            rig.see("/credentials").await,
            rig.see("/credentials/openai").await,
            rig.see("/credentials/by_name/openai").await,
        ];
        let all = format!("{shown:?}{:?}{row:?}", rig.audit().await);
        assert!(!all.contains(SECRET) && !all.contains("example.com"), "{all}");
        assert_eq!(shown[1]["credential_values"]["region"], "********");
        assert_eq!(shown[1]["credential_info"]["custom_llm_provider"], "openai");
        for (body, param) in [
            (json!({"credential_name": "x"}), "credential_values"),
            (json!({"credential_name": "x", "credential_values": {"a": 1}}), "credential_values"),
            (json!({"credential_values": {"a": "b"}}), "credential_name"),
            (json!({"credential_name": "x", "model_id": "nobody"}), "model_id"),
        ] {
            assert_eq!(rig.refused("/credentials", body).await, format!("400 {param}"));
        }
        let path = "/credentials/openai";
        rig.send(Delete, path, &master(), Value::Null).await.unwrap();
        let gone = rig.send(Delete, path, &master(), Value::Null).await;
        assert_eq!(named(gone), "404 credential_name");
        let gone = rig.send(Patch, path, &master(), json!({})).await;
        assert_eq!(named(gone), "404 credential_name");
    }

    async fn a_credential_in_use_stays(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"credential_name": "c", "credential_values": {"api_key": SECRET}});
        rig.ok("/credentials", body).await;
        let body = json!({"model_name": "m", "litellm_params":
            {"model": "openai/m", "litellm_credential_name": "c"}});
        rig.ok("/model/new", body).await;
        let kept = rig.send(Delete, "/credentials/c", &master(), Value::Null).await;
        assert_eq!(named(kept), "400 credential_name");
    }

    async fn a_model_keeps_its_texts_sealed(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"model_name": "gpt", "litellm_params": {"model": "openai/gpt-4o",
            "api_key": SECRET, "rpm": 5, "extra_headers": {"X-Key": SECRET},
            "vertex_credentials": {"private_key": SECRET}},
            "model_info": {"id": "m1", "mode": "chat"}});
        let made = rig.ok("/model/new", body.clone()).await;
        assert_eq!((&made["litellm_params"]["api_key"], &made["litellm_params"]["model"]),
            (&json!("********"), &json!("openai/gpt-4o")));
        assert_eq!((&made["model_info"]["id"], &made["model_info"]["db_model"]),
            (&json!("m1"), &json!(true)));
        assert_eq!(rig.refused("/model/new", body).await, "400 model_info.id");
        let path = "/model/m1/update";
        let shown = json!({"litellm_params": made["litellm_params"]});
        rig.send(Patch, path, &master(), shown).await.unwrap();
        let row = store.get::<ModelRow>("m1").await.unwrap().unwrap();
        assert_eq!(row.doc.params["extra_headers"]["X-Key"], SECRET);
        let change = json!({"litellm_params": {"rpm": 7, "extra_headers": null}});
        let row = rig.send(Patch, path, &master(), change).await.unwrap();
        assert_eq!((&row["litellm_params"]["rpm"], &row["litellm_params"]["model"]),
            (&json!(7), &json!("openai/gpt-4o")));
        assert_eq!(row["litellm_params"]["extra_headers"], Value::Null);
        let change = json!({"model_name": "gpt-5", "model_info": {"id": "m1", "mode": "x"}});
        assert_eq!(rig.ok("/model/update", change).await["model_name"], "gpt-5");
        let row = store.get::<ModelRow>("m1").await.unwrap().unwrap();
        assert_eq!(salt().open("it", &row.sealed.0["api_key"]).unwrap().reveal(), SECRET);
        assert_eq!(rig.ok("/model/block", json!({"model_id": "m1"})).await["blocked"], true);
        assert_eq!(rig.ok("/model/unblock", json!({"model_id": "m1"})).await["blocked"], false);
        let of_model = rig.see("/credentials/by_model/m1").await;
        assert_eq!(of_model["credential_values"],
            json!({"api_key": "********", "vertex_credentials": "********"}));
        assert!(!made.to_string().contains(SECRET));
        let body = json!({"credential_name": "from", "model_id": "m1"});
        rig.ok("/credentials", body).await;
        let all = format!("{row:?}{:?}", rig.audit().await);
        assert!(!all.contains(SECRET));
        rig.ok("/model/delete", json!({"id": "m1"})).await;
        for (path, body, refusal) in [
            ("/model/delete", json!({"id": "m1"}), "404 id"),
            ("/model/block", json!({"model_id": "m1"}), "404 model_id"),
            ("/model/update", json!({"model_info": {"id": "m1"}}), "404 model_info.id"),
            ("/model/update", json!({}), "400 model_info.id"),
            ("/model/new", json!({"model_name": "x"}), "400 litellm_params.model"),
            ("/model/new", json!({"litellm_params": {"model": "x"}}), "400 model_name"),
            ("/model/new", json!({"model_name": "x", "litellm_params": {"model": "bad/x"}}),
                "400 litellm_params.model"),
            ("/model/new", json!({"model_name": "x", "litellm_params": {"model": "a/b"},
                "model_info": {"team_id": "nobody"}}), "400 model_info.team_id"),
        ] {
            assert_eq!(rig.refused(path, body).await, refusal, "{path}");
        }
    }

    async fn a_team_admin_has_models_of_the_team_only(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/team/update", json!({"team_id": "t1", "models": ["other"]})).await;
        let lead = member("lead");
        let new = async |team: Value, key: &str| {
            let body = json!({"model_name": "own", "litellm_params": {"model": "openai/m",
                "api_key": key}, "model_info": {"team_id": team, "id": "own1"}});
            rig.post("/model/new", &lead, body).await
        };
        assert_eq!(named(new(json!(null), SECRET).await), "403 model_info.team_id");
        assert_eq!(named(new(json!("t2"), SECRET).await), "403 model_info.team_id");
        let environment = new(json!("t1"), "os.environ/OPENAI_API_KEY").await;
        assert_eq!(named(environment), "403 litellm_params.api_key");
        let made = new(json!("t1"), SECRET).await.unwrap();
        assert_eq!(made["team_id"], "t1");
        let team = store.get::<TeamRow>("t1").await.unwrap().unwrap();
        assert_eq!(team.doc.models, ["other", "own"]);
        let body = json!({"model_info": {"id": "own1", "team_id": null}});
        let answer = rig.post("/model/update", &lead, body).await;
        assert_eq!(named(answer), "400 model_info.team_id");
        for caller in [member("ann"), member("eve"), user("v", Role::ProxyAdminViewer)] {
            let answer = rig.post("/model/delete", &caller, json!({"id": "own1"})).await;
            assert_eq!(named(answer), "403 id");
            let answer = rig.post("/model/delete", &caller, json!({"id": "nobody"})).await;
            assert!(named(answer).starts_with("403"));
        }
        rig.post("/model/delete", &lead, json!({"id": "own1"})).await.unwrap();
    }

    async fn what_is_in_force_is_shown_in_pages(store: &Store) {
        let rig = Rig::people(store).await;
        let all = rig.see("/model/info").await;
        assert_eq!(all["data"].as_array().unwrap().len(), 3);
        let one = rig.see("/v1/model/info?litellm_model_id=d2").await;
        assert_eq!(one["data"][0]["model_name"], "beta");
        let page = rig.see("/v2/model/info?page=2&size=2&sortBy=model_name").await;
        assert_eq!((&page["data"][0]["model_name"], &page["total_count"], &page["total_pages"]),
            (&json!("gamma"), &json!(3), &json!(2)));
        let found = rig.see("/v2/model/info?search=ET").await;
        assert_eq!(found["data"][0]["model_info"]["id"], "d2");
        let ids = async |query: &str| -> Vec<String> {
            let page = rig.see(&format!("/v2/model/info?{query}")).await;
            let all = page["data"].as_array().unwrap().iter();
            all.map(|it| it["model_info"]["id"].as_str().unwrap().to_owned()).collect()
        };
        let body = json!({"model_name": "held", "model_info": {"id": "m1"},
            "litellm_params": {"model": "openai/gpt", "api_key": SECRET}});
        rig.ok("/model/new", body).await;
        rig.ok("/model/block", json!({"model_id": "m1"})).await;
        assert_eq!(ids("blocked=true").await, ["m1"]);
        assert_eq!(ids("blocked=false&exclude_auto_routers=true").await, ["d1", "d2", "d3"]);
        assert_eq!(ids("access_group=beta").await, ["d2"]);
        assert_eq!(ids("wildcard_only=true").await.len(), 0);
        let stored = rig.see("/v2/model/info?blocked=true&modelId=m1&use_stored_params=true").await;
        assert!(!stored.to_string().contains(SECRET));
        assert_eq!(stored["data"][0]["litellm_params"]["model"], "openai/gpt");
        assert_eq!(rig.see("/model/info?teamId=t1&healthy_only=true").await["data"], json!([]));
        let group = rig.see("/model_group/info?model_group=beta").await;
        assert_eq!(group["data"], json!([{"model_group": "beta"}]));
        for (path, refusal) in [("/model/info?litellm_model_id=x", "404 litellm_model_id"),
            ("/model_group/info?model_group=x", "404 model_group"),
            ("/v2/model/info?blocked=maybe", "400 blocked"),
            ("/v2/model/info?use_stored_params=true", "400 modelId"),
            ("/v2/model/info?size=0", "400 size"), ("/v2/model/info?sortBy=x", "400 sortBy")] {
            assert_eq!(named(rig.get(path, &master()).await), refusal);
        }
    }

    async fn settings_are_merged_checked_and_taken_back(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"general_settings": {"max_parallel_requests": 5},
            "litellm_settings": {"drop_params": true, "redis_password": SECRET},
            "environment_variables": {"OPENAI_API_KEY": SECRET}});
        rig.ok("/config/update", body).await;
        let row = store.get::<ConfigRow>("litellm_settings").await.unwrap().unwrap();
        assert_eq!(row.doc, json!({"drop_params": true}));
        let row = store.get::<ConfigRow>("environment_variables").await.unwrap().unwrap();
        let opened = salt().open("it", &row.sealed.0["OPENAI_API_KEY"]).unwrap();
        assert_eq!(opened.reveal(), SECRET);
        assert!(!format!("{:?}", rig.audit().await).contains(SECRET));
        let both = json!({"router_settings": {"num_retries": 1},
            "general_settings": {"bad": true}});
        assert_eq!(rig.refused("/config/update", both).await, "400 general_settings.bad");
        assert_eq!(store.list::<ConfigRow>(&Query::new()).await.unwrap().total, 3);
        let master_key = json!({"general_settings": {"master_key": "sk-x"}});
        assert_eq!(rig.refused("/config/update", master_key).await,
            "400 general_settings.master_key");
        assert_eq!(rig.refused("/config/update", json!({"models": {}})).await, "400 models");

        let field = json!({"field_name": "max_parallel_requests", "field_value": 9,
            "config_type": "general_settings"});
        rig.ok("/config/field/update", field).await;
        let info = rig.see("/config/field/info?field_name=max_parallel_requests").await;
        assert_eq!((&info["source"]["kind"], &info["stored_in_db"]), (&json!("default"), &json!(true)));
        let list = rig.see("/config/list?config_type=general_settings").await;
        assert_eq!((&list[0]["field_name"], &list[0]["stored_in_db"]),
            (&json!("max_parallel_requests"), &json!(true)));
        let field = json!({"field_name": "max_parallel_requests"});
        rig.ok("/config/field/delete", field.clone()).await;
        assert_eq!(rig.refused("/config/field/delete", field).await, "404 field_name");
        let info = rig.see("/config/field/info?field_name=max_parallel_requests").await;
        assert_eq!((&info["field_value"], &info["stored_in_db"]), (&json!(3), &json!(false)));
        let unknown = json!({"field_name": "nope", "field_value": 1});
        assert_eq!(rig.refused("/config/field/update", unknown).await,
            "400 general_settings.nope");
    }

    async fn settings_are_kept_only_where_the_database_counts(store: &Store) {
        let rig = Rig::with(store, Settings::default());
        for (path, body) in [
            ("/config/update", json!({"litellm_settings": {"drop_params": true}})),
            ("/config/field/update", json!({"field_name": "max_parallel_requests", "field_value": 9})),
            ("/config/callback/delete", json!({"callback_name": "langfuse"})),
            ("/fallback", json!({"model": "alpha", "fallback_models": ["beta"]})),
        ] {
            let fault = rig.post(path, &master(), body).await.unwrap_err();
            assert_eq!(fault.param.as_deref(), Some("general_settings.store_model_in_db"), "{path}");
            assert!(fault.message.contains("STORE_MODEL_IN_DB=True"), "{path}: {fault}");
        }
        // The switch itself is nobody's yet.
        rig.ok("/config/field/update", json!({"field_name": "store_model_in_db", "field_value": true})).await;
        let lost = json!({"router_settings": {"store_model_in_db": true}});
        assert_eq!(rig.refused("/config/update", lost).await, "400 router_settings.store_model_in_db");
    }

    async fn what_opens_the_database_is_not_taken_from_it_in_whichever_section(store: &Store) {
        let rig = Rig::new(store);
        for (section, name) in [("general_settings", "database_url"), ("litellm_settings", "master_key"),
            ("router_settings", "salt_key"), ("environment_variables", "LITELLM_SALT_KEY"),
            ("environment_variables", "DATABASE_URL")] {
            let body = json!({section: {name: "sk-other"}});
            assert_eq!(rig.refused("/config/update", body).await, format!("400 {section}.{name}"));
        }
    }

    async fn a_mask_that_comes_back_leaves_the_secret_as_it_is(store: &Store) {
        let rig = Rig::new(store);
        rig.ok("/config/update", json!({"environment_variables": {"A_KEY": SECRET}})).await;
        let masked = json!({"environment_variables": {"A_KEY": "********", "OF_THE_FILE": "********"}});
        rig.ok("/config/update", masked).await;
        let row = store.get::<ConfigRow>("environment_variables").await.unwrap().unwrap();
        assert_eq!(salt().open("it", &row.sealed.0["A_KEY"]).unwrap().reveal(), SECRET);
        assert_eq!(row.sealed.0.len(), 1);
    }

    async fn fallbacks_and_callbacks_are_changed_one_at_a_time(store: &Store) {
        let rig = Rig::new(store);
        let body = json!({"model": "beta", "fallback_models": ["gamma", "alpha"]});
        rig.ok("/fallback", body).await;
        let row = store.get::<ConfigRow>("router_settings").await.unwrap().unwrap();
        let both = json!({"fallbacks": [{"alpha": ["beta"]}, {"beta": ["gamma", "alpha"]}]});
        assert_eq!(row.doc, both);
        assert_eq!(rig.see("/fallback/alpha").await["fallback_models"], json!(["beta"]));
        for (body, param) in [
            (json!({"model": "x", "fallback_models": ["beta"]}), "400 model"),
            (json!({"model": "beta", "fallback_models": ["x"]}), "400 fallback_models"),
            (json!({"model": "beta", "fallback_models": ["beta"]}), "400 fallback_models"),
            (json!({"model": "beta", "fallback_models": []}), "400 fallback_models"),
        ] {
            assert_eq!(rig.refused("/fallback", body).await, param);
        }
        let gone = named(rig.get("/fallback/gamma", &master()).await);
        assert_eq!(gone, "404 model");
        let body = json!({"litellm_settings": {"success_callback": ["otel", "langfuse"]}});
        rig.ok("/config/update", body).await;
        let row = store.get::<ConfigRow>("litellm_settings").await.unwrap().unwrap();
        assert_eq!(row.doc["success_callback"], json!(["langfuse", "otel"]));
        rig.ok("/config/callback/delete", json!({"callback_name": "Langfuse"})).await;
        let row = store.get::<ConfigRow>("litellm_settings").await.unwrap().unwrap();
        // What the database has goes before what is in force, which may be older.
        assert_eq!(row.doc["success_callback"], json!(["otel"]));
        let unknown = json!({"callback_name": "nobody"});
        assert_eq!(rig.refused("/config/callback/delete", unknown).await, "404 callback_name");
    }

    async fn only_admins_see_and_change_settings(store: &Store) {
        let rig = Rig::people(store).await;
        for caller in [member("ann"), member("lead"), member("head")] {
            for path in ["/config/list?config_type=general_settings",
                "/config/field/info?field_name=x", "/credentials", "/credentials/x"] {
                assert!(named(rig.get(path, &caller).await).starts_with("403"), "{path}");
            }
            for (path, body) in [("/config/update", json!({})),
                ("/config/field/update", json!({"field_name": "x"})),
                ("/config/field/delete", json!({"field_name": "x"})),
                ("/credentials", json!({"credential_name": "x"})),
                ("/model/block", json!({"model_id": "x"}))] {
                let answer = rig.post(path, &caller, body).await;
                assert!(named(answer).starts_with("403"), "{path}");
            }
            let answer = rig.send(Delete, "/credentials/x", &caller, Value::Null).await;
            assert!(named(answer).starts_with("403"));
        }
    }
}

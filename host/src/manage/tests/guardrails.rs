//! Guardrails of the database: judged before they are written, sealed, shown without their secrets.

use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named, user};
use crate::auth::Role;
use crate::domain::Secret;
use crate::manage::Method::{Delete, Get, Patch, Put};
use crate::manage::Settings;
use crate::store::{GuardrailRow, SaltKey, Store};

const SECRET: &str = "sk-of-the-service";

fn salt() -> SaltKey {
    SaltKey::new(&Secret::new("sk-salt"))
}

/// A request that makes one.
fn made() -> Value {
    json!({"guardrail": {"guardrail_id": "gr1", "guardrail_name": "made", "litellm_params": {
        "guardrail": "lakera", "mode": "pre_call", "api_key": SECRET,
        "api_base": "https://l.test/v1", "headers": {"x-tenant": SECRET}, "project_id": "p"},
        "guardrail_info": {"description": "ours"}}})
}

fn opened(row: &GuardrailRow, name: &str) -> Value {
    let text = salt().open(name, &row.sealed.0[name]).unwrap();
    serde_json::from_str(text.reveal()).unwrap()
}

both! {
    async fn a_guardrail_is_sealed_shown_masked_and_in_the_audit_log(store: &Store) {
        let rig = Rig::people(store).await;
        let answer = rig.ok("/guardrails", made()).await;
        assert_eq!(answer["litellm_params"], json!({"guardrail": "lakera", "mode": "pre_call",
            "project_id": "p", "api_base": "https://l.test/v1", "api_key": "********",
            "headers": {"x-tenant": "********"}}));
        assert_eq!((&answer["guardrail_definition_location"], &answer["plugin"], &answer["fault"]),
            (&json!("db"), &json!("lakera"), &Value::Null));
        assert!(answer["created_at"].is_string() && answer.get("sealed").is_none());
        let row = store.get::<GuardrailRow>("gr1").await.unwrap().unwrap();
        assert_eq!(opened(&row, "api_key"), SECRET);
        assert_eq!(opened(&row, "headers"), json!({"x-tenant": SECRET}));
        let listed = rig.see("/v2/guardrails/list").await;
        let names = listed["guardrails"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|it| it["guardrail_name"].as_str().unwrap()).collect();
        assert_eq!(names, ["of-the-file", "made"]);
        let seen = [rig.see("/guardrails/gr1").await, rig.see("/guardrails/gr1/info").await];
        assert_eq!(seen[0], seen[1]);
        assert_eq!(rig.see("/guardrails/of-the-file").await["guardrail_definition_location"], "config");
        let log = rig.audit().await;
        let entry = log.iter().find(|it| it.kind == "guardrail").unwrap();
        assert_eq!((entry.action.as_str(), entry.id.as_str()), ("created", "gr1"));
        let after: Value = serde_json::from_str(entry.after.as_ref().unwrap()).unwrap();
        assert_eq!(after["litellm_params"]["mode"], "pre_call");
        assert_eq!(after["sealed"], json!(["api_base", "api_key", "headers"]));
        let all = format!("{answer}{listed}{seen:?}{row:?}{log:?}{}", rig.everything().await);
        assert!(!all.contains(SECRET), "{all}");
        assert!(rig.heard().contains(&("guardrail", "gr1".to_owned())));
    }

    async fn what_is_shown_may_come_back_and_what_is_left_out_of_a_patch_stays(store: &Store) {
        let rig = Rig::people(store).await;
        let answer = rig.ok("/guardrails", made()).await;
        let path = "/guardrails/gr1";
        let back = json!({"guardrail": answer});
        let same = rig.send(Put, path, &master(), back).await.unwrap();
        assert_eq!(same["litellm_params"], answer["litellm_params"]);
        let row = store.get::<GuardrailRow>("gr1").await.unwrap().unwrap();
        assert_eq!((opened(&row, "api_key"), opened(&row, "headers")),
            (json!(SECRET), json!({"x-tenant": SECRET})));
        let some = json!({"guardrail_name": "other", "default_on": true,
            "litellm_params": {"timeout": 3, "project_id": null}});
        let patched = rig.send(Patch, path, &master(), some).await.unwrap();
        assert_eq!(patched["guardrail_name"], "other");
        assert_eq!(patched["guardrail_info"], json!({"description": "ours"}));
        let params = &patched["litellm_params"];
        assert_eq!((&params["timeout"], &params["default_on"], &params["project_id"]),
            (&json!(3), &json!(true), &Value::Null));
        let row = store.get::<GuardrailRow>("gr1").await.unwrap().unwrap();
        assert_eq!(opened(&row, "api_key"), SECRET);
        let bare = json!({"guardrail": {"guardrail_name": "other",
            "litellm_params": {"guardrail": "pii"}}});
        let put = rig.send(Put, path, &master(), bare).await.unwrap();
        assert_eq!(put["litellm_params"], json!({"guardrail": "pii"}));
        assert_eq!(put["guardrail_info"], json!({}));
        let actions: Vec<_> = rig.audit().await.into_iter().filter(|it| it.kind == "guardrail")
            .map(|it| it.action).collect();
        assert_eq!(actions, ["updated", "updated", "updated", "created"]);
    }

    async fn what_the_gateway_would_not_run_with_is_refused_and_not_written(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/guardrails", made()).await;
        let with = |name: &str, value: Value| {
            let mut body = made();
            body["guardrail"]["guardrail_id"] = "gr2".into();
            body["guardrail"]["guardrail_name"] = "second".into();
            body["guardrail"][name] = value;
            body
        };
        let before = rig.everything().await;
        for (body, refusal) in [
            (with("litellm_params", json!({"guardrail": "bad"})), "400 litellm_params.guardrail"),
            (with("litellm_params", json!({"guardrail": "a", "api_key": "********"})),
                "400 litellm_params.api_key"),
            (with("guardrail_name", json!("made")), "400 guardrail_name"),
            (with("guardrail_name", json!("of-the-file")), "400 guardrail_name"),
            (with("guardrail_name", Value::Null), "400 guardrail_name"),
            (with("guardrail_id", json!("gr1")), "400 guardrail_id"),
            (with("guardrail_name", json!("os.environ/KEY")), "400 guardrail_name"),
            (with("litellm_params", json!({"guardrail": "os.environ/KEY"})),
                "400 litellm_params.guardrail"),
            (with("litellm_params", Value::Null), "400 litellm_params"),
            (with("unheard_of", json!(1)), "400 unheard_of"),
            (json!({}), "400 guardrail"),
            (json!({"guardrail_name": "flat"}), "400 guardrail_name"),
        ] {
            assert_eq!(rig.refused("/guardrails", body.clone()).await, refusal, "{body}");
        }
        let bad = json!({"litellm_params": {"guardrail": "bad"}});
        let refused = rig.send(Patch, "/guardrails/gr1", &master(), bad).await;
        assert_eq!(named(refused), "400 litellm_params.guardrail");
        let moved = rig.send(Put, "/guardrails/gr1", &master(), with("guardrail_info", json!({}))).await;
        assert_eq!(named(moved), "400 guardrail_id");
        for method in [Put, Patch, Delete, Get] {
            let body = match method {
                Put => with("guardrail_id", Value::Null),
                Patch => json!({}),
                _ => Value::Null,
            };
            let refused = rig.send(method, "/guardrails/nobody", &master(), body).await;
            assert_eq!(named(refused), "404 guardrail_id", "{method:?}");
        }
        assert_eq!(rig.everything().await, before);
    }

    async fn only_admins_make_them_and_only_where_the_database_counts(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/guardrails", made()).await;
        let viewer = user("v", Role::ProxyAdminViewer);
        assert!(rig.get("/guardrails/gr1", &viewer).await.is_ok());
        for caller in [viewer, member("lead"), member("ann")] {
            let refused = rig.send(Delete, "/guardrails/gr1", &caller, Value::Null).await;
            assert_eq!(refused.unwrap_err().status, Some(403));
            assert_eq!(rig.post("/guardrails", &caller, made()).await.unwrap_err().status, Some(403));
        }
        let closed = Rig::with(store, Settings::default());
        assert_eq!(closed.refused("/guardrails", made()).await, "400 guardrail");
        rig.send(Delete, "/guardrails/gr1", &master(), Value::Null).await.unwrap();
        assert!(store.get::<GuardrailRow>("gr1").await.unwrap().is_none());
    }
}

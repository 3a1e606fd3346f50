//! Callbacks of keys and teams: what they are called with is sealed, masked and whole again.

use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named};
use crate::config::MASK;
use crate::domain::Secret;
use crate::store::{KeyRow, SaltKey, Store, TeamRow};

fn logging(vars: &Value) -> Value {
    json!({"logging": [{"callback_name": "langfuse", "callback_vars": vars}]})
}

fn opened(metadata: &Value, name: &str) -> String {
    let salt = SaltKey::new(&Secret::new("sk-salt"));
    let sealed = metadata["logging"][0]["callback_vars"][name]
        .as_str()
        .unwrap();
    assert!(SaltKey::is_sealed(sealed), "{sealed}");
    salt.open(name, sealed).unwrap().reveal().to_owned()
}

both! {
    async fn what_a_callback_is_called_with_is_sealed_and_a_mask_keeps_it(store: &Store) {
        let rig = Rig::people(store).await;
        let vars = json!({"langfuse_secret_key": "s-1", "flush_interval": 1});
        let made = rig.ok("/key/generate", json!({"metadata": logging(&vars)})).await;
        let id = made["token_id"].as_str().unwrap();
        assert_eq!(made["metadata"]["logging"][0]["callback_vars"],
            json!({"langfuse_secret_key": MASK, "flush_interval": 1}));
        let stored = async || {
            let row = store.get::<KeyRow>(id).await.unwrap().unwrap();
            Value::from(row.doc.metadata)
        };
        assert_eq!(opened(&stored().await, "langfuse_secret_key"), "s-1");
        let shown = rig.see(&format!("/key/info?key={id}")).await["info"]["metadata"].clone();
        let mut changed = shown.clone();
        changed["logging"][0]["callback_vars"]["langfuse_host"] = json!("https://h.test");
        rig.ok("/key/update", json!({"key": id, "metadata": changed})).await;
        let now = stored().await;
        assert_eq!(opened(&now, "langfuse_secret_key"), "s-1");
        assert_eq!(opened(&now, "langfuse_host"), "https://h.test");
        // A change of something else leaves it.
        rig.ok("/key/update", json!({"key": id, "max_budget": 5})).await;
        assert_eq!(stored().await, now);
        assert!(!rig.everything().await.contains("s-1\""));
    }

    async fn what_cannot_be_in_logging_is_refused_by_its_place(store: &Store) {
        let rig = Rig::people(store).await;
        for (value, param) in [
            (json!({"logging": "x"}), "400 metadata.logging"),
            (json!({"logging": ["x"]}), "400 metadata.logging.0"),
            (json!({"logging": [{"callback_vars": {}}]}), "400 metadata.logging.0"),
            (json!({"logging": [{"callback_name": "a", "callback_type": "x"}]}), "400 metadata.logging.0"),
            (logging(&json!({"a": {"b": "c"}})), "400 metadata.logging.0.callback_vars.a"),
            (logging(&json!({"a": MASK})), "400 metadata.logging.0.callback_vars.a"),
        ] {
            let body = json!({"metadata": value});
            assert_eq!(rig.refused("/key/generate", body).await, param, "{value}");
        }
    }

    async fn only_an_admin_refers_to_the_environment(store: &Store) {
        let rig = Rig::people(store).await;
        let vars = json!({"langfuse_secret_key": "os.environ/LANGFUSE_SECRET_KEY"});
        let made = rig.ok("/key/generate", json!({"user_id": "ann"})).await;
        let body = json!({"key": made["token_id"], "metadata": logging(&vars)});
        let refused = rig.post("/key/update", &member("ann"), body.clone()).await;
        assert_eq!(named(refused), "403 callback_vars");
        let shown = rig.ok("/key/update", body).await;
        assert_eq!(shown["metadata"]["logging"][0]["callback_vars"]["langfuse_secret_key"], MASK);
        // What she gets back she may send, and it is what it was.
        let back = json!({"key": made["token_id"], "metadata": shown["metadata"]});
        rig.post("/key/update", &member("ann"), back).await.unwrap();
        let row = store.get::<KeyRow>(made["token_id"].as_str().unwrap()).await.unwrap().unwrap();
        let metadata = Value::from(row.doc.metadata);
        assert_eq!(opened(&metadata, "langfuse_secret_key"), "os.environ/LANGFUSE_SECRET_KEY");
    }

    async fn a_teams_callbacks_are_added_shown_and_taken_away(store: &Store) {
        let rig = Rig::people(store).await;
        let add = |name: &str, kind: &str| json!({"callback_name": name, "callback_type": kind,
            "callback_vars": {"api_key": "s-2"}});
        rig.ok("/team/t1/callback", add("langfuse", "success")).await;
        rig.ok("/team/t1/callback", add("langsmith", "success_and_failure")).await;
        let row = store.get::<TeamRow>("t1").await.unwrap().unwrap();
        assert_eq!(opened(&Value::from(row.doc.metadata), "api_key"), "s-2");
        let shown = rig.see("/team/t1/callback").await;
        assert_eq!(shown["data"], json!({"team_id": "t1", "success_callbacks": ["langfuse", "langsmith"],
            "failure_callbacks": ["langsmith"], "callback_vars": {"api_key": MASK}}));
        for (body, param) in [
            (add("langfuse", "success"), "400 callback_name"),
            (add("sentry", "success"), "400 callback_name"),
            (add("langfuse", "sometimes"), "400 callback_type"),
            (json!({}), "400 callback_name"),
        ] {
            assert_eq!(rig.refused("/team/t1/callback", body).await, param);
        }
        let left = rig.send(crate::manage::Method::Delete, "/team/t1/callback/langfuse",
            &master(), Value::Null).await.unwrap();
        assert_eq!(left["data"]["success_callbacks"], json!(["langsmith"]));
        let done = rig.ok("/team/t1/disable_logging", Value::Null).await;
        assert_eq!(done["data"]["failure_callbacks"], json!([]));
        let row = store.get::<TeamRow>("t1").await.unwrap().unwrap();
        assert_eq!(row.doc.metadata["logging"], json!([]));
    }
}

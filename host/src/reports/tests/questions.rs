//! Questions about a model that cost nothing.

use serde_json::json;

use super::rig::{Rig, both, master, member, named, value};
use crate::store::Store;

both! {
    async fn tokens_are_counted_for_a_model_that_the_caller_may_use(store: &Store) {
        let rig = Rig::new(store).await;
        let path = "/utils/token_counter";
        let body = json!({"model": "gpt", "messages": [{"role": "user", "content": "12345678"}]});
        let told = rig.post(path, &member("ann"), body.clone()).await.unwrap();
        assert_eq!(told, json!({"total_tokens": 7, "request_model": "gpt", "model_used": "openai/dated",
            "tokenizer_type": "openai_api", "count_source": "provider", "original_response": null,
            "error": false, "error_message": null, "status_code": null}));
        let query = json!({"call_endpoint": "false"}).as_object().cloned().unwrap();
        let told = rig.ask(http::Method::POST, path, &master(), query, body).await.unwrap();
        let told = value(told);
        assert_eq!((&told["count_source"], &told["tokenizer_type"], &told["model_used"]),
            (&json!("local"), &json!("openai_tokenizer"), &json!("openai/gpt")));
        let body = json!({"model": "gpt", "prompt": "1234", "tools": []});
        let told = rig.post(path, &master(), body).await.unwrap();
        assert_eq!((&told["error"], &told["error_message"], &told["status_code"]),
            (&json!(true), &json!("busy"), &json!(429)));
        for (body, refusal) in [
            (json!({"prompt": "x"}), "400 model"),
            (json!({"model": "gpt"}), "400 messages"),
            (json!({"model": "gpt", "messages": "x"}), "400 messages"),
            (json!({"model": "gpt", "messages": [], "prompt": "x"}), "400 messages"),
            (json!({"model": "gpt", "prompt": 1}), "400 prompt"),
            (json!({"model": "gpt", "prompt": "x", "text": "x"}), "400 text"),
            (json!({"model": "none", "prompt": "x"}), "400 model"),
            (json!({"model": "secret", "prompt": "x"}), "403 model"),
        ] {
            assert_eq!(named(rig.post(path, &member("ann"), body).await), refusal);
        }
    }

    async fn what_is_known_of_a_model_is_told_to_who_may_use_it(store: &Store) {
        let rig = Rig::new(store).await;
        assert_eq!(rig.see("/utils/model_info?model=gpt").await, json!({"mode": "chat"}));
        assert_eq!(rig.see("/utils/supported_openai_params?model=gpt").await,
            json!({"supported_openai_params": ["temperature", "tools"]}));
        for path in ["/utils/model_info", "/utils/supported_openai_params"] {
            let answer = rig.get(&format!("{path}?model=secret"), &member("ann")).await;
            assert_eq!(named(answer), "403 model");
            assert_eq!(named(rig.get(path, &master()).await), "400 model");
            let answer = rig.get(&format!("{path}?model=none"), &master()).await;
            assert_eq!(named(answer), "400 model");
        }
    }

    async fn a_request_is_shown_as_it_would_be_sent_to_who_may_make_it(store: &Store) {
        let rig = Rig::new(store).await;
        let path = "/utils/transform_request";
        let asked = |model: &str, call_type: &str| json!({"call_type": call_type,
            "request_body": {"model": model, "messages": []}});
        let told = rig.post(path, &member("ann"), asked("gpt", "completion")).await.unwrap();
        assert_eq!(told, json!({
            "raw_request_api_base": "https://api.example/v1/chat",
            "raw_request_body": {"model": "gpt", "messages": []},
            "raw_request_headers": {"accept": "text/plain"},
            "error": null,
        }));
        let alone = json!({"call_type": "completion", "request_body": {"model": "gpt"}});
        let told = rig.post(path, &master(), alone).await.unwrap();
        assert!(told["raw_request_api_base"].is_null() && told["error"].is_string(), "{told}");
        for (body, refusal) in [
            (asked("gpt", "image"), "400 call_type"),
            (asked("none", "completion"), "400 model"),
            (asked("secret", "completion"), "403 model"),
            (json!({"call_type": "completion", "request_body": {}}), "400 model"),
            (json!({"call_type": "completion", "request_body": []}), "400 request_body"),
            (json!({"call_type": "completion"}), "400 request_body"),
            (json!({"request_body": {"model": "gpt"}}), "400 call_type"),
            (json!({"call_type": 1, "request_body": {"model": "gpt"}}), "400 call_type"),
        ] {
            assert_eq!(named(rig.post(path, &member("ann"), body).await), refusal);
        }
    }

    async fn every_operation_refuses_a_field_that_it_does_not_know(store: &Store) {
        let rig = Rig::new(store).await;
        for (method, path, _) in crate::reports::OPERATIONS {
            let path = path.replace("{request_id}", "c-ann");
            let mut query = serde_json::Map::new();
            query.insert("no_such_field".to_owned(), "x".into());
            let asks = method == http::Method::POST;
            let (query, body) = if asks {
                (serde_json::Map::new(), json!({"no_such_field": 1}))
            } else {
                (query, json!({}))
            };
            let answer = rig.ask(method.clone(), &path, &master(), query, body).await;
            assert_eq!(named(answer), "400 no_such_field", "{path}");
        }
    }
}

//! Questions about a model that cost nothing.

use serde_json::json;

use super::rig::{Rig, both, master, member, named};
use crate::store::Store;

both! {
    async fn tokens_are_counted_for_a_model_that_the_caller_may_use(store: &Store) {
        let rig = Rig::new(store).await;
        let path = "/utils/token_counter";
        let body = json!({"model": "gpt", "messages": [{"role": "user", "content": "12345678"}]});
        let told = rig.post(path, &member("ann"), body).await.unwrap();
        assert_eq!(told, json!({"total_tokens": 2, "request_model": "gpt",
            "model_used": "openai/gpt", "tokenizer_type": "estimate", "count_source": "local"}));
        let body = json!({"model": "gpt", "prompt": "1234", "system": "1234"});
        assert_eq!(rig.post(path, &master(), body).await.unwrap()["total_tokens"], 2);
        for (body, refusal) in [
            (json!({"prompt": "x"}), "400 model"),
            (json!({"model": "gpt"}), "400 messages"),
            (json!({"model": "gpt", "messages": "x"}), "400 messages"),
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

use serde_json::{Value, json};

use super::rig::{Rig, both, hash, holder, named};
use crate::store::Store;

async fn cost(rig: &Rig, body: Value) -> Value {
    let caller = holder(&hash("solo"));
    rig.post("/spend/calculate", &caller, body).await.unwrap()["cost"].clone()
}

both! {
    async fn a_prompt_is_priced_by_its_length(store: &Store) {
        let rig = Rig::new(store).await;
        let messages = json!([{"role": "user", "content": "12345678"}]);
        assert_eq!(cost(&rig, json!({"model": "gpt", "messages": messages})).await, 2.0);
        let messages = json!([{"role": "user", "content": [{"type": "text", "text": "123456789"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAAAAAAAAAA"}}]}]);
        assert_eq!(cost(&rig, json!({"model": "gpt", "messages": messages})).await, 3.0);
    }

    async fn an_answer_is_priced_by_its_usage_or_else_its_text(store: &Store) {
        let rig = Rig::new(store).await;
        let usage = json!({"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.5});
        let body = json!({"completion_response": {"model": "gpt", "usage": usage}});
        assert_eq!(cost(&rig, body).await, 11.0);
        let usage = json!({"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 2});
        let body = json!({"model": "gpt", "completion_response": {"usage": usage}});
        assert_eq!(cost(&rig, body).await, 13.0);
        let choices = json!([{"message": {"role": "assistant", "content": "1234"}}]);
        let body = json!({"completion_response": {"model": "gpt", "choices": choices}});
        assert_eq!(cost(&rig, body).await, 2.0);
    }

    async fn an_unknown_price_is_an_error_that_names_the_model(store: &Store) {
        let rig = Rig::new(store).await;
        let caller = holder(&hash("solo"));
        let body = json!({"model": "mystery", "messages": []});
        let fault = rig.post("/spend/calculate", &caller, body).await.unwrap_err();
        assert_eq!((fault.status, fault.param.as_deref()), (Some(400), Some("model")));
        assert!(fault.message.contains("`mystery`"), "{}", fault.message);
    }

    async fn what_cannot_be_priced_is_refused_by_name(store: &Store) {
        let rig = Rig::new(store).await;
        let usage = |usage: Value| json!({"completion_response": {"model": "gpt", "usage": usage}});
        for (body, field) in [
            (json!({}), "messages"),
            (json!({"model": "gpt"}), "messages"),
            (json!({"messages": []}), "model"),
            (json!({"model": 5, "messages": []}), "model"),
            (json!({"model": "gpt", "messages": "hi"}), "messages"),
            (json!({"model": "gpt", "messages": [], "prompt": "x"}), "prompt"),
            (json!({"completion_response": []}), "completion_response"),
            (json!({"completion_response": {"model": 3}}), "completion_response"),
            (usage(json!({"prompt_tokens": -1})), "completion_response.usage"),
            (usage(json!({"seconds": 1})), "completion_response.usage"),
            (usage(json!({"input_tokens": u64::MAX, "cache_read_input_tokens": 1})),
                "completion_response.usage"),
        ] {
            let answer = rig.post("/spend/calculate", &holder(&hash("solo")), body.clone()).await;
            assert_eq!(named(answer), format!("400 {field}"), "{body}");
        }
    }
}

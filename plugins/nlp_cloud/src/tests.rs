//! Requests and written answers: nothing was recorded of NLP Cloud.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json;
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<NlpCloud>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// A call of a model, whose request has to be `sent` at `url`.
fn played(operation: &str, asked: Value, url: &str, sent: &Value, reply: &Value) -> Outcome {
    let fixture = json!({
        "name": operation, "provider": "nlp_cloud", "operation": operation, "model": "custom/7",
        "body": asked, "expect": {},
        "exchanges": [{"request": {"url": url, "body": sent}, "reply": {"status": 200, "body": {"json": reply}}}]
    });
    testing::replay::<NlpCloud>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

#[test]
fn texts_and_vectors_are_asked_at_the_model() {
    let sent = json!({"text": "x", "remove_input": true, "length_no_input": true, "top_k": 3, "max_length": 5});
    let reply = json!({"generated_text": "y", "nb_generated_tokens": 1});
    let asked =
        json!({"prompt": ["x"], "top_k": 3, "max_completion_tokens": 5, "model": "custom/7"});
    let outcome = played("completions", asked, "/custom/7/generation", &sent, &reply);
    let response = outcome.response.unwrap();
    assert_eq!(response["choices"][0]["text"], "y");
    assert_eq!(response["usage"]["total_tokens"], 1);
    let sent = json!({"sentences": ["a", "b"]});
    let reply = json!({"embeddings": [[1.0], [2.0]]});
    let asked = json!({"input": ["a", "b"]});
    let outcome = played(
        "embeddings",
        asked.clone(),
        "/custom/7/embeddings",
        &sent,
        &reply,
    );
    let response = outcome.response.unwrap();
    assert_eq!(response["data"][1]["embedding"], json!([2.0]));
    assert_eq!(response["usage"]["prompt_tokens"], 2);
    let packed = played(
        "embeddings",
        json!({"input": ["a", "b"], "encoding_format": "base64"}),
        "/custom/7/embeddings",
        &sent,
        &reply,
    );
    assert_eq!(packed.response.unwrap()["data"][0]["embedding"], "AACAPw==");
    for reply in [json!({"embeddings": [[1.0]]}), json!({})] {
        let outcome = played(
            "embeddings",
            asked.clone(),
            "/custom/7/embeddings",
            &sent,
            &reply,
        );
        assert_eq!(outcome.error.unwrap().kind, kind::UPSTREAM);
    }
}

#[test]
fn what_is_no_answer_is_the_upstreams_failure() {
    let sent = json!({"text": "x", "remove_input": true, "length_no_input": true});
    for reply in [json!({}), json!([]), json!({"generated_text": null})] {
        let asked = json!({"messages": [{"role": "user", "content": "x"}]});
        let outcome = played("chat", asked, "/custom/7/generation", &sent, &reply);
        assert_eq!(outcome.error.unwrap().kind, kind::UPSTREAM, "{reply}");
    }
}

#[test]
fn a_model_cannot_lead_to_another_path() {
    for name in ["", "..", "a/../b", "a?b", "a//b", "a b"] {
        assert!(model(name).is_err(), "{name}");
    }
    assert_eq!(model("en/dolphin-2.9_x").unwrap(), "en/dolphin-2.9_x");
}

//! Recorded traffic of Voyage's through the plugin, and what is sent to both.

mod requests;

use sluice_sdk::serde_json::{self, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Rerankers>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn corpus(kind: &str) -> Vec<Value> {
    let all = include_str!("../../fixtures/corpus.jsonl").lines();
    let mut items: Vec<Value> = all
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    items.retain(|it| it["kind"] == kind);
    assert!(!items.is_empty());
    items
}

fn played(provider: &str, operation: &str, body: Value, status: u64, answer: Value) -> Outcome {
    let fixture = json!({
        "name": "played", "provider": provider, "operation": operation, "model": body["model"], "body": body,
        "exchanges": [{"reply": {"status": status, "headers": {"content-type": "application/json"}, "body": answer}}],
        "expect": {}
    });
    testing::replay::<Rerankers>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

fn sent(provider: &str, operation: &str, body: Value) -> Result<(String, Value), Error> {
    let call = Call {
        id: "1".into(),
        operation: operation.into(),
        provider: provider.into(),
        model: body["model"].as_str().unwrap_or("m").into(),
        streaming: false,
        config: json!({"input_type": "query"}).to_string(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    };
    let step = Rerankers::start(&call, &body.to_string())?;
    let Step::Send(Outbound {
        url,
        body: sluice_sdk::Body::Json(text),
        ..
    }) = step
    else {
        panic!("{step:?}")
    };
    Ok((url, serde_json::from_str(&text).unwrap()))
}

#[test]
fn recorded_vectors_come_through_and_requests_are_as_they_were_accepted() {
    for item in corpus("embeddings") {
        let mut body = item["request"].clone();
        let dimensions = body["output_dimension"].take();
        body["dimensions"] = dimensions;
        let outcome = played(
            "voyage",
            "embeddings",
            body.clone(),
            200,
            item["body"].clone(),
        );
        let answer: Value = serde_json::from_str(item["body"].as_str().unwrap()).unwrap();
        let response = outcome.response.unwrap();
        for (got, want) in response["data"]
            .as_array()
            .unwrap()
            .iter()
            .zip(answer["data"].as_array().unwrap())
        {
            assert_eq!(
                (&got["embedding"], &got["index"]),
                (&want["embedding"], &want["index"]),
                "{}",
                item["id"]
            );
        }
        assert_eq!(
            response["usage"]["prompt_tokens"],
            answer["usage"]["total_tokens"]
        );
        let (url, ours) = sent("voyage", "embeddings", body).unwrap();
        let mut theirs = item["request"].clone();
        theirs
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let unsaid = item["request"]["input_type"].is_null();
        if unsaid {
            theirs["input_type"] = "query".into();
        }
        assert_eq!((url.as_str(), ours), ("/embeddings", theirs));
    }
}

#[test]
fn recorded_ranks_come_through() {
    for item in corpus("rerank") {
        let answer: Value = serde_json::from_str(item["body"].as_str().unwrap()).unwrap();
        let outcome = played(
            "voyage",
            "rerank",
            item["request"].clone(),
            200,
            item["body"].clone(),
        );
        let response = outcome.response.unwrap();
        assert_eq!(response["results"].as_array().unwrap().len(), 3);
        assert_eq!(
            response["results"][0]["relevance_score"],
            answer["data"][0]["relevance_score"]
        );
        assert_eq!(
            response["meta"]["billed_units"]["total_tokens"],
            answer["usage"]["total_tokens"]
        );
        assert_eq!(
            outcome.usage.unwrap(),
            json!({"prompt_tokens": 57, "total_tokens": 57, "searches": 1})
        );
    }
}

#[test]
fn recorded_errors_have_a_kind_and_their_message() {
    for item in corpus("error") {
        let body = json!({"model": "m", "input": ["a"]});
        let error = played("voyage", "embeddings", body, 400, item["body"].clone())
            .error
            .unwrap();
        assert_eq!(error.kind, fault::kind::NOT_FOUND);
        assert!(
            error
                .message
                .starts_with("Model nonexistent is not supported")
        );
    }
}

#[test]
fn errors_have_their_kinds() {
    let list = json!([{"loc": ["body"], "msg": "field required"}]);
    for (status, detail, want) in [
        (
            400,
            json!("Your input has too many tokens"),
            fault::kind::CONTEXT_WINDOW,
        ),
        (401, json!("no"), fault::kind::AUTHENTICATION),
        (
            402,
            json!("Insufficient account balance"),
            fault::kind::QUOTA,
        ),
        (403, json!("no"), fault::kind::PERMISSION),
        (422, list, fault::kind::INVALID_REQUEST),
        (429, json!("slow"), fault::kind::RATE_LIMIT),
        (500, json!("oops"), fault::kind::UPSTREAM),
        (503, json!("later"), fault::kind::OVERLOADED),
    ] {
        let answer = json!({"json": {"detail": detail}});
        let error = played(
            "jina_ai",
            "embeddings",
            json!({"model": "m", "input": "a"}),
            status,
            answer,
        )
        .error
        .unwrap();
        assert_eq!(error.kind, want, "{status}");
    }
}

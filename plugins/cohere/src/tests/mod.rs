//! Recorded traffic through the plugin, judged by an oracle that reads Cohere's JSON itself, and
//! requests judged by what the API takes.

mod bad;
mod embeddings;
mod oracle;
mod recorded;
mod requests;

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Cohere>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Cohere>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// The recordings of one kind.
fn corpus(kind: &str) -> Vec<Value> {
    let all = include_str!("../../fixtures/corpus.jsonl").lines();
    all.map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|it| it["kind"] == kind)
        .collect()
}

/// An answer through the plugin, at every chunking.
fn played(item: &Value, operation: &str, streaming: bool, body: Value) -> Outcome {
    let fixture = json!({
        "name": item["id"], "provider": "cohere", "operation": operation, "model": "m", "streaming": streaming, "body": body,
        "exchanges": [{"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}}],
        "expect": {}
    });
    testing::replay::<Cohere>(&serde_json::from_value(fixture).unwrap())
        .unwrap_or_else(|what| panic!("{}: {what}", item["id"]))
}

fn replay(item: &Value, operation: &str, streaming: bool) -> Outcome {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "input": ["a"],
        "query": "q", "documents": ["a", "b"]});
    played(item, operation, streaming, body)
}

fn item(body: &str, streaming: bool) -> Value {
    let kind = if streaming {
        "text/event-stream"
    } else {
        "application/json"
    };
    json!({"id": "written", "status": 200, "headers": {"content-type": kind}, "body": body})
}

/// A written answer, not streamed.
fn answered(body: Value) -> Outcome {
    replay(&item(&body.to_string(), false), "chat", false)
}

/// A written stream.
fn streamed(events: &[Value]) -> Outcome {
    let lines: String = events
        .iter()
        .map(|it| format!("event: {}\ndata: {it}\n\n", text(it, "type")))
        .collect();
    replay(&item(&lines, true), "chat", true)
}

fn call(operation: &str, model: &str, streaming: bool) -> Call {
    Call {
        id: "1".into(),
        operation: operation.into(),
        provider: "cohere".into(),
        model: model.into(),
        streaming,
        config: "{}".into(),
        secrets: vec!["api_key".into()],
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    }
}

fn body_of(outbound: &Outbound) -> Value {
    let sluice_sdk::Body::Json(text) = &outbound.body else {
        panic!("{outbound:?}")
    };
    serde_json::from_str(text).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

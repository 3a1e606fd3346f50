//! Recorded traffic through the plugin, judged by an oracle that reads the provider's JSON itself,
//! and requests judged by what the API takes.

mod addresses;
mod asked;
mod bodies;
mod hostile;
mod media;
mod oracle;
mod recorded;

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<VertexAi>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<VertexAi>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
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
fn played(operation: &str, model: &str, streaming: bool, reply: Value) -> Result<Outcome, String> {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "x"}], "input": "a", "prompt": "p", "max_tokens": 5});
    let fixture = json!({
        "name": "played", "provider": "vertex_ai", "operation": operation, "model": model, "streaming": streaming, "body": body,
        "config": {"vertex_project": "p", "vertex_location": "us-central1"},
        "exchanges": [{"reply": reply}], "expect": {}
    });
    testing::replay::<VertexAi>(&serde_json::from_value(fixture).unwrap())
}

/// A recorded answer.
fn replay(item: &Value) -> Outcome {
    let operation = text(item, "operation");
    let streaming = operation == "chat-stream";
    let operation = if streaming { "chat" } else { operation };
    let reply = json!({"status": item["status"], "headers": item["headers"], "body": item["body"]});
    played(operation, text(item, "model"), streaming, reply)
        .unwrap_or_else(|what| panic!("{}: {what}", item["id"]))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

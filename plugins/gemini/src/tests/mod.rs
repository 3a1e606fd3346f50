//! Recorded traffic through the plugin, judged by an oracle that reads Gemini's JSON itself, and
//! requests judged by what the API takes.

mod batches;
mod formats;
mod media;
mod oracle;
mod recorded;
mod requests;

use sluice_sdk::serde_json;
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Gemini>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Gemini>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// The recordings of one kind.
fn corpus(kind: &str) -> Vec<Value> {
    let all = include_str!("../../fixtures/corpus.jsonl").lines();
    all.map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|it| it["kind"] == kind)
        .collect()
}

/// A recorded answer through the plugin, at every chunking.
fn replay(item: &Value, operation: &str, streaming: bool) -> Outcome {
    let body =
        json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "input": ["a", "b"]});
    let fixture = json!({
        "name": item["id"], "provider": "gemini", "operation": operation, "model": "m", "streaming": streaming, "body": body,
        "exchanges": [{"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}}],
        "expect": {}
    });
    testing::replay::<Gemini>(&serde_json::from_value(fixture).unwrap())
        .unwrap_or_else(|what| panic!("{}: {what}", item["id"]))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

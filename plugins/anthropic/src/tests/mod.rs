//! Recorded traffic through the plugin, judged by an oracle that reads Anthropic's JSON itself,
//! and requests judged by what the API takes.

mod batches;
mod oracle;
mod paused;
mod recorded;
mod requests;

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Anthropic>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Anthropic>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
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
    let done = json!({"content": [], "stop_reason": "end_turn", "usage": {}});
    let fixture = json!({
        "name": item["id"], "provider": "anthropic", "operation": operation, "model": "claude-x", "streaming": streaming,
        "body": {"model": "claude-x", "messages": [{"role": "user", "content": "x"}]},
        "exchanges": [{"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}},
            {"reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": done}}}],
        "expect": {}
    });
    testing::replay::<Anthropic>(&serde_json::from_value(fixture).unwrap())
        .unwrap_or_else(|what| panic!("{}: {what}", item["id"]))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

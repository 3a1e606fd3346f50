//! Recorded traffic through the plugin, judged by an oracle that reads Converse's JSON and AWS's
//! event streams itself, and requests judged by what the API takes.

mod broken;
mod edits;
mod faults;
mod oracle;
mod places;
mod recorded;
mod requests;
mod vectors;

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Bedrock>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Bedrock>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
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
fn replay(item: &Value, model: &str, operation: &str, streaming: bool) -> Result<Outcome, String> {
    let texts = vec!["x"; item["texts"].as_u64().unwrap_or(1) as usize];
    let body = json!({"model": model, "messages": [{"role": "user", "content": "x"}], "input": texts,
        "query": "x", "documents": ["a", "b", "c", "d", "e"]});
    let fixture = json!({
        "name": item["id"].as_str().unwrap_or("written"), "provider": "bedrock", "operation": operation, "model": model, "streaming": streaming,
        "body": body, "expect": {},
        "exchanges": [{"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}}]
    });
    testing::replay::<Bedrock>(&serde_json::from_value(fixture).unwrap())
}

fn call(operation: &str, model: &str) -> Call {
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "bedrock".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    }
}

fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        sluice_sdk::Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The one request that a call becomes.
fn sent(call: &Call, body: &Value) -> Outbound {
    match Bedrock::start(call, &body.to_string()).unwrap() {
        Step::Send(outbound) => outbound,
        other => panic!("{other:?}"),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

//! Recorded traffic, written answers where none was recorded, requests as the API takes them, and
//! what no service should send.

mod answers;
mod requests;

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Watsonx>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Watsonx>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// An answer through the plugin, at every chunking.
fn answered(operation: &str, streaming: bool, status: u64, body: &Value) -> Outcome {
    let kind = if streaming {
        "text/event-stream"
    } else {
        "application/json"
    };
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "prompt": "x",
        "input": "x", "query": "x", "documents": ["a", "b"]});
    let fixture = json!({
        "name": operation, "provider": "watsonx", "operation": operation, "model": "m",
        "streaming": streaming, "body": request, "config": {"project_id": "p"}, "secrets": ["token"],
        "exchanges": [{"reply": {"status": status, "headers": {"content-type": kind}, "body": body}}],
        "expect": {}
    });
    testing::replay::<Watsonx>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

//! Recorded traffic, requests as the API takes them, and what no service should send.

mod answers;
mod requests;

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<GigaChat>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// An answer through the plugin, at every chunking.
fn answered(operation: &str, streaming: bool, status: u64, body: &Value) -> Outcome {
    let kind = if streaming {
        "text/event-stream"
    } else {
        "application/json"
    };
    let fixture = json!({
        "name": operation, "provider": "gigachat", "operation": operation, "model": "m",
        "streaming": streaming, "secrets": ["access_token"], "expect": {},
        "body": {"model": "m", "messages": [{"role": "user", "content": "x"}], "input": "x"},
        "exchanges": [{"reply": {"status": status, "headers": {"content-type": kind}, "body": body}}]
    });
    testing::replay::<GigaChat>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

//! Recorded traffic through the plugin, judged by what Ollama's own JSON says; requests as the
//! API takes them; and what no server should send.

mod broken;
mod recorded;
mod requests;

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Ollama>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Ollama>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// An answer through the plugin, at every chunking.
fn answered(operation: &str, streaming: bool, status: u64, body: &Value) -> Outcome {
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "prompt": "x", "input": "x"});
    let fixture = json!({
        "name": operation, "provider": "ollama", "operation": operation, "model": "m",
        "streaming": streaming, "body": request,
        "exchanges": [{"reply": {"status": status, "headers": {"content-type": "application/json"}, "body": body}}],
        "expect": {}
    });
    testing::replay::<Ollama>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

/// The choice of an answer or a stream, put together as a client does.
fn choice(outcome: &Outcome) -> Value {
    match &outcome.response {
        Some(response) => response["choices"][0].clone(),
        None => testing::gathered(&outcome.events, 0).unwrap(),
    }
}

fn usage(outcome: &Outcome) -> Value {
    let whole = outcome.response.as_ref().map(|it| it["usage"].clone());
    outcome.usage.clone().or(whole).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

//! Recorded traffic: requests that Azure accepted are sent as they were and answers relayed, and
//! refusals are given their kind; requests judged by the address they go to.

mod addresses;
mod asked;
mod bodies;
mod claude;
mod recorded;

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Azure>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Azure>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// The recordings.
fn corpus() -> Vec<Value> {
    let lines = include_str!("../../fixtures/corpus.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A call and its one exchange, at every chunking.
fn played(call: Value, exchange: Value) -> Result<Outcome, String> {
    let mut fixture = json!({"name": "played", "provider": "azure", "operation": "chat", "model": "m", "secrets": ["api_key"],
        "context": {"base_url": "https://r.openai.azure.com"}, "body": {"model": "m", "messages": []},
        "exchanges": [exchange], "expect": {}});
    let members = call.as_object().unwrap().clone();
    fixture.as_object_mut().unwrap().extend(members);
    testing::replay::<Azure>(&serde_json::from_value(fixture).unwrap())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

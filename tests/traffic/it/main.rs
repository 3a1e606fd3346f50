//! Recorded traffic of every provider through its component, judged by readers that know nothing
//! of the component's code; and what is sent, beside what LiteLLM sends.
#![expect(
    clippy::unwrap_used,
    reason = "a test tells what is wrong by panicking"
)]

mod addresses;
mod anthropic;
mod bedrock;
mod bridged;
mod canonical;
mod cohere;
mod compatible;
mod compiled;
mod components;
mod cuts;
mod ends;
mod exceptions;
mod gemini;
mod gigachat;
mod gist;
mod judge;
mod listed;
mod losses;
mod media;
mod ollama;
mod places;
mod play;
mod recordings;
mod refusals;
mod replay;
mod report;
mod routes;
mod unlike;
mod vectors;
mod verified;
mod wire;

use std::path::PathBuf;

use sluice_sdk::serde_json::Value;

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

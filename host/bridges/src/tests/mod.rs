//! Whole conversations: recorded answers of Anthropic and Google through their plugins and back,
//! recorded requests, requests as the well-known command-line clients write them, and every chunking.

mod arbitrary;
mod cases;
mod clients;
mod failures;
mod grammar;
mod kept;
mod properties;
mod recorded;
mod recorded_events;
mod recorded_of_google;
mod requests;
mod requests_of_google;
mod streams;

pub use recorded::message_of;
use serde_json::{Value, json};
use sluice_sdk::testing::{self, Outcome};
use sluice_sdk::{Body, Call, Provider, Step};

use crate::{Bridged, Dialect, Event, Identity, Options, Plan, Target, request};

pub fn identity() -> Identity {
    Identity::new("1", 1_700_000_000, "m")
}

/// A small request of the dialect, with more members.
fn body(dialect: Dialect, more: &Value) -> Value {
    let mut body = match dialect {
        Dialect::Messages => {
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]})
        }
        Dialect::Responses => json!({"model": "m", "input": "x"}),
        Dialect::GenerateContent => {
            json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}],
            "generationConfig": {"thinkingConfig": {"includeThoughts": true}}})
        }
        Dialect::Completions => json!({"model": "m", "prompt": "x"}),
    };
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

fn bridged(dialect: Dialect, body: &Value, target: Target) -> Bridged {
    let options = Options {
        target,
        ..Options::default()
    };
    request(dialect, body.as_object().unwrap(), &options)
        .unwrap_or_else(|why| panic!("{why}: {body}"))
}

fn plan(dialect: Dialect) -> Plan {
    bridged(dialect, &body(dialect, &json!({})), Target::COMPATIBLE).plan
}

/// What a plugin sends for a chat.
fn sent<P: Provider>(provider: &str, model: &str, mut chat: Value) -> Value {
    chat["model"] = json!(model);
    let streaming = chat["stream"] == true;
    let call = Call {
        id: "t".into(),
        operation: "chat".into(),
        provider: provider.into(),
        model: model.into(),
        streaming,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    };
    match P::start(&call, &chat.to_string()) {
        Ok(Step::Send(outbound)) => match outbound.body {
            Body::Json(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}: {chat}"),
    }
}

/// The events of canonical chunks, to the end.
pub fn events(plan: &Plan, chunks: &[Value]) -> Vec<Event> {
    let mut stream = plan.stream(identity());
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend(stream.push(chunk));
    }
    out.extend(stream.finish());
    out
}

fn data(events: &[Event]) -> Vec<Value> {
    events.iter().filter_map(Event::data).cloned().collect()
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Lines of recordings.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

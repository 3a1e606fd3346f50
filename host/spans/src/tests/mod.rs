//! What is found where, in every dialect, and what becomes of streams.

mod apply;
mod blocks;
mod chats;
mod found;
mod guards;
mod hidden;
mod parts;
mod recorded;
mod streams;

use serde_json::Value;

use super::*;

/// Lines of a fixture of this repository.
fn lines(path: &str) -> Vec<Value> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let text = std::fs::read_to_string(format!("{root}/{path}")).unwrap();
    text.lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect()
}

/// Role, channel, pointer and text.
fn shown(spans: &[Span]) -> Vec<(&str, &str, &str, &str)> {
    let shown = |it: &Span| -> (&'static str, &'static str) { (it.role, it.channel) };
    spans
        .iter()
        .map(|it| {
            let (role, channel) = shown(it);
            (role, channel, it.pointer.as_str(), it.text.as_str())
        })
        .collect()
}

/// The events of a recorded stream.
fn events(body: &str) -> Vec<Value> {
    match serde_json::from_str(body) {
        Ok(Value::Array(list)) => list,
        _ => {
            let lines = body.lines().filter_map(|it| it.strip_prefix("data:"));
            lines
                .filter_map(|it| serde_json::from_str(it.trim()).ok())
                .collect()
        }
    }
}

//! What is changed in the client's own bytes.

use sluice_sdk::Call;
use sluice_sdk::serde_json::{Value, json};

pub type Patch = Vec<(String, Option<String>)>;

/// Reasoning models take `max_completion_tokens` only; it means the same to the others.
pub fn chat(call: &Call, head: &Value, reasoning: bool) -> Patch {
    let mut patch = stream(call, head);
    let old = head.get("max_tokens").filter(|it| !it.is_null());
    if let Some(limit) = old.filter(|_| reasoning) {
        if head.get("max_completion_tokens").is_none() {
            patch.push(("max_completion_tokens".into(), Some(limit.to_string())));
        }
        patch.push(("max_tokens".into(), None));
    }
    patch
}

/// Usage is always asked for; the gateway keeps it from clients that did not.
pub fn stream(call: &Call, head: &Value) -> Patch {
    let asked = head.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
    if !call.streaming || asked {
        return Vec::new();
    }
    let options = head.get("stream_options").and_then(Value::as_object);
    let mut options = options.cloned().unwrap_or_default();
    options.insert("include_usage".into(), json!(true));
    let options = Value::from(options).to_string();
    vec![("stream_options".into(), Some(options))]
}

/// The o-series and everything from gpt-5 on; not the chat variants. Deployments may be called
/// anything, so only those that are called by their model are known.
pub fn is_reasoning(model: &str) -> bool {
    let model = model.rsplit('/').next().unwrap_or(model);
    let numbered = |prefix: &str, least: char| {
        let rest = model.strip_prefix(prefix);
        rest.is_some_and(|it| {
            it.starts_with(|digit: char| digit.is_ascii_digit() && digit >= least)
        })
    };
    (numbered("o", '1') || numbered("gpt-", '5')) && !model.contains("chat")
}

//! The shape of a body without what was said in it: numbers, switches and the words that the
//! protocols are made of. What is not known to be harmless is left out.

use serde_json::{Map, Value};

/// LiteLLM's word for what was left out.
pub const REDACTED: &str = "redacted-by-litellm";

/// Members whose texts are words of the protocol.
const WORDS: [&str; 14] = [
    "encoding_format",
    "finish_reason",
    "id",
    "model",
    "object",
    "reasoning_effort",
    "role",
    "service_tier",
    "status",
    "stop_reason",
    "system_fingerprint",
    "tool_call_id",
    "tool_choice",
    "type",
];

/// Longer ones are none.
const LONGEST_WORD: usize = 256;

/// Members that are looked into.
const INSIDE: [&str; 16] = [
    "choices",
    "completion_tokens_details",
    "content",
    "data",
    "delta",
    "error",
    "incomplete_details",
    "input_tokens_details",
    "message",
    "messages",
    "output",
    "output_tokens_details",
    "prompt_tokens_details",
    "stream_options",
    "tool_calls",
    "usage",
];

/// What is left of a body.
pub fn redacted(body: Value) -> Value {
    match body {
        Value::Object(members) => object(members),
        _ => REDACTED.into(),
    }
}

fn object(members: Map<String, Value>) -> Value {
    let left = members.into_iter().map(|(name, value)| {
        let value = member(&name, value);
        (name, value)
    });
    Value::Object(left.collect())
}

fn member(name: &str, value: Value) -> Value {
    let inside = INSIDE.contains(&name);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
        Value::String(ref text) if WORDS.contains(&name) && text.len() <= LONGEST_WORD => value,
        Value::Object(members) if inside => object(members),
        Value::Array(items) if inside => items.into_iter().map(item).collect(),
        _ => REDACTED.into(),
    }
}

/// Only objects have a shape that is known: a list of numbers may be tokens, or a vector.
fn item(value: Value) -> Value {
    match value {
        Value::Object(members) => object(members),
        _ => REDACTED.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn of_a_request_the_parameters_are_left() {
        let body = json!({
            "model": "m", "temperature": 0.5, "stream": true, "stop": ["x"], "user": "u",
            "stream_options": {"include_usage": true},
            "messages": [
                {"role": "user", "content": "secret"},
                {"role": "user", "content": [{"type": "text", "text": "secret"}, {"type": "image_url", "image_url": {"url": "u"}}]},
            ],
            "tools": [{"type": "function"}], "input": [1, 2], "metadata": {"a": 1},
        });
        assert_eq!(
            redacted(body),
            json!({
                "model": "m", "temperature": 0.5, "stream": true, "stop": REDACTED, "user": REDACTED,
                "stream_options": {"include_usage": true},
                "messages": [
                    {"role": "user", "content": REDACTED},
                    {"role": "user", "content": [{"type": "text", "text": REDACTED}, {"type": "image_url", "image_url": REDACTED}]},
                ],
                "tools": REDACTED, "input": REDACTED, "metadata": REDACTED,
            })
        );
    }

    #[test]
    fn of_an_answer_usage_and_reasons_are_left() {
        let usage = json!({"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1}});
        let body = json!({
            "id": "c", "object": "chat.completion", "created": 1, "usage": usage.clone(),
            "choices": [{"index": 0, "finish_reason": "stop", "logprobs": {"content": [{"token": "secret"}]},
                "message": {"role": "assistant", "content": "secret", "tool_calls": [{"id": "t", "type": "function",
                    "function": {"name": "f", "arguments": "secret"}}]}}],
        });
        assert_eq!(
            redacted(body),
            json!({
                "id": "c", "object": "chat.completion", "created": 1, "usage": usage,
                "choices": [{"index": 0, "finish_reason": "stop", "logprobs": REDACTED,
                    "message": {"role": "assistant", "content": REDACTED, "tool_calls": [{"id": "t", "type": "function",
                        "function": REDACTED}]}}],
            })
        );
        let vectors = json!({"object": "list", "data": [{"index": 0, "embedding": [0.5]}]});
        let left = json!({"object": "list", "data": [{"index": 0, "embedding": REDACTED}]});
        assert_eq!(redacted(vectors), left);
    }

    fn said() -> impl Strategy<Value = Value> {
        let names = INSIDE.iter().chain(&["text", "x", "arguments"]).copied();
        let names = prop::sample::select(names.collect::<Vec<_>>());
        Just(json!("SAID")).prop_recursive(5, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
                prop::collection::vec((names.clone(), inner), 1..4).prop_map(|all| {
                    Value::Object(
                        all.into_iter()
                            .map(|(name, it)| (name.to_owned(), it))
                            .collect(),
                    )
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_text_outside_of_the_protocols_words_is_left(body in said()) {
            prop_assert!(!redacted(body).to_string().contains("SAID"));
        }
    }
}

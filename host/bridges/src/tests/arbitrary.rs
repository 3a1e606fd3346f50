//! Requests and answers as nobody would write them.

use proptest::prelude::*;
use serde_json::{Value, json};

/// Requests with every member in every type.
pub fn requests() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "type",
        "role",
        "content",
        "messages",
        "input",
        "contents",
        "parts",
        "text",
        "tools",
        "name",
        "output",
        "tool_choice",
        "functionCall",
        "functionResponse",
        "inlineData",
        "source",
        "prompt",
        "call_id",
        "system",
        "generationConfig",
        "thinking",
        "reasoning",
        "summary",
        "encrypted_content",
        "action",
        "arguments",
        "data",
    ]);
    let words = prop::sample::select(vec![
        "user",
        "assistant",
        "model",
        "text",
        "tool_use",
        "tool_result",
        "function_call",
        "function_call_output",
        "image",
        "document",
        "reasoning",
        "message",
        "custom",
        "local_shell_call",
        "thinking",
        "redacted_thinking",
        "sluice1.e30",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i16>().prop_map(Value::from),
        words.prop_map(Value::from),
        any::<bool>().prop_map(Value::from)
    ];
    let value = leaf.prop_recursive(4, 48, 5, move |inner| {
        let members = prop::collection::vec((names.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|all| Value::Object(
                all.into_iter()
                    .map(|(name, it)| (name.to_owned(), it))
                    .collect()
            )),
        ]
    });
    let tops = prop::sample::select(vec![
        "messages",
        "input",
        "contents",
        "prompt",
        "tools",
        "system",
        "tool_choice",
        "generationConfig",
    ]);
    prop::collection::vec((tops, value), 1..6).prop_map(|all| {
        Value::Object(
            all.into_iter()
                .map(|(name, it)| (name.to_owned(), it))
                .collect(),
        )
    })
}

/// Chunks and answers with every member in every type.
pub fn chunks() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "index",
        "id",
        "content",
        "reasoning_content",
        "thinking_blocks",
        "type",
        "thinking",
        "signature",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "refusal",
        "annotations",
        "provider_specific_fields",
        "server_blocks",
        "parts",
        "citation",
        "citations",
        "thought_signatures",
        "images",
        "audio",
        "finish_reason",
        "logprobs",
        "stop_sequence",
    ]);
    let words = prop::sample::select(vec![
        "stop",
        "length",
        "thinking",
        "redacted_thinking",
        "f",
        "{}",
        "{",
        "",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<u8>().prop_map(Value::from),
        words.prop_map(Value::from)
    ];
    let value = leaf.prop_recursive(3, 32, 5, move |inner| {
        let members = prop::collection::vec((names.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            members.prop_map(|all| Value::Object(
                all.into_iter()
                    .map(|(name, it)| (name.to_owned(), it))
                    .collect()
            )),
        ]
    });
    (value.clone(), value, any::<bool>()).prop_map(|(said, reason, whole)| {
        let member = if whole { "message" } else { "delta" };
        json!({"choices": [{"index": 0, member: said, "finish_reason": reason}], "usage": said})
    })
}

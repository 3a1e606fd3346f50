//! Answers from the request alone. A word counts as a token.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, fault};

use crate::schema;

/// A chat completion: the last user text, a call of the tool that is forced, or the smallest
/// document that fits a response schema.
pub fn chat(body: &Value) -> Result<Value, Error> {
    let messages = body.get("messages").and_then(Value::as_array);
    let messages = messages.ok_or_else(|| fault::invalid_request("`messages` is no list"))?;
    let prompt_tokens: usize = messages
        .iter()
        .map(|message| words(&text_of(message)))
        .sum();
    let last = messages
        .iter()
        .rev()
        .find(|message| message.get("role") == Some(&"user".into()));
    let said = last.map(text_of).unwrap_or_default();
    let (message, finish) = if let Some(tool) = forced_tool(body) {
        let arguments = schema::instance(
            tool.pointer("/function/parameters").unwrap_or(&Value::Null),
            &said,
        );
        let call = json!({"id": "call_0", "type": "function", "function": {
            "name": tool.pointer("/function/name"), "arguments": arguments.to_string()}});
        (
            json!({"role": "assistant", "content": null, "tool_calls": [call]}),
            "tool_calls",
        )
    } else if let Some(wanted) = body.pointer("/response_format/json_schema/schema") {
        (
            json!({"role": "assistant", "content": schema::instance(wanted, &said).to_string()}),
            "stop",
        )
    } else {
        (
            json!({"role": "assistant", "content": format!("You said: {said}")}),
            "stop",
        )
    };
    let completion_tokens = words(
        message
            .get("content")
            .and_then(Value::as_str)
            .unwrap_or("call"),
    );
    Ok(json!({
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens}
    }))
}

/// Vectors that depend on the text only: same text, same vector.
pub fn embeddings(body: &Value) -> Result<Value, Error> {
    let inputs: Vec<&str> = match body.get("input") {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => {
            return Err(fault::invalid_request(
                "`input` is neither a text nor a list of texts",
            ));
        }
    };
    let dimensions = body
        .get("dimensions")
        .and_then(Value::as_u64)
        .unwrap_or(8)
        .clamp(1, 4096);
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": vector(text, dimensions)}))
        .collect();
    let tokens: usize = inputs.iter().map(|text| words(text)).sum();
    Ok(
        json!({"object": "list", "data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}),
    )
}

/// A unit vector from a hash of the text (FNV-1a, continued).
fn vector(text: &str, dimensions: u64) -> Vec<f64> {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let mut raw = Vec::new();
    for _ in 0..dimensions {
        hash = step(hash, 1);
        raw.push((hash >> 11) as f64 / (1u64 << 53) as f64 - 0.5);
    }
    let length = raw
        .iter()
        .map(|it| it * it)
        .sum::<f64>()
        .sqrt()
        .max(f64::MIN_POSITIVE);
    raw.into_iter().map(|it| it / length).collect()
}

fn forced_tool(body: &Value) -> Option<&Value> {
    let tools = body.get("tools")?.as_array()?;
    match body.get("tool_choice")? {
        Value::String(choice) if choice == "required" => tools.first(),
        choice => {
            let name = choice.pointer("/function/name")?;
            tools
                .iter()
                .find(|tool| tool.pointer("/function/name") == Some(name))
        }
    }
}

fn text_of(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

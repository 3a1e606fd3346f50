//! A chat answer as a chat completion.

use sluice_sdk::Error;
use sluice_sdk::fault::{self, kind};
use sluice_sdk::serde_json::{Map, Value, json};

use crate::{citations, errors, messages, usage};

pub fn to_chat(answer: &Value) -> Result<Value, Error> {
    let message = answer.get("message").filter(|it| it.is_object());
    let message = message.ok_or_else(|| errors::instead_of_an_answer(answer))?;
    let calls = tool_calls(message);
    let native = answer.get("finish_reason").and_then(Value::as_str);
    let finish = finish_reason(native, !calls.is_empty(), answer.get("error"))?;
    let mut choice = json!({"index": 0, "message": said(message, calls), "finish_reason": finish});
    if let Some(native) = native {
        choice["provider_specific_fields"] = json!({"native_finish_reason": native});
    }
    if let Some(list) = answer.get("logprobs").and_then(Value::as_array) {
        let content: Vec<Value> = list.iter().map(probability).collect();
        choice["logprobs"] = json!({"content": content, "refusal": null});
    }
    let mut result = Map::new();
    if let Some(id) = answer.get("id").filter(|it| it.is_string()) {
        result.insert("id".into(), id.clone());
    }
    result.insert("choices".into(), json!([choice]));
    if let Some(usage) = answer.get("usage").and_then(usage::canonical) {
        result.insert("usage".into(), usage);
    }
    Ok(result.into())
}

fn said(message: &Value, calls: Vec<Value>) -> Value {
    let text = |name: &str| {
        message
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let parts = message.get("content").and_then(Value::as_array);
    let mut content = message
        .get("content")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let mut thoughts = text("tool_plan").to_owned();
    for part in parts.into_iter().flatten() {
        if let Some(more) = part.get("thinking").and_then(Value::as_str) {
            thoughts.push_str(more);
        } else if let Some(more) = part.get("text").and_then(Value::as_str) {
            content.get_or_insert_default().push_str(more);
        }
    }
    let mut result = Map::new();
    result.insert("role".into(), "assistant".into());
    result.insert("content".into(), content.map_or(Value::Null, Value::from));
    if !thoughts.is_empty() {
        result.insert("reasoning_content".into(), thoughts.into());
    }
    if !calls.is_empty() {
        result.insert("tool_calls".into(), calls.into());
    }
    let cited = message.get("citations").and_then(Value::as_array);
    if let Some(cited) = cited.filter(|it| !it.is_empty()) {
        let annotations: Vec<Value> = cited.iter().flat_map(citations::annotations).collect();
        if !annotations.is_empty() {
            result.insert("annotations".into(), annotations.into());
        }
        result.insert(
            "provider_specific_fields".into(),
            json!({ "citations": cited }),
        );
    }
    result.into()
}

fn tool_calls(message: &Value) -> Vec<Value> {
    let list = message.get("tool_calls").and_then(Value::as_array);
    let call = |(at, call): (usize, &Value)| {
        let id = call
            .get("id")
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty());
        let id = id.map_or_else(|| format!("call_{at}"), str::to_owned);
        let arguments = match call.pointer("/function/arguments") {
            Some(Value::String(text)) => messages::object(text).to_owned(),
            Some(Value::Null) | None => "{}".to_owned(),
            Some(other) => other.to_string(),
        };
        json!({"id": id, "type": "function",
            "function": {"name": call.pointer("/function/name"), "arguments": arguments}})
    };
    list.into_iter().flatten().enumerate().map(call).collect()
}

/// An answer that ended in failure is none, whatever was said before.
pub fn finish_reason(
    native: Option<&str>,
    calls: bool,
    error: Option<&Value>,
) -> Result<&'static str, Error> {
    let failed = |kind: &str, what: &str| {
        let said = error.and_then(Value::as_str).filter(|it| !it.is_empty());
        Err(fault::error(kind, said.unwrap_or(what)))
    };
    match native.unwrap_or_default() {
        "MAX_TOKENS" | "ERROR_LIMIT" => Ok("length"),
        "ERROR_TOXIC" => Ok("content_filter"),
        "ERROR" => failed(kind::UPSTREAM, "the provider broke its answer off"),
        "TIMEOUT" => failed(kind::TIMEOUT, "the provider ran out of time"),
        _ if calls => Ok("tool_calls"),
        _ => Ok("stop"),
    }
}

/// One text with the tokens in it.
pub fn probability(entry: &Value) -> Value {
    let token = entry
        .get("text")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let list = entry.get("logprobs").and_then(Value::as_array);
    let together: f64 = list.into_iter().flatten().filter_map(Value::as_f64).sum();
    json!({"token": token, "logprob": together, "bytes": token.as_bytes(), "top_logprobs": []})
}

//! What whole messages and deltas of "compatible" upstreams have in common that is not OpenAI's.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

/// OpenAI's finish reason for a provider's word. None: the word is OpenAI's own.
pub fn finish_reason(word: &str) -> Option<&'static str> {
    Some(match word {
        "stop" | "length" | "tool_calls" | "content_filter" | "function_call" => return None,
        "max_tokens" | "MAX_TOKENS" | "model_length" | "not_finished" => "length",
        "tool_use" | "TOOL_CALL" => "tool_calls",
        "SAFETY"
        | "sensitive"
        | "refusal"
        | "guardrail_intervened"
        | "MODEL_ARMOR"
        | "blocklist" => "content_filter",
        _ => "stop",
    })
}

/// Brings the reasoning under its usual name and content parts into text. The members an upstream
/// sent stay as they are beside it.
pub fn message(message: &mut Map<String, Value>) {
    if let Some(Value::Array(parts)) = message.get("content") {
        let (text, thinking) = split_parts(parts);
        message.insert("content".into(), text.into());
        if !thinking.is_empty() {
            message
                .entry("reasoning_content")
                .or_insert_with(|| thinking.into());
        }
    }
    let filled = message
        .get("reasoning_content")
        .and_then(Value::as_str)
        .is_some_and(|it| !it.is_empty());
    if !filled {
        let own = message
            .get("reasoning")
            .and_then(Value::as_str)
            .filter(|it| !it.is_empty());
        let found = own
            .map(str::to_owned)
            .or_else(|| message.get("reasoning_details").and_then(details));
        if let Some(text) = found {
            message.insert("reasoning_content".into(), text.into());
        }
    }
}

/// Mistral's content is a list while it thinks.
fn split_parts(parts: &[Value]) -> (String, String) {
    let (mut text, mut thinking) = (String::new(), String::new());
    for part in parts {
        match part.get("type").and_then(Value::as_str) {
            Some("thinking") => match part.get("thinking") {
                Some(Value::String(piece)) => thinking += piece,
                Some(Value::Array(pieces)) => {
                    pieces
                        .iter()
                        .filter_map(|it| it.get("text")?.as_str())
                        .for_each(|piece| thinking += piece);
                }
                _ => {}
            },
            _ => text += part.get("text").and_then(Value::as_str).unwrap_or_default(),
        }
    }
    (text, thinking)
}

/// OpenRouter's reasoning in pieces.
fn details(details: &Value) -> Option<String> {
    let pieces = details.as_array()?.iter();
    let texts = pieces.filter_map(|it| it.get("text").or_else(|| it.get("summary"))?.as_str());
    let joined: String = texts.collect();
    (!joined.is_empty()).then_some(joined)
}

/// A call of a tool: arguments are text, names that say nothing are gone.
pub fn tool_call(call: &mut Map<String, Value>) {
    call.retain(|_, value| !value.is_null());
    if call.get("id").and_then(Value::as_str) == Some("") {
        call.shift_remove("id");
    }
    if let Some(Value::Object(function)) = call.get_mut("function") {
        function.retain(|_, value| !value.is_null());
        match function.get("arguments") {
            Some(Value::String(_)) | None => {}
            Some(other) => {
                let text = other.to_string();
                function.insert("arguments".into(), text.into());
            }
        }
    }
}

/// Maps a choice's finish reason and keeps the provider's own word.
pub fn finish(choice: &mut Map<String, Value>) {
    let Some(word) = choice
        .get("finish_reason")
        .and_then(Value::as_str)
        .map(str::to_owned)
    else {
        return;
    };
    if word.is_empty() {
        choice.insert("finish_reason".into(), Value::Null);
    } else if let Some(mapped) = finish_reason(&word) {
        choice.insert("finish_reason".into(), mapped.into());
        let fields = choice
            .entry("provider_specific_fields")
            .or_insert_with(|| json!({}));
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("native_finish_reason".into(), word.into());
        }
    }
}

/// An error document that came in the place of an answer.
pub fn error(error: &Value) -> Error {
    use fault::kind;
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let message = error
        .as_str()
        .or(text("message"))
        .unwrap_or("the provider failed")
        .to_owned();
    let number = |name: &str| {
        error
            .get(name)
            .and_then(|it| it.as_u64().or_else(|| it.as_str()?.parse().ok()))
    };
    let status = number("status_code")
        .or(number("code"))
        .or(number("status"));
    let status = status
        .and_then(|it| u16::try_from(it).ok())
        .filter(|it| (400..600).contains(it));
    let word = text("code").or(text("type")).unwrap_or_default();
    let kind = match (word, status) {
        ("context_length_exceeded", _) => kind::CONTEXT_WINDOW,
        ("invalid_api_key", _) | (_, Some(401)) => kind::AUTHENTICATION,
        ("insufficient_quota", _) | (_, Some(402)) => kind::QUOTA,
        ("rate_limit_exceeded" | "rate_limit_error", _) | (_, Some(429)) => kind::RATE_LIMIT,
        ("content_filter" | "data_inspection_failed", _) => kind::CONTENT_POLICY,
        (_, Some(403)) => kind::PERMISSION,
        (_, Some(404)) => kind::NOT_FOUND,
        (_, Some(408 | 504)) => kind::TIMEOUT,
        (_, Some(503 | 529)) => kind::OVERLOADED,
        ("invalid_request_error" | "invalid_parameter_error" | "tool_use_failed", _)
        | (_, Some(400 | 422)) => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    };
    let mut result = fault::error(kind, message);
    result.status = status;
    result.detail = error.is_object().then(|| error.to_string());
    result
}

//! A chat request as Cohere takes it.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::{messages, thinking, tools};

/// Members of a chat request that are read here. Any other goes on as it is: Cohere's own
/// (`documents`, `citation_options`, `safety_mode`), and what somebody allowed against the rules.
const READ: &[&str] = &[
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "reasoning_effort",
    "response_format",
    "stop",
    "stream",
    "stream_options",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

pub fn from_chat(call: &Call, chat: Map<String, Value>) -> Result<Value, Error> {
    let Some(Value::Array(list)) = chat.get("messages") else {
        return Err(fault::invalid_request("`messages` is no list"));
    };
    let given = |name: &str| chat.get(name).filter(|it| !it.is_null());
    let mut body = Map::new();
    body.insert("model".into(), call.model.clone().into());
    let messages = messages::conversation(list, &call.model)?;
    body.insert("messages".into(), messages.into());
    body.insert("stream".into(), call.streaming.into());
    let limit = given("max_completion_tokens").or_else(|| given("max_tokens"));
    for (name, value) in [
        ("max_tokens", limit),
        ("p", given("top_p")),
        ("k", given("top_k")),
    ] {
        if let Some(value) = value {
            body.insert(name.into(), value.clone());
        }
    }
    match given("stop") {
        Some(Value::String(one)) if one.is_empty() => {}
        Some(Value::String(one)) => drop(body.insert("stop_sequences".into(), json!([one]))),
        Some(Value::Array(many)) if many.is_empty() => {}
        Some(many) => drop(body.insert("stop_sequences".into(), many.clone())),
        None => {}
    }
    tools::add(&chat, &mut body)?;
    if let Some(format) = given("response_format").map(response_format).transpose()? {
        body.extend(format.map(|format| ("response_format".to_owned(), format)));
    }
    if let Some(thinking) = thinking::wish(&chat)? {
        body.insert("thinking".into(), thinking);
    }
    for (name, value) in chat {
        if !READ.contains(&name.as_str()) && !value.is_null() {
            body.insert(name, value);
        }
    }
    Ok(body.into())
}

/// Cohere has one type for JSON, with a schema or without.
fn response_format(format: &Value) -> Result<Option<Value>, Error> {
    let kind = format
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let schema = match kind {
        "text" => return Ok(None),
        "json_object" => format.get("json_schema").or_else(|| format.get("schema")),
        "json_schema" => {
            let schema = format.pointer("/json_schema/schema");
            let missing =
                || fault::invalid_request("`response_format` has no `json_schema.schema`");
            Some(schema.ok_or_else(missing)?)
        }
        _ => {
            return Err(fault::invalid_request(format!(
                "`response_format.type` is `{kind}`: it is text, json_object or json_schema"
            )));
        }
    };
    let mut wanted = json!({"type": "json_object"});
    if let Some(schema) = schema {
        wanted["json_schema"] = schema.clone();
    }
    Ok(Some(wanted))
}

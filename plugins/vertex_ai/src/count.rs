//! Tokens of a request in Anthropic's form, counted by a Google model.

use std::fmt::Write as _;

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, fault};
use sluice_wire::gemini::request;

use crate::family::Model;
use crate::google;

pub fn request(
    call: &Call,
    model: Model<'_>,
    body: &Map<String, Value>,
) -> Result<Outbound, Error> {
    let mut messages = Vec::new();
    if let Some(system) = body.get("system").filter(|it| !it.is_null()) {
        messages.push(json!({"role": "system", "content": said(system)}));
    }
    let turns = body.get("messages").and_then(Value::as_array);
    let turns = turns.ok_or_else(|| fault::invalid_request("`messages` is no list"))?;
    for turn in turns {
        let role = match turn.get("role").and_then(Value::as_str) {
            Some("assistant") => "assistant",
            _ => "user",
        };
        let content = turn.get("content").unwrap_or(&Value::Null);
        messages.push(json!({"role": role, "content": parts(content)}));
    }
    let tools = body.get("tools").and_then(Value::as_array);
    let tools: Vec<Value> = tools.into_iter().flatten().filter_map(tool).collect();
    let mut chat = Map::new();
    chat.insert("messages".into(), messages.into());
    if !tools.is_empty() {
        chat.insert("tools".into(), tools.into());
    }
    let body = request::from_chat(call, chat)?;
    Ok(google::post(call, model, "countTokens")?.json(&body))
}

/// The tokens of a chat.
pub fn chat(call: &Call, model: Model<'_>, chat: Map<String, Value>) -> Result<Outbound, Error> {
    let body = request::from_chat(call, chat)?;
    Ok(google::post(call, model, "countTokens")?.json(&body))
}

/// The tokens of Google's own request, as the client wrote it.
pub fn contents(call: &Call, model: Model<'_>) -> Result<Outbound, Error> {
    Ok(google::post(call, model, "countTokens")?
        .patch(vec![("model".into(), None)])
        .canonical())
}

pub fn answer(answer: &Value) -> Result<Value, Error> {
    let total = answer.get("totalTokens").and_then(Value::as_u64);
    let total =
        total.ok_or_else(|| fault::upstream("the provider's answer has no `totalTokens`"))?;
    Ok(json!({ "input_tokens": total }))
}

/// Blocks as parts of a chat. Calls and results count as what they say: their ids do not have to
/// fit each other to be counted.
fn parts(content: &Value) -> Vec<Value> {
    let Some(blocks) = content.as_array() else {
        return vec![json!({"type": "text", "text": said(content)})];
    };
    blocks.iter().map(part).collect()
}

fn part(block: &Value) -> Value {
    let source = block.get("source").unwrap_or(&Value::Null);
    let word = |name: &str| source.get(name).and_then(Value::as_str);
    match block.get("type").and_then(Value::as_str) {
        Some("image" | "document") if word("type") != Some("text") => {
            let url = match (word("media_type"), word("data")) {
                (Some(kind), Some(data)) => format!("data:{kind};base64,{data}"),
                _ => word("url").unwrap_or_default().to_owned(),
            };
            json!({"type": "image_url", "image_url": {"url": url}})
        }
        _ => json!({"type": "text", "text": said(block)}),
    }
}

/// All text of a value, without its punctuation.
fn said(value: &Value) -> String {
    let mut text = String::new();
    say(value, &mut text);
    text
}

fn say(value: &Value, text: &mut String) {
    match value {
        Value::String(said) => {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(said);
        }
        Value::Array(list) => list.iter().for_each(|it| say(it, text)),
        Value::Object(members) => {
            let spoken = |name: &str| !matches!(name, "type" | "id" | "tool_use_id" | "signature");
            let spoken = members.iter().filter(|(name, _)| spoken(name));
            spoken.for_each(|(_, it)| say(it, text));
        }
        // Writing to a string does not fail.
        Value::Number(number) => drop(write!(text, " {number}")),
        Value::Bool(_) | Value::Null => {}
    }
}

fn tool(tool: &Value) -> Option<Value> {
    let function = json!({"name": tool.get("name")?, "description": tool.get("description"),
        "parameters": tool.get("input_schema")?});
    Some(json!({"type": "function", "function": function}))
}

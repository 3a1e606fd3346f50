//! Tokens of a request in Anthropic's form, counted by a Google model: the contract's way to ask for
//! a count is Anthropic's.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::anthropic::said::said;
use crate::gemini::request;

/// The request as `generateContent` would be asked it, which is what `countTokens` counts.
pub fn from_messages(call: &Call, body: &Map<String, Value>) -> Result<Value, Error> {
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
    request::from_chat(call, chat)
}

/// The count in Anthropic's form.
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

fn tool(tool: &Value) -> Option<Value> {
    let function = json!({"name": tool.get("name")?, "description": tool.get("description"),
        "parameters": tool.get("input_schema")?});
    Some(json!({"type": "function", "function": function}))
}

//! The conversation. Roles are OpenAI's; what differs is what may stand in a message.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

use crate::parts::{May, content};
use crate::thinking;

pub fn conversation(messages: &[Value], model: &str) -> Result<Vec<Value>, Error> {
    let thinks = thinking::of_model(model);
    messages.iter().map(|it| message(it, thinks)).collect()
}

fn message(message: &Value, thinks: bool) -> Result<Value, Error> {
    let role = message.get("role").and_then(Value::as_str);
    match role.unwrap_or_default() {
        "system" | "developer" => {
            Ok(json!({"role": "system", "content": content(message, May::Text)?}))
        }
        "user" => Ok(json!({"role": "user", "content": content(message, May::Images)?})),
        "assistant" => assistant(message, thinks),
        "tool" => {
            let id = message.get("tool_call_id").filter(|it| it.is_string());
            let id =
                id.ok_or_else(|| fault::invalid_request("a tool's result has no `tool_call_id`"))?;
            Ok(
                json!({"role": "tool", "tool_call_id": id, "content": content(message, May::Documents)?}),
            )
        }
        other => Err(fault::invalid_request(format!(
            "Cohere has no messages of the role `{other}`"
        ))),
    }
}

fn assistant(message: &Value, thinks: bool) -> Result<Value, Error> {
    let mut result = Map::new();
    result.insert("role".into(), "assistant".into());
    let calls = message.get("tool_calls").and_then(Value::as_array);
    let calls = calls.map(Vec::as_slice).unwrap_or_default();
    let mut said = content(message, May::Text)?;
    // What led to a call goes with it: a plan, or thoughts where the model has them. Thoughts of
    // turns that ended without a call are not asked for again.
    if let Some(thoughts) = thoughts(message).filter(|_| !calls.is_empty()) {
        if thinks {
            let mut parts = vec![json!({"type": "thinking", "thinking": thoughts})];
            match said {
                Value::Array(more) => parts.extend(more),
                Value::String(text) if text.is_empty() => {}
                text => parts.push(json!({"type": "text", "text": text})),
            }
            said = parts.into();
        } else {
            result.insert("tool_plan".into(), thoughts.into());
        }
    }
    if said != "" || calls.is_empty() {
        result.insert("content".into(), said);
    }
    if !calls.is_empty() {
        let calls: Result<Vec<Value>, Error> = calls.iter().map(call).collect();
        result.insert("tool_calls".into(), calls?.into());
    }
    Ok(result.into())
}

fn thoughts(message: &Value) -> Option<String> {
    let text = |it: &Value| it.as_str().map(str::to_owned);
    let own = message.get("tool_plan").and_then(text);
    let said = own.or_else(|| message.get("reasoning_content").and_then(text));
    let said = said.or_else(|| {
        let blocks = message.get("thinking_blocks")?.as_array()?;
        let texts = blocks.iter().filter_map(|it| it.get("thinking")?.as_str());
        Some(texts.collect())
    });
    said.filter(|it| !it.is_empty())
}

fn call(call: &Value) -> Result<Value, Error> {
    let name = call.pointer("/function/name").filter(|it| it.is_string());
    let name = name.ok_or_else(|| fault::invalid_request("a tool call has no `function.name`"))?;
    let arguments = match call.pointer("/function/arguments") {
        Some(Value::String(text)) => object(text).to_owned(),
        Some(value @ Value::Object(_)) => value.to_string(),
        _ => "{}".to_owned(),
    };
    Ok(json!({"id": call.get("id"), "type": "function",
        "function": {"name": name, "arguments": arguments}}))
}

/// Arguments are an object. Cohere itself says `null` for a function without any (seen with
/// command-a-03-2025), and other models say nothing.
pub fn object(arguments: &str) -> &str {
    match arguments.trim() {
        "" | "null" => "{}",
        _ => arguments,
    }
}

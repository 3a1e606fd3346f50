//! The conversation as Ollama takes it: texts, images beside them as bare base64, arguments of
//! tool calls as objects, thoughts apart.

use std::collections::HashMap;

use sluice_sdk::chat::{ChatRequest, Media, Message, Part};
use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Error, fault};

pub fn translated(chat: &ChatRequest) -> Result<Vec<Value>, Error> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut out = Vec::new();
    for said in chat.messages() {
        let message = said.value();
        let role = match said.role() {
            "developer" => "system",
            "function" => "tool",
            role @ ("system" | "user" | "assistant" | "tool") => role,
            other => {
                return Err(fault::invalid_request(format!(
                    "`messages` has the role `{other}`"
                )));
            }
        };
        let (content, images) = content(said)?;
        let mut members = Map::new();
        members.insert("role".into(), role.into());
        members.insert("content".into(), content.into());
        if !images.is_empty() {
            members.insert("images".into(), images.into());
        }
        match role {
            "assistant" => assistant(message, &mut members, &mut names)?,
            "tool" => {
                let id = text(message, "tool_call_id");
                if !id.is_empty() {
                    members.insert("tool_call_id".into(), id.into());
                }
                let name = names
                    .get(id)
                    .copied()
                    .or(message.get("name").and_then(Value::as_str));
                if let Some(name) = name {
                    members.insert("tool_name".into(), name.into());
                }
            }
            _ => {}
        }
        out.push(members.into());
    }
    Ok(out)
}

fn assistant<'m>(
    message: &'m Value,
    members: &mut Map<String, Value>,
    names: &mut HashMap<&'m str, &'m str>,
) -> Result<(), Error> {
    let thoughts = thoughts(message);
    if !thoughts.is_empty() {
        members.insert("thinking".into(), thoughts.into());
    }
    let mut calls = Vec::new();
    for call in items(message, "tool_calls") {
        let function = call.get("function").unwrap_or(&Value::Null);
        let (id, name) = (text(call, "id"), text(function, "name"));
        names.insert(id, name);
        let arguments = arguments(function.get("arguments"))?;
        let mut own = Map::new();
        if !id.is_empty() {
            own.insert("id".into(), id.into());
        }
        own.insert(
            "function".into(),
            json!({"name": name, "arguments": arguments}),
        );
        calls.push(Value::from(own));
    }
    if !calls.is_empty() {
        members.insert("tool_calls".into(), calls.into());
    }
    Ok(())
}

/// What an assistant thought: `reasoning_content`, else the texts of `thinking_blocks`.
fn thoughts(message: &Value) -> String {
    match message.get("reasoning_content").and_then(Value::as_str) {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => items(message, "thinking_blocks")
            .filter_map(|it| it.get("thinking")?.as_str())
            .collect(),
    }
}

/// Text and images of a message.
fn content(message: Message<'_>) -> Result<(String, Vec<Value>), Error> {
    if !matches!(
        message.value().get("content"),
        None | Some(Value::Null | Value::String(_) | Value::Array(_))
    ) {
        return Err(fault::invalid_request(
            "`content` is neither a text nor a list of parts",
        ));
    }
    let (mut said, mut images) = (String::new(), Vec::new());
    for part in message.parts() {
        match part {
            Part::Text(text) => said.push_str(text),
            Part::Image(Media::Inline { base64, .. }) => images.push(base64.into()),
            Part::Image(Media::Url(_)) => {
                return Err(fault::invalid_request(
                    "ollama takes images as data URIs of base64 only",
                ));
            }
            Part::File(_) => return Err(lacks("file")),
            Part::Other(part) => match text(part, "type") {
                "refusal" => said.push_str(text(part, "refusal")),
                "thinking" | "redacted_thinking" => {}
                kind => return Err(lacks(kind)),
            },
        }
    }
    Ok((said, images))
}

fn lacks(kind: &str) -> Error {
    fault::unsupported(format!("ollama takes no parts of type `{kind}`"))
}

fn arguments(arguments: Option<&Value>) -> Result<Value, Error> {
    let parsed = match arguments {
        Some(Value::String(text)) if !text.trim().is_empty() => serde_json::from_str(text)
            .map_err(|cause| {
                fault::invalid_request(format!(
                    "the `arguments` of a tool call are not JSON: {cause}"
                ))
            })?,
        Some(Value::Object(members)) => members.clone().into(),
        _ => Value::Null,
    };
    // An object it must be, whatever the model that made the call wrote.
    Ok(match parsed {
        Value::Object(_) => parsed,
        Value::Null => json!({}),
        other => json!({ "value": other }),
    })
}

fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

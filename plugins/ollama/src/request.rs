//! A chat request as `/api/chat` takes it.

use sluice_sdk::chat::ChatRequest;
use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Error, fault};

use crate::messages;
use crate::options::{self, present};

pub fn from_chat(call: &Call, request: ChatRequest) -> Result<Value, Error> {
    let messages = messages::translated(&request)?;
    let mut chat = match request.into_value() {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    chat.shift_remove("messages");
    let mut body = Map::new();
    body.insert("model".into(), call.model.clone().into());
    body.insert("messages".into(), messages.into());
    body.insert("stream".into(), call.streaming.into());
    let tools = tools(&mut chat)?;
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
    }
    if let Some(format) = options::format(&mut chat)? {
        body.insert("format".into(), format);
    }
    if let Some(think) = think(call, &mut chat)? {
        body.insert("think".into(), think);
    }
    let options = options::take(call, &mut chat)?;
    if !options.is_empty() {
        body.insert("options".into(), options.into());
    }
    options::beside(call, &mut chat, &mut body);
    for name in ["model", "stream", "metadata", "cache_control"] {
        chat.shift_remove(name);
    }
    // What is left was allowed by the operator, or is newer than this.
    body.extend(chat.into_iter().filter(|(_, value)| !value.is_null()));
    Ok(body.into())
}

/// The tools; none of them where none may be called. An operator who lets `tool_choice` through
/// gets what there is: no tools, or a free choice.
fn tools(chat: &mut Map<String, Value>) -> Result<Vec<Value>, Error> {
    let choice = present(chat, "tool_choice");
    chat.shift_remove("parallel_tool_calls");
    let tools = match present(chat, "tools") {
        Some(Value::Array(tools)) => tools,
        None => Vec::new(),
        Some(_) => return Err(fault::invalid_request("`tools` is not a list")),
    };
    if choice.is_some_and(|it| it == "none") {
        return Ok(Vec::new());
    }
    for tool in &tools {
        if !tool.get("function").is_some_and(Value::is_object) {
            let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
            return Err(fault::unsupported(format!(
                "ollama has no tools of type `{kind}`"
            )));
        }
    }
    Ok(tools)
}

/// `reasoning_effort`, or Anthropic's `thinking`, as `think`. Only gpt-oss knows levels; servers
/// refuse a level for other models.
fn think(call: &Call, chat: &mut Map<String, Value>) -> Result<Option<Value>, Error> {
    let own = present(chat, "think");
    let effort = present(chat, "reasoning_effort");
    let thinking = present(chat, "thinking");
    if own.is_some() {
        return Ok(own);
    }
    if let Some(effort) = effort {
        let word = effort.get("effort").unwrap_or(&effort);
        let level = match word.as_str() {
            Some("none" | "disable") => return Ok(Some(false.into())),
            Some("minimal" | "low") => "low",
            Some("medium") => "medium",
            Some("high" | "xhigh" | "max") => "high",
            _ => {
                return Err(fault::invalid_request(format!(
                    "`reasoning_effort` cannot be {word}"
                )));
            }
        };
        return Ok(Some(if knows_levels(&call.model) {
            level.into()
        } else {
            true.into()
        }));
    }
    if let Some(thinking) = thinking {
        let kind = thinking.get("type").and_then(Value::as_str);
        return Ok(Some((kind != Some("disabled")).into()));
    }
    Ok(call
        .config()
        .get("think")
        .filter(|it| !it.is_null())
        .cloned())
}

fn knows_levels(model: &str) -> bool {
    model
        .rsplit('/')
        .next()
        .is_some_and(|it| it.starts_with("gpt-oss"))
}

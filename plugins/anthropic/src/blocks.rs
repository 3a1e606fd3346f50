//! Messages and their parts as turns of content blocks.

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Error, fault};

/// A conversation in Anthropic's form.
#[derive(Default)]
pub struct Conversation {
    pub system: Vec<Value>,
    pub turns: Vec<Value>,
    pub has_tools: bool,
    pub has_file_ids: bool,
}

/// System messages at the start go into `system`; later ones into the turn they stand in.
/// Neighbours of one role are one turn.
pub fn conversation(messages: Vec<Value>) -> Result<Conversation, Error> {
    let mut result = Conversation::default();
    let mut turns: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for message in messages {
        let Value::Object(message) = message else {
            return Err(fault::invalid_request("a message is no object"));
        };
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let (role, mut blocks) = match role.as_str() {
            "system" | "developer" if turns.is_empty() => {
                result
                    .system
                    .extend(content(&message, &mut result.has_file_ids)?);
                continue;
            }
            "system" | "developer" | "user" => {
                ("user", content(&message, &mut result.has_file_ids)?)
            }
            "assistant" => ("assistant", assistant(&message, &mut result)?),
            "tool" | "function" => {
                result.has_tools = true;
                (
                    "user",
                    vec![tool_result(&message, &mut result.has_file_ids)?],
                )
            }
            other => {
                return Err(fault::invalid_request(format!(
                    "a message has the role `{other}`"
                )));
            }
        };
        match turns.last_mut() {
            Some((last, turn)) if *last == role => turn.append(&mut blocks),
            _ => turns.push((role, blocks)),
        }
    }
    if turns.first().is_none_or(|(role, _)| *role != "user") {
        turns.insert(0, ("user", vec![json!({"type": "text", "text": "."})]));
    }
    let last = turns.len().saturating_sub(1);
    for (at, (role, mut blocks)) in turns.into_iter().enumerate() {
        if role == "user" {
            // Results of tools stand before anything else of their turn.
            blocks.sort_by_key(|block| block.get("type") != Some(&"tool_result".into()));
        } else if at == last {
            strip_prefill(&mut blocks);
        }
        if !blocks.is_empty() {
            result.turns.push(json!({"role": role, "content": blocks}));
        }
    }
    Ok(result)
}

/// The blocks of a message's `content`: text or a list of parts.
fn content(message: &Map<String, Value>, file_ids: &mut bool) -> Result<Vec<Value>, Error> {
    let mut blocks = match message.get("content") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => text_block(text).into_iter().collect(),
        Some(Value::Array(parts)) => {
            let mut blocks = Vec::with_capacity(parts.len());
            for part in parts {
                blocks.extend(block(part, file_ids)?);
            }
            blocks
        }
        Some(_) => {
            return Err(fault::invalid_request(
                "`content` is neither a text nor a list of parts",
            ));
        }
    };
    // LiteLLM's clients mark whole messages for the cache: the mark belongs to the last block.
    if let (Some(mark), Some(Value::Object(last))) =
        (message.get("cache_control"), blocks.last_mut())
    {
        last.entry("cache_control").or_insert_with(|| mark.clone());
    }
    Ok(blocks)
}

fn text_block(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!({"type": "text", "text": text}))
}

/// One part of a message as a block; none for what Anthropic has no block for.
fn block(part: &Value, file_ids: &mut bool) -> Result<Option<Value>, Error> {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
    let block = match kind {
        "text" | "input_text" => part
            .get("text")
            .and_then(Value::as_str)
            .and_then(text_block),
        "image_url" | "input_image" => {
            let image = part.get("image_url").unwrap_or(&Value::Null);
            let url = image.as_str().or_else(|| image.get("url")?.as_str());
            let url =
                url.ok_or_else(|| fault::invalid_request("an `image_url` part has no `url`"))?;
            Some(json!({"type": "image", "source": source(url)}))
        }
        "file" => Some(document(part, file_ids)?),
        "input_audio" => None,
        // Anthropic's own kinds are let through.
        _ => Some(part.clone()),
    };
    Ok(block.map(|mut block| {
        if let (Some(members), Some(mark)) = (block.as_object_mut(), part.get("cache_control")) {
            members.insert("cache_control".into(), mark.clone());
        }
        block
    }))
}

fn source(url: &str) -> Value {
    match data_uri(url) {
        Some((kind, data)) => json!({"type": "base64", "media_type": kind, "data": data}),
        None => json!({"type": "url", "url": url}),
    }
}

/// The media type and the base64 text of a data URI. The text may be a word of the gateway's.
fn data_uri(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let kind = head.strip_suffix(";base64")?;
    Some((kind.split(';').next().unwrap_or(kind), data))
}

fn document(part: &Value, file_ids: &mut bool) -> Result<Value, Error> {
    let file = part.get("file").unwrap_or(part);
    let text = |name: &str| file.get(name).and_then(Value::as_str);
    let source = if let Some(data) = text("file_data") {
        match data_uri(data) {
            Some(("text/plain", data)) => {
                json!({"type": "base64", "media_type": "text/plain", "data": data})
            }
            Some((kind, data)) => {
                if kind.starts_with("image/") {
                    return Ok(
                        json!({"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}),
                    );
                }
                json!({"type": "base64", "media_type": kind, "data": data})
            }
            None if data.starts_with("http") => json!({"type": "url", "url": data}),
            None => json!({"type": "base64", "media_type": "application/pdf", "data": data}),
        }
    } else if let Some(url) =
        text("file_url").or(text("file_id").filter(|it| it.starts_with("http")))
    {
        json!({"type": "url", "url": url})
    } else if let Some(id) = text("file_id") {
        *file_ids = true;
        json!({"type": "file", "file_id": id})
    } else {
        return Err(fault::invalid_request(
            "a `file` part has neither `file_data` nor `file_id`",
        ));
    };
    let mut block = Map::new();
    block.insert("type".into(), "document".into());
    block.insert("source".into(), source);
    if let Some(title) = text("filename").or(text("title")) {
        block.insert("title".into(), title.into());
    }
    for name in ["context", "citations"] {
        if let Some(value) = part.get(name).or_else(|| file.get(name)) {
            block.insert(name.into(), value.clone());
        }
    }
    Ok(block.into())
}

/// Thinking first, then text, then calls: the order they came in.
fn assistant(message: &Map<String, Value>, result: &mut Conversation) -> Result<Vec<Value>, Error> {
    let thinking = message
        .get("thinking_blocks")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    // A block without its signature is refused.
    let signed = |block: &&Value| {
        block.get("type") == Some(&"redacted_thinking".into())
            || block
                .get("signature")
                .and_then(Value::as_str)
                .is_some_and(|it| !it.is_empty())
    };
    let mut blocks: Vec<Value> = thinking.filter(signed).map(without_cache_mark).collect();
    blocks.extend(content(message, &mut result.has_file_ids)?);
    for call in message
        .get("tool_calls")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        result.has_tools = true;
        let function = call.get("function").unwrap_or(&Value::Null);
        let mut block = Map::new();
        block.insert("type".into(), "tool_use".into());
        block.insert("id".into(), call.get("id").cloned().unwrap_or_default());
        block.insert(
            "name".into(),
            function.get("name").cloned().unwrap_or_default(),
        );
        block.insert("input".into(), arguments(function.get("arguments"))?);
        if let Some(mark) = call.get("cache_control") {
            block.insert("cache_control".into(), mark.clone());
        }
        blocks.push(block.into());
    }
    if let Some(call) = message.get("function_call").filter(|it| it.is_object()) {
        result.has_tools = true;
        let name = call.get("name").cloned().unwrap_or_default();
        blocks.push(json!({"type": "tool_use", "id": name, "name": name, "input": arguments(call.get("arguments"))?}));
    }
    Ok(blocks)
}

fn without_cache_mark(block: &Value) -> Value {
    let mut block = block.clone();
    if let Some(members) = block.as_object_mut() {
        members.shift_remove("cache_control");
    }
    block
}

fn arguments(arguments: Option<&Value>) -> Result<Value, Error> {
    match arguments {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            let parsed: Value = serde_json::from_str(text).map_err(|cause| {
                fault::invalid_request(format!(
                    "the `arguments` of a tool call are not JSON: {cause}"
                ))
            })?;
            Ok(if parsed.is_object() {
                parsed
            } else {
                json!({ "value": parsed })
            })
        }
        Some(Value::Object(members)) => Ok(members.clone().into()),
        _ => Ok(json!({})),
    }
}

fn tool_result(message: &Map<String, Value>, file_ids: &mut bool) -> Result<Value, Error> {
    let id = message
        .get("tool_call_id")
        .or_else(|| message.get("name"))
        .cloned()
        .unwrap_or_default();
    let mut result = Map::new();
    result.insert("type".into(), "tool_result".into());
    result.insert("tool_use_id".into(), id);
    match message.get("content") {
        Some(Value::String(text)) => {
            result.insert("content".into(), text.as_str().into());
        }
        Some(Value::Array(_)) => {
            let blocks = content(message, file_ids)?;
            result.insert("content".into(), blocks.into());
        }
        _ => {}
    }
    for name in ["is_error", "cache_control"] {
        if let Some(value) = message.get(name) {
            result.insert(name.into(), value.clone());
        }
    }
    Ok(result.into())
}

/// A last assistant turn is a beginning for the model, which may not end in white space.
fn strip_prefill(blocks: &mut [Value]) {
    if let Some(Value::Object(block)) = blocks.last_mut()
        && let Some(Value::String(text)) = block.get_mut("text")
    {
        text.truncate(text.trim_end().len());
    }
}

//! Messages as `contents`: turns of parts.

use std::collections::HashMap;

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Error, fault};

/// What a call without a signature is given on models that insist on one (Google's documented
/// word, in base64).
const NO_SIGNATURE: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// A conversation in Google's form.
#[derive(Default)]
pub struct Conversation {
    pub system: Vec<Value>,
    pub contents: Vec<Value>,
}

pub fn conversation(messages: &[Value], model: &str) -> Result<Conversation, Error> {
    let mut result = Conversation::default();
    let mut turns: Vec<(&'static str, Vec<Value>)> = Vec::new();
    // Results name the call's id; Google wants the function's name.
    let mut names: HashMap<&str, &str> = HashMap::new();
    for message in messages {
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let (role, mut parts) = match role {
            "system" | "developer" => {
                result.system.extend(content(message)?);
                continue;
            }
            "user" => ("user", content(message)?),
            "assistant" => {
                for call in message
                    .get("tool_calls")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    let id = call.get("id").and_then(Value::as_str);
                    let name = call.pointer("/function/name").and_then(Value::as_str);
                    names.extend(id.zip(name));
                }
                ("model", assistant(message, model)?)
            }
            "tool" | "function" => ("user", vec![tool_result(message, &names)?]),
            other => {
                return Err(fault::invalid_request(format!(
                    "a message has the role `{other}`"
                )));
            }
        };
        match turns.last_mut() {
            Some((last, turn)) if *last == role => turn.append(&mut parts),
            _ => turns.push((role, parts)),
        }
    }
    if turns.is_empty() {
        turns.push(("user", vec![json!({"text": "."})]));
    }
    turns.retain(|(_, parts)| !parts.is_empty());
    result.contents = turns
        .into_iter()
        .map(|(role, parts)| json!({"role": role, "parts": parts}))
        .collect();
    Ok(result)
}

fn content(message: &Value) -> Result<Vec<Value>, Error> {
    match message.get("content") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![json!({ "text": text })]),
        Some(Value::Array(parts)) => parts.iter().map(part).collect(),
        Some(_) => Err(fault::invalid_request(
            "`content` is neither a text nor a list of parts",
        )),
    }
}

fn part(part: &Value) -> Result<Value, Error> {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    let kind = text("type").unwrap_or("text");
    match kind {
        "text" | "input_text" => Ok(json!({"text": text("text").unwrap_or_default()})),
        "image_url" | "input_image" | "video_url" | "audio_url" => {
            let member = if kind == "input_image" {
                "image_url"
            } else {
                kind
            };
            let media = part.get(member).unwrap_or(&Value::Null);
            let url = media.as_str().or_else(|| media.get("url")?.as_str());
            let url =
                url.ok_or_else(|| fault::invalid_request(format!("a `{kind}` part has no `url`")))?;
            Ok(blob(url, media.get("format").and_then(Value::as_str)))
        }
        "input_audio" => {
            let audio = part.get("input_audio").unwrap_or(&Value::Null);
            let format = audio.get("format").and_then(Value::as_str).unwrap_or("wav");
            Ok(
                json!({"inlineData": {"mimeType": format!("audio/{format}"), "data": audio.get("data")}}),
            )
        }
        "file" => {
            let file = part.get("file").unwrap_or(part);
            let member = |name: &str| file.get(name).and_then(Value::as_str);
            let data = member("file_data")
                .or(member("file_id"))
                .or(member("file_url"));
            let data = data.ok_or_else(|| {
                fault::invalid_request("a `file` part has neither `file_data` nor `file_id`")
            })?;
            Ok(blob(data, member("format")))
        }
        // Google's own parts are let through.
        _ => Ok(part.clone()),
    }
}

/// Bytes or the address of a file. The base64 text may be a word of the gateway's.
fn blob(url: &str, format: Option<&str>) -> Value {
    let data = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','));
    if let Some((head, data)) = data {
        let kind = head.strip_suffix(";base64").unwrap_or(head);
        let kind = format.unwrap_or(kind.split(';').next().unwrap_or(kind));
        return json!({"inlineData": {"mimeType": kind, "data": data}});
    }
    let guessed = format.or_else(|| by_ending(url));
    let mut file = Map::new();
    if let Some(kind) = guessed {
        file.insert("mimeType".into(), kind.into());
    }
    file.insert("fileUri".into(), url.into());
    json!({ "fileData": file })
}

fn by_ending(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    Some(
        match path.rsplit('.').next()?.to_ascii_lowercase().as_str() {
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            "gif" => "image/gif",
            "pdf" => "application/pdf",
            "mp4" => "video/mp4",
            "mp3" => "audio/mp3",
            "wav" => "audio/wav",
            _ => return None,
        },
    )
}

/// Thinking, text and calls. A signature stands on the part it came with.
fn assistant(message: &Value, model: &str) -> Result<Vec<Value>, Error> {
    let mut parts = Vec::new();
    let reasoning = message
        .get("reasoning_content")
        .and_then(Value::as_str)
        .filter(|it| !it.is_empty());
    if let Some(reasoning) = reasoning {
        parts.push(json!({"text": reasoning, "thought": true}));
    }
    let mut said = content(message)?;
    let signature = message.pointer("/provider_specific_fields/thought_signatures/0");
    if let Some(signature) = signature {
        match said.last_mut().and_then(Value::as_object_mut) {
            Some(last) => drop(last.insert("thoughtSignature".into(), signature.clone())),
            None => said.push(json!({"text": "", "thoughtSignature": signature})),
        }
    }
    parts.append(&mut said);
    let insists = model.contains("gemini-3");
    for (at, call) in message
        .get("tool_calls")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let mut function = Map::new();
        function.insert(
            "name".into(),
            call.pointer("/function/name").cloned().unwrap_or_default(),
        );
        function.insert(
            "args".into(),
            arguments(call.pointer("/function/arguments"))?,
        );
        let mut part = Map::new();
        part.insert("functionCall".into(), function.into());
        let id = call.get("id").and_then(Value::as_str).unwrap_or_default();
        let own = call
            .pointer("/provider_specific_fields/thought_signature")
            .and_then(Value::as_str);
        let own = own.or_else(|| id.split_once("__thought__").map(|(_, signature)| signature));
        if let Some(signature) = own.or((insists && at == 0).then_some(NO_SIGNATURE)) {
            part.insert("thoughtSignature".into(), signature.into());
        }
        parts.push(part.into());
    }
    Ok(parts)
}

fn arguments(arguments: Option<&Value>) -> Result<Value, Error> {
    match arguments {
        Some(Value::String(text)) if !text.trim().is_empty() => {
            serde_json::from_str(text).map_err(|cause| {
                fault::invalid_request(format!(
                    "the `arguments` of a tool call are not JSON: {cause}"
                ))
            })
        }
        Some(Value::Object(members)) => Ok(members.clone().into()),
        _ => Ok(json!({})),
    }
}

fn tool_result(message: &Value, names: &HashMap<&str, &str>) -> Result<Value, Error> {
    let id = message
        .get("tool_call_id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let own = message.get("name").and_then(Value::as_str);
    let name = names.get(id).copied().or(own).ok_or_else(|| {
        fault::invalid_request(format!(
            "the tool result `{id}` answers no call of the conversation"
        ))
    })?;
    let text = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let response = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(members)) => members.into(),
        _ => json!({ "content": text }),
    };
    Ok(json!({"functionResponse": {"name": name, "response": response}}))
}

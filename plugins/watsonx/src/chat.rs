//! A chat as `/ml/v1/text/chat` takes it.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Error, fault};

use crate::place::Place;

/// Members of messages that are for the gateway or for other providers.
const NOT_SENT: [&str; 5] = [
    "cache_control",
    "provider_specific_fields",
    "reasoning_content",
    "thinking_blocks",
    "annotations",
];

pub fn request(place: &Place, mut chat: Map<String, Value>) -> Result<Value, Error> {
    let Some(Value::Array(messages)) = chat.shift_remove("messages") else {
        return Err(fault::invalid_request("`messages` is not a list"));
    };
    for name in [
        "model",
        "model_id",
        "project_id",
        "space_id",
        "stream",
        "stream_options",
        "metadata",
    ] {
        chat.shift_remove(name);
    }
    let mut body = place.body()?;
    let messages = messages.into_iter().map(message);
    let messages: Result<Vec<Value>, Error> = messages.collect();
    body.insert("messages".into(), messages?.into());
    if let Some(limit) = present(&mut chat, "max_completion_tokens") {
        chat.insert("max_tokens".into(), limit);
    }
    match present(&mut chat, "stop") {
        Some(Value::String(one)) => drop(chat.insert("stop".into(), vec![one].into())),
        Some(several) => drop(chat.insert("stop".into(), several)),
        None => {}
    }
    match present(&mut chat, "tool_choice") {
        Some(Value::String(word)) => drop(chat.insert("tool_choice_option".into(), word.into())),
        Some(named) => drop(chat.insert("tool_choice".into(), named)),
        None => {}
    }
    if let Some(tools) = present(&mut chat, "tools") {
        let Value::Array(mut tools) = tools else {
            return Err(fault::invalid_request("`tools` is not a list"));
        };
        tools.iter_mut().for_each(plain);
        if !tools.is_empty() {
            chat.insert("tools".into(), tools.into());
        }
    }
    body.extend(chat.into_iter().filter(|(_, value)| !value.is_null()));
    Ok(body.into())
}

fn message(message: Value) -> Result<Value, Error> {
    let Value::Object(mut members) = message else {
        return Err(fault::invalid_request(
            "`messages` has an entry that is no object",
        ));
    };
    members.retain(|name, _| !NOT_SENT.contains(&name.as_str()));
    if members.get("role") == Some(&"developer".into()) {
        members.insert("role".into(), "system".into());
    }
    if let Some(Value::Array(parts)) = members.get_mut("content") {
        for part in parts {
            match part.get("type").and_then(Value::as_str) {
                Some("text" | "image_url" | "video_url" | "data_asset") => {}
                other => {
                    return Err(fault::unsupported(format!(
                        "watsonx takes no parts of type `{}`",
                        other.unwrap_or_default()
                    )));
                }
            }
            if let Some(part) = part.as_object_mut() {
                part.shift_remove("cache_control");
            }
        }
    }
    Ok(members.into())
}

/// Tools without the members that the API does not know and refuses.
fn plain(tool: &mut Value) {
    if let Some(function) = tool.get_mut("function").and_then(Value::as_object_mut) {
        function.shift_remove("strict");
        if let Some(parameters) = function.get_mut("parameters") {
            open(parameters);
        }
    }
}

fn open(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            // A property may have the name.
            if members
                .get("additionalProperties")
                .is_some_and(Value::is_boolean)
            {
                members.shift_remove("additionalProperties");
            }
            members.values_mut().for_each(open);
        }
        Value::Array(list) => list.iter_mut().for_each(open),
        _ => {}
    }
}

/// Takes a member out; null counts as missing.
pub fn present(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    members.shift_remove(name).filter(|it| !it.is_null())
}

/// The answer, which is OpenAI's but for members of IBM's own.
pub fn answer(mut answer: Value) -> Result<Value, Error> {
    let choices = answer.get("choices").and_then(Value::as_array);
    let whole = choices.is_some_and(|it| {
        let complete = |choice: &Value| choice.get("message").is_some_and(Value::is_object);
        !it.is_empty() && it.iter().all(complete)
    });
    if !whole {
        return Err(fault::upstream("the provider's answer has no `choices`"));
    }
    strip(&mut answer);
    Ok(answer)
}

/// `created` and `model` are the gateway's to fill in where IBM says them in another way.
pub fn strip(document: &mut Value) {
    if let Some(members) = document.as_object_mut() {
        for name in ["model_id", "model_version", "created_at", "system"] {
            members.shift_remove(name);
        }
    }
}

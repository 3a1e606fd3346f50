//! A chat as the orchestration service takes it: the last message as its template, those before as
//! the history, the parameters as the model's.

use sluice_sdk::chat::ChatRequest;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

/// What messages may have; the rest is for the gateway or for other providers.
const MEMBERS: [&str; 5] = ["role", "content", "tool_calls", "tool_call_id", "refusal"];

/// What is for the gateway alone.
const NOT_SENT: [&str; 5] = ["metadata", "model", "stream", "stream_options", "user"];

/// What a template reads as the place of a value.
const MARK: &str = "{{";

pub fn request(call: &Call, mut chat: ChatRequest) -> Result<Value, Error> {
    let Some(Value::Array(messages)) = chat.take("messages") else {
        return Err(fault::invalid_request("`messages` is not a list"));
    };
    let mut history = Vec::with_capacity(messages.len());
    for message in messages {
        history.push(self::message(message)?);
    }
    let last = history.pop();
    let mut last = last.ok_or_else(|| fault::invalid_request("`messages` is empty"))?;
    let values = escaped(&mut last);
    let mut prompt = json!({ "template": [last] });
    if let Some(tools) = chat.take("tools") {
        prompt["tools"] = tools;
    }
    if let Some(format) = chat.take("response_format") {
        prompt["response_format"] = format;
    }
    for name in NOT_SENT {
        chat.take(name);
    }
    let own_version = chat.take("model_version");
    let config = call.config();
    let version = own_version.or_else(|| config.get("model_version").cloned());
    let mut params = match chat.into_value() {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    params.retain(|_, value| !value.is_null());
    if call.streaming {
        params.insert("stream_options".into(), json!({"include_usage": true}));
    }
    let model = json!({
        "name": call.model,
        "version": version.unwrap_or_else(|| "latest".into()),
        "params": params
    });
    let modules = json!({"prompt_templating": {"prompt": prompt, "model": model}});
    let mut body = json!({"config": {"modules": modules}});
    if call.streaming {
        body["config"]["stream"] = json!({"enabled": true});
    }
    if !history.is_empty() {
        body["messages_history"] = history.into();
    }
    if !values.is_empty() {
        body["placeholder_values"] = values.into();
    }
    Ok(body)
}

fn message(message: Value) -> Result<Value, Error> {
    let Value::Object(mut members) = message else {
        return Err(fault::invalid_request(
            "`messages` has an entry that is no object",
        ));
    };
    members.retain(|name, _| MEMBERS.contains(&name.as_str()));
    if members.get("role") == Some(&"developer".into()) {
        members.insert("role".into(), "system".into());
    }
    Ok(members.into())
}

/// Puts texts that a template would read into values, and marks of its own in their place.
fn escaped(message: &mut Value) -> Map<String, Value> {
    let mut values = Map::new();
    let mut place = |text: &mut Value| {
        if text.as_str().is_some_and(|it| it.contains(MARK)) {
            let name = format!("text{}", values.len());
            let mark = format!("{{{{?{name}}}}}");
            values.insert(name, std::mem::replace(text, mark.into()));
        }
    };
    match message.get_mut("content") {
        Some(Value::Array(parts)) => {
            for part in parts {
                if let Some(text) = part.get_mut("text") {
                    place(text);
                }
            }
        }
        Some(text) => place(text),
        None => {}
    }
    values
}

/// The answer, which is OpenAI's.
pub fn answer(answer: Value) -> Result<Value, Error> {
    let choices = answer.get("choices").and_then(Value::as_array);
    let complete = |choice: &Value| choice.get("message").is_some_and(Value::is_object);
    if choices.is_some_and(|it| !it.is_empty() && it.iter().all(complete)) {
        return Ok(answer);
    }
    Err(fault::upstream("the provider's answer has no `choices`"))
}

//! A chat as a prediction's input, and its output as an answer.

use sluice_sdk::chat::{ChatAnswer, ChatRequest, usage};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::{models, prompt};

/// Members of a request that are no inputs, or are put in under other names.
const READ: [&str; 10] = [
    "cache_control",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "stop",
    "stream",
    "stream_options",
    "user",
];

pub fn input(call: &Call, chat: ChatRequest) -> Result<Map<String, Value>, Error> {
    let family = models::family(&call.model);
    let config = call.config();
    let as_messages = match config.get("replicate_messages").and_then(Value::as_bool) {
        Some(wanted) => wanted,
        None => family.messages,
    };
    let prompt = prompt::of(&chat)?;
    let mut input = Map::new();
    if as_messages {
        let messages = chat.messages().map(|it| {
            let role = match it.role() {
                "developer" => "system",
                role => role,
            };
            json!({"role": role, "content": it.text()})
        });
        input.insert("messages".into(), messages.collect());
    } else {
        input.insert("prompt".into(), prompt.prompt.into());
        if !prompt.system.is_empty() {
            input.insert(family.system.into(), prompt.system.into());
        }
    }
    let (name, several) = family.images;
    match (prompt.images.len(), several) {
        (0, _) => {}
        (_, true) => drop(input.insert(name.into(), prompt.images.into())),
        (1, false) => input.extend(prompt.images.into_iter().map(|it| (name.to_owned(), it))),
        (_, false) => {
            return Err(fault::unsupported(
                "this model takes one image, and the conversation has several",
            ));
        }
    }
    if let Some(limit) = chat.max_tokens() {
        input.insert(family.max_tokens.into(), limit.into());
    }
    let stop = chat.stop();
    if stop.iter().any(|it| it.contains(',')) {
        return Err(fault::unsupported(
            "replicate takes `stop` with commas between, so none can be in it",
        ));
    }
    if !stop.is_empty() {
        input.insert("stop_sequences".into(), stop.join(",").into());
    }
    if let Value::Object(rest) = chat.into_value() {
        let own =
            |(name, value): &(String, Value)| !READ.contains(&name.as_str()) && !value.is_null();
        input.extend(rest.into_iter().filter(own));
    }
    Ok(input)
}

pub fn answer(prediction: &Value) -> Result<Value, Error> {
    let text = match prediction.get("output") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(pieces)) => {
            let texts = pieces.iter().map(Value::as_str);
            texts.collect::<Option<String>>().ok_or_else(no_text)?
        }
        _ => return Err(no_text()),
    };
    let mut answer = ChatAnswer::new().content(text).finish_reason("stop");
    let count = |name: &str| prediction.get("metrics")?.get(name)?.as_u64();
    if let (Some(prompt), Some(completion)) =
        (count("input_token_count"), count("output_token_count"))
    {
        answer = answer.usage(usage(prompt, completion));
    }
    if let Some(id) = prediction.get("id").filter(|it| it.is_string()) {
        answer = answer.top("id", id.clone());
    }
    Ok(answer.into_value())
}

fn no_text() -> Error {
    fault::upstream("the provider's prediction has no text as its output")
}

//! Texts through the `generate` extension.

use sluice_sdk::chat::ChatAnswer;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Step, fault};

use crate::place::{self, Place};

/// Models stop after 16 tokens or refuse the call where nothing is said; LiteLLM's number.
const MAX_TOKENS: u64 = 2000;

/// Members of a call that are no parameters of the model's.
const NOT_SENT: [&str; 7] = [
    "messages",
    "metadata",
    "model",
    "parameters",
    "stream",
    "stream_options",
    "user",
];

pub fn request(
    call: &Call,
    place: &Place,
    text: String,
    asked: Map<String, Value>,
) -> Result<Step, Error> {
    let end = if call.streaming {
        "generate_stream"
    } else {
        "generate"
    };
    let url = match place {
        Place::Generate(url) if call.streaming => format!("{url}_stream"),
        Place::Generate(url) => url.clone(),
        _ => place::of_model(&call.model, end)?,
    };
    let body =
        json!({"text_input": text, "parameters": parameters(asked)?, "stream": call.streaming});
    let outbound = Outbound::post(url).json(&body);
    Ok(if call.streaming {
        outbound.frames().state(format!("\"{}\"", call.operation))
    } else {
        outbound.state(text)
    }
    .send())
}

/// What the model is told, under its own names: they are the same for most of Triton's backends.
pub fn parameters(mut asked: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let mut parameters = match asked.shift_remove("parameters") {
        Some(Value::Object(parameters)) => parameters,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(fault::invalid_request("`parameters` is not an object")),
    };
    if let Some(limit) = asked
        .shift_remove("max_completion_tokens")
        .filter(|it| !it.is_null())
    {
        asked.insert("max_tokens".into(), limit);
    }
    let own =
        |(name, value): &(String, Value)| !NOT_SENT.contains(&name.as_str()) && !value.is_null();
    parameters.extend(asked.into_iter().filter(own));
    parameters
        .entry("max_tokens")
        .or_insert_with(|| MAX_TOKENS.into());
    Ok(parameters)
}

/// The text of an answer. Some models repeat the prompt before it.
pub fn text(answer: &Value, prompt: &str) -> Result<String, Error> {
    let text = match answer.get("text_output") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => {
            return Err(fault::upstream(
                "the provider's answer has no `text_output`",
            ));
        }
    };
    Ok(match text.strip_prefix(prompt) {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The whole answer in OpenAI's form. Triton says neither why it ended nor how long it is.
pub fn answered(operation: &str, text: &str) -> Value {
    match operation {
        "chat" => ChatAnswer::new()
            .content(text)
            .finish_reason("stop")
            .into_value(),
        _ => completion(text, Some("stop")),
    }
}

pub fn completion(text: &str, finish: Option<&str>) -> Value {
    let choice = json!({"text": text, "index": 0, "logprobs": null, "finish_reason": finish});
    json!({"object": "text_completion", "choices": [choice]})
}

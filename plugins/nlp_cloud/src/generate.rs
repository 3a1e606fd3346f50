//! Text generation.

use sluice_sdk::chat::{self, ChatAnswer};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

/// OpenAI's names of parameters, and NLP Cloud's.
const RENAMED: [(&str, &str); 3] = [
    ("max_completion_tokens", "max_length"),
    ("max_tokens", "max_length"),
    ("stop", "stop_sequences"),
];

/// What is for the gateway alone.
const NOT_SENT: [&str; 6] = [
    "messages",
    "metadata",
    "model",
    "stream",
    "stream_options",
    "user",
];

pub fn request(text: String, asked: Map<String, Value>) -> Value {
    let mut body = Map::new();
    body.insert("text".into(), text.into());
    // The text that was given is neither repeated nor counted as the answer's.
    body.insert("remove_input".into(), true.into());
    body.insert("length_no_input".into(), true.into());
    for (name, value) in asked {
        if NOT_SENT.contains(&name.as_str()) || value.is_null() {
            continue;
        }
        let renamed = RENAMED.iter().find(|(from, _)| *from == name);
        let value = match value {
            Value::String(one) if name == "stop" => vec![one].into(),
            value => value,
        };
        body.insert(renamed.map_or(name, |(_, to)| (*to).to_owned()), value);
    }
    body.into()
}

/// The whole answer in OpenAI's form. Why it ended is not told.
pub fn answer(operation: &str, answer: &Value) -> Result<Value, Error> {
    let text = answer.get("generated_text").and_then(Value::as_str);
    let text =
        text.ok_or_else(|| fault::upstream("the provider's answer has no `generated_text`"))?;
    let mut document = match operation {
        "chat" => ChatAnswer::new()
            .content(text)
            .finish_reason("stop")
            .into_value(),
        _ => {
            let choice =
                json!({"text": text, "index": 0, "logprobs": null, "finish_reason": "stop"});
            json!({"object": "text_completion", "choices": [choice]})
        }
    };
    let count = |name: &str| answer.get(name).and_then(Value::as_u64);
    if let Some(generated) = count("nb_generated_tokens") {
        let given = count("nb_input_tokens").unwrap_or(0);
        document["usage"] = chat::usage(given, generated);
    }
    Ok(document)
}

//! Text generation as Hugging Face's containers have it: `{inputs, parameters}`.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

/// OpenAI's names of parameters, and the container's.
const RENAMED: [(&str, &str); 3] = [
    ("max_tokens", "max_new_tokens"),
    ("n", "best_of"),
    ("stop", "stop"),
];

pub fn request(streaming: bool, mut asked: Map<String, Value>) -> Result<Value, Error> {
    let Some(Value::String(prompt)) = asked.shift_remove("prompt") else {
        return Err(fault::invalid_request("`prompt` is not a text"));
    };
    for name in ["model", "stream", "stream_options", "metadata", "user"] {
        asked.shift_remove(name);
    }
    let mut parameters = Map::new();
    for (name, value) in asked.into_iter().filter(|(_, value)| !value.is_null()) {
        let renamed = RENAMED.iter().find(|(from, _)| *from == name);
        let value = match value {
            Value::String(one) if name == "stop" => vec![one].into(),
            // Containers refuse a temperature of 0.
            Value::Number(number) if name == "temperature" && number.as_f64() == Some(0.0) => {
                json!(0.01)
            }
            other => other,
        };
        parameters.insert(
            renamed.map_or(name.clone(), |(_, to)| (*to).to_owned()),
            value,
        );
    }
    let mut body = json!({"inputs": prompt, "parameters": parameters});
    if streaming {
        body["stream"] = true.into();
    }
    Ok(body)
}

pub fn answer(answer: &Value) -> Result<Value, Error> {
    let one = answer.get(0).unwrap_or(answer);
    let generation = one.get("generation").or_else(|| one.get("generated_text"));
    let text = generation
        .and_then(Value::as_str)
        .ok_or_else(|| fault::upstream("the endpoint's answer has no text"))?;
    let reason = one
        .pointer("/details/finish_reason")
        .and_then(Value::as_str);
    Ok(completion(text, Some(finish(reason))))
}

/// Why a generation ended, in OpenAI's words.
pub fn finish(reason: Option<&str>) -> &'static str {
    match reason {
        Some("length") => "length",
        _ => "stop",
    }
}

pub fn completion(text: &str, finish: Option<&str>) -> Value {
    let choice = json!({"text": text, "index": 0, "logprobs": null, "finish_reason": finish});
    json!({"object": "text_completion", "choices": [choice]})
}

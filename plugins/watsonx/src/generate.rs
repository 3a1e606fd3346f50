//! Text completions through `/ml/v1/text/generation`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

use crate::chat::present;
use crate::place::Place;

/// OpenAI's names of parameters, and IBM's.
const RENAMED: [(&str, &str); 5] = [
    ("max_tokens", "max_new_tokens"),
    ("stop", "stop_sequences"),
    ("seed", "random_seed"),
    ("temperature", "temperature"),
    ("top_p", "top_p"),
];

pub fn request(place: &Place, mut asked: Map<String, Value>) -> Result<Value, Error> {
    let input = match asked.shift_remove("prompt") {
        Some(Value::String(text)) => text,
        Some(Value::Array(list)) => match list.as_slice() {
            [Value::String(only)] => only.clone(),
            _ => {
                return Err(fault::unsupported(
                    "watsonx takes one text as `prompt`, no list and no tokens",
                ));
            }
        },
        _ => return Err(fault::invalid_request("`prompt` is not a text")),
    };
    let mut parameters = match present(&mut asked, "parameters") {
        Some(Value::Object(parameters)) => parameters,
        None => Map::new(),
        Some(_) => return Err(fault::invalid_request("`parameters` is not an object")),
    };
    for (from, to) in RENAMED {
        match present(&mut asked, from) {
            Some(Value::String(one)) if from == "stop" => {
                parameters.insert(to.into(), vec![one].into());
            }
            Some(value) => drop(parameters.insert(to.into(), value)),
            None => {}
        }
    }
    for name in ["model", "stream", "stream_options", "metadata", "user"] {
        asked.shift_remove(name);
    }
    // IBM's own parameters stand beside OpenAI's in the call.
    parameters.extend(asked.into_iter().filter(|(_, value)| !value.is_null()));
    // Without sampling, its settings are not looked at.
    let samples = ["temperature", "top_p", "top_k", "random_seed"];
    let sampled = samples.iter().any(|it| parameters.contains_key(*it));
    let cold = parameters.get("temperature").and_then(Value::as_f64) == Some(0.0);
    if sampled && !cold && !parameters.contains_key("decoding_method") {
        parameters.insert("decoding_method".into(), "sample".into());
    }
    let mut body = place.body()?;
    body.insert("input".into(), input.into());
    if !parameters.is_empty() {
        body.insert("parameters".into(), parameters.into());
    }
    Ok(body.into())
}

/// Tokens so far. IBM counts the input in one event only, and the output from the beginning.
#[derive(Default, Serialize, Deserialize)]
pub struct Counted {
    input: u64,
    output: u64,
}

impl Counted {
    fn read(&mut self, result: &Value) {
        let count = |name: &str| result.get(name).and_then(Value::as_u64).unwrap_or(0);
        self.input = self.input.max(count("input_token_count"));
        self.output = self.output.max(count("generated_token_count"));
    }

    pub fn usage(&self) -> Value {
        sluice_sdk::chat::usage(self.input, self.output)
    }
}

pub fn answer(answer: &Value) -> Result<Value, Error> {
    let mut counted = Counted::default();
    let mut document = piece(answer, &mut counted)?;
    if document["choices"][0]["finish_reason"].is_null() {
        return Err(fault::upstream("the provider's answer is not complete"));
    }
    document["usage"] = counted.usage();
    Ok(document)
}

/// An event of a stream, or the whole answer.
pub fn piece(answer: &Value, counted: &mut Counted) -> Result<Value, Error> {
    let result = answer.pointer("/results/0");
    let result = result.ok_or_else(|| fault::upstream("the provider's answer has no `results`"))?;
    let text = result.get("generated_text").and_then(Value::as_str);
    let text = text.ok_or_else(|| fault::upstream("the provider's result has no text"))?;
    counted.read(result);
    let finish = match result.get("stop_reason").and_then(Value::as_str) {
        None | Some("not_finished" | "NOT_FINISHED") => None,
        Some("max_tokens" | "token_limit" | "time_limit" | "cancelled") => Some("length"),
        Some("error") => {
            return Err(fault::upstream(
                "the provider's generation ended with an error",
            ));
        }
        Some(_) => Some("stop"),
    };
    let choice = json!({"text": text, "index": 0, "logprobs": null, "finish_reason": finish});
    Ok(json!({"object": "text_completion", "choices": [choice]}))
}

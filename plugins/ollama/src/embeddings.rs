//! Embeddings through `/api/embed`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Step, fault, parse_state, write_json};

use crate::options::{self, present};

/// What has to be known when the vectors come.
#[derive(Default, Serialize, Deserialize)]
struct Asked {
    inputs: usize,
    base64: bool,
}

pub fn request(call: &Call, mut asked: Map<String, Value>) -> Result<Step, Error> {
    let input = asked.shift_remove("input").unwrap_or_default();
    let inputs = match &input {
        Value::String(_) => 1,
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_string) => list.len(),
        _ => {
            return Err(fault::invalid_request(
                "`input` is neither a text nor a list of texts",
            ));
        }
    };
    let format = present(&mut asked, "encoding_format");
    let base64 = format.is_some_and(|it| it == "base64");
    let mut body = Map::new();
    body.insert("model".into(), call.model.clone().into());
    body.insert("input".into(), input);
    let options = options::take(call, &mut asked)?;
    if !options.is_empty() {
        body.insert("options".into(), options.into());
    }
    options::beside(call, &mut asked, &mut body);
    asked.shift_remove("model");
    // `dimensions` has the same name; the rest was allowed by the operator.
    body.extend(asked.into_iter().filter(|(_, value)| !value.is_null()));
    Ok(Outbound::post("/api/embed")
        .json(&body.into())
        .state(write_json(&Asked { inputs, base64 }))
        .send())
}

pub fn answer(answer: &Value, state: &str) -> Result<Value, Error> {
    let asked: Asked = parse_state(state)?;
    let vectors = answer.get("embeddings").and_then(Value::as_array);
    let vectors =
        vectors.ok_or_else(|| fault::upstream("the provider's answer has no `embeddings`"))?;
    if vectors.len() != asked.inputs {
        return Err(fault::upstream(format!(
            "the provider gave {} vectors for {} inputs",
            vectors.len(),
            asked.inputs
        )));
    }
    let data = vectors.iter().enumerate().map(|(index, vector)| {
        let embedding = if asked.base64 {
            encoded(vector).into()
        } else {
            vector.clone()
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    let data: Vec<Value> = data.collect();
    let mut document = json!({"object": "list", "data": data});
    if let Some(tokens) = answer.get("prompt_eval_count").and_then(Value::as_u64) {
        document["usage"] = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    }
    Ok(document)
}

/// Little-endian 32-bit floats in base64, as OpenAI's SDK asks for.
fn encoded(vector: &Value) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let numbers = vector.as_array().into_iter().flatten();
    let bytes: Vec<u8> = numbers
        .filter_map(Value::as_f64)
        .flat_map(|number| (number as f32).to_le_bytes())
        .collect();
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let padded = group.iter().copied().chain([0, 0]).take(3);
        let bits = padded.fold(0u32, |bits, byte| bits << 8 | u32::from(byte));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place) & 63) as usize;
            out.push(if place <= group.len() {
                char::from(DIGITS[digit])
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_encoded_as_openais_sdk_reads_them() {
        assert_eq!(encoded(&json!([1.0])), "AACAPw==");
        assert_eq!(encoded(&json!([1.0, -2.5, 0.0])), "AACAPwAAIMAAAAAA");
    }
}

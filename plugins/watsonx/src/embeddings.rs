//! Embeddings through `/ml/v1/text/embeddings`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault, parse_state, write_json};

use crate::place::Place;

#[derive(Default, Serialize, Deserialize)]
struct Asked {
    inputs: usize,
    base64: bool,
}

/// The body, and what has to be known when the vectors come.
pub fn request(place: &Place, asked: Map<String, Value>) -> Result<(Value, String), Error> {
    let inputs: Vec<Value> = match asked.get("input") {
        Some(text @ Value::String(_)) => vec![text.clone()],
        Some(Value::Array(list)) if !list.is_empty() && list.iter().all(Value::is_string) => {
            list.clone()
        }
        _ => {
            return Err(fault::invalid_request(
                "`input` is neither a text nor a list of texts",
            ));
        }
    };
    let state = Asked {
        inputs: inputs.len(),
        base64: asked.get("encoding_format") == Some(&"base64".into()),
    };
    let mut body = place.body()?;
    body.insert("inputs".into(), inputs.into());
    let parameters = parameters(asked, &["input", "encoding_format"])?;
    if !parameters.is_empty() {
        body.insert("parameters".into(), parameters.into());
    }
    Ok((body.into(), write_json(&state)))
}

/// What is left of a call is IBM's own, and stands under `parameters`.
pub fn parameters(
    mut asked: Map<String, Value>,
    read: &[&str],
) -> Result<Map<String, Value>, Error> {
    let mut parameters = match asked.shift_remove("parameters") {
        Some(Value::Object(parameters)) => parameters,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(fault::invalid_request("`parameters` is not an object")),
    };
    let own = |(name, value): &(String, Value)| {
        let name = name.as_str();
        !read.contains(&name) && !matches!(name, "model" | "user" | "metadata") && !value.is_null()
    };
    parameters.extend(asked.into_iter().filter(own));
    Ok(parameters)
}

pub fn answer(answer: &Value, state: &str) -> Result<Value, Error> {
    let asked: Asked = parse_state(state)?;
    let results = answer.get("results").and_then(Value::as_array);
    let vectors: Option<Vec<&Value>> =
        results.and_then(|it| it.iter().map(|it| it.get("embedding")).collect());
    let vectors = vectors.filter(|it| it.len() == asked.inputs);
    let vectors =
        vectors.ok_or_else(|| fault::upstream("the provider gave no vector for each input"))?;
    let data = vectors.iter().enumerate().map(|(index, vector)| {
        let embedding = if asked.base64 {
            encoded(vector).into()
        } else {
            (*vector).clone()
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    let data: Vec<Value> = data.collect();
    let mut document = json!({"object": "list", "data": data});
    if let Some(tokens) = answer.get("input_token_count").and_then(Value::as_u64) {
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

//! Embeddings of a container: `{inputs}`, and a list of vectors by one of its habits' names.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault, parse_state, write_json};

#[derive(Default, Serialize, Deserialize)]
struct Asked {
    inputs: usize,
    base64: bool,
}

/// The body, and what has to be known when the vectors come.
pub fn request(mut asked: Map<String, Value>) -> Result<(Value, String), Error> {
    let inputs = match asked.shift_remove("input") {
        Some(text @ Value::String(_)) => vec![text],
        Some(Value::Array(list)) if !list.is_empty() && list.iter().all(Value::is_string) => list,
        _ => {
            return Err(fault::invalid_request(
                "`input` is neither a text nor a list of texts",
            ));
        }
    };
    let state = write_json(&Asked {
        inputs: inputs.len(),
        base64: asked.get("encoding_format") == Some(&"base64".into()),
    });
    Ok((json!({ "inputs": inputs }), state))
}

pub fn answer(answer: &Value, state: &str) -> Result<Value, Error> {
    let asked: Asked = parse_state(state)?;
    let vectors = answer.get("embedding").or_else(|| answer.get("embeddings"));
    let vectors = vectors.unwrap_or(answer).as_array();
    let vectors = vectors.filter(|it| it.len() == asked.inputs && it.iter().all(Value::is_array));
    let vectors =
        vectors.ok_or_else(|| fault::upstream("the endpoint gave no vector for each input"))?;
    let data = vectors.iter().enumerate().map(|(index, vector)| {
        let embedding = if asked.base64 {
            encoded(vector).into()
        } else {
            vector.clone()
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    Ok(json!({"object": "list", "data": data.collect::<Vec<_>>()}))
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

//! Embeddings that depend on the text only: same text, same vector.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, fault};

use crate::answer::words;

/// Numbers of a vector, where the request does not say.
const DIMENSIONS: u64 = 8;

/// A unit vector for each text or list of tokens. `dimensions` and base64 are kept to.
pub fn answer(body: &Value) -> Result<Value, Error> {
    let wrong = || fault::invalid_request("`input` is no text, list of texts, or list of tokens");
    let inputs: Vec<(String, usize)> = match body.get("input") {
        Some(Value::String(text)) => vec![of_text(text)],
        Some(Value::Array(list)) if list.is_empty() => return Err(wrong()),
        Some(Value::Array(list)) if list.iter().all(Value::is_u64) => vec![of_tokens(list)],
        Some(Value::Array(list)) => list
            .iter()
            .map(|item| match item {
                Value::String(text) => Ok(of_text(text)),
                Value::Array(tokens) => Ok(of_tokens(tokens)),
                _ => Err(wrong()),
            })
            .collect::<Result<_, _>>()?,
        _ => return Err(wrong()),
    };
    let dimensions = body
        .get("dimensions")
        .and_then(Value::as_u64)
        .unwrap_or(DIMENSIONS);
    let packed = body.get("encoding_format") == Some(&"base64".into());
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, (text, _))| {
            let vector = vector(text, dimensions.clamp(1, 4096));
            let embedding = if packed {
                base64(&vector).into()
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    let tokens: usize = inputs.iter().map(|(_, tokens)| tokens).sum();
    Ok(
        json!({"object": "list", "data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}),
    )
}

fn of_text(text: &str) -> (String, usize) {
    (text.to_owned(), words(text))
}

fn of_tokens(tokens: &[Value]) -> (String, usize) {
    (Value::from(tokens.to_vec()).to_string(), tokens.len())
}

/// A unit vector from a hash of the text (FNV-1a, continued).
fn vector(text: &str, dimensions: u64) -> Vec<f32> {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let mut raw = Vec::new();
    for _ in 0..dimensions {
        hash = step(hash, 1);
        raw.push((hash >> 11) as f64 / (1u64 << 53) as f64 - 0.5);
    }
    let length = raw
        .iter()
        .map(|it| it * it)
        .sum::<f64>()
        .sqrt()
        .max(f64::MIN_POSITIVE);
    raw.into_iter().map(|it| (it / length) as f32).collect()
}

/// Little-endian 32-bit floats, as OpenAI packs them.
fn base64(vector: &[f32]) -> String {
    let bytes: Vec<u8> = vector
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_vector_of_length_one_in_both_encodings() {
        let ask = |format: &str| {
            let body = json!({"input": ["a b", "c"], "dimensions": 3, "encoding_format": format});
            answer(&body).unwrap()
        };
        let plain = ask("float");
        let vector: Vec<f32> = plain["data"][0]["embedding"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_f64().unwrap() as f32)
            .collect();
        assert_eq!(vector.len(), 3);
        assert!((vector.iter().map(|it| it * it).sum::<f32>() - 1.0).abs() < 1e-5);
        assert_eq!(ask("base64")["data"][0]["embedding"], base64(&vector));
        assert_ne!(plain["data"][0], plain["data"][1]);
        assert_eq!(plain["usage"]["prompt_tokens"], 3);
    }

    #[test]
    fn tokens_are_an_input_too() {
        let one = answer(&json!({"input": [1, 2, 3]})).unwrap();
        let two = answer(&json!({"input": [[1], [2, 3]]})).unwrap();
        assert_eq!(
            (
                one["data"].as_array().unwrap().len(),
                two["data"].as_array().unwrap().len()
            ),
            (1, 2)
        );
        assert!(answer(&json!({"input": [null]})).is_err());
        assert!(answer(&json!({"input": []})).is_err());
    }
}

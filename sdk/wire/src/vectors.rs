//! What embeddings need wherever the provider's dialect is not OpenAI's.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Error, fault};

use crate::base64::encoded;

/// The texts of a request. Tokens cannot be told from numbers by most models.
pub fn inputs(body: &Map<String, Value>) -> Result<Vec<&str>, Error> {
    match body.get("input") {
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
            Ok(list.iter().filter_map(Value::as_str).collect())
        }
        _ => Err(fault::invalid_request(
            "`input` is neither a text nor a list of texts",
        )),
    }
}

/// Whether the client wants base64.
pub fn wants_base64(body: &Map<String, Value>) -> bool {
    body.get("encoding_format") == Some(&"base64".into())
}

/// A token for every four characters, at least one a text: for models that tell no usage.
pub fn estimate(text: &str) -> u64 {
    text.chars().count().div_ceil(4).max(1) as u64
}

/// Little-endian 32-bit floats in base64, as OpenAI's SDK asks for.
pub fn base64(values: &Value) -> String {
    let numbers = values
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64);
    let bytes: Vec<u8> = numbers
        .flat_map(|number| (number as f32).to_le_bytes())
        .collect();
    encoded(&bytes)
}

#[cfg(test)]
mod tests {
    use sluice_sdk::serde_json::json;

    use super::*;

    #[test]
    fn floats_are_encoded_as_openais_sdk_reads_them() {
        assert_eq!(base64(&json!([1.0])), "AACAPw==");
        assert_eq!(base64(&json!([1.0, -2.5, 0.0])), "AACAPwAAIMAAAAAA");
    }
}

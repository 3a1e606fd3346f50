//! Embeddings: all inputs in one `batchEmbedContents`.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, fault};

pub fn request(call: &Call, body: Map<String, Value>) -> Result<Outbound, Error> {
    let inputs: Vec<&str> = match body.get("input") {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect()
        }
        _ => {
            return Err(fault::invalid_request(
                "`input` is neither a text nor a list of texts",
            ));
        }
    };
    let model = format!("models/{}", call.model);
    let requests: Vec<Value> = inputs
        .iter()
        .map(|text| {
            let mut one = json!({"model": model, "content": {"parts": [{"text": text}]}});
            for (from, to) in [
                ("dimensions", "outputDimensionality"),
                ("task_type", "taskType"),
                ("title", "title"),
            ] {
                if let Some(value) = body.get(from).filter(|it| !it.is_null()) {
                    one[to] = value.clone();
                }
            }
            one
        })
        .collect();
    // Google tells no usage: a token is counted for every four characters, at least one a text.
    let tokens: usize = inputs
        .iter()
        .map(|text| text.chars().count().div_ceil(4).max(1))
        .sum();
    let base64 = body.get("encoding_format") == Some(&"base64".into());
    let outbound = Outbound::post(format!("/v1beta/{model}:batchEmbedContents"))
        .json(&json!({ "requests": requests }));
    Ok(outbound.state(json!({"tokens": tokens, "base64": base64}).to_string()))
}

pub fn answer(answer: &Value, state: &str) -> Result<Value, Error> {
    let state: Value = sluice_sdk::serde_json::from_str(state).unwrap_or_default();
    let list = answer.get("embeddings").and_then(Value::as_array);
    let list = list.ok_or_else(|| fault::upstream("the provider's answer has no `embeddings`"))?;
    let base64 = state["base64"] == true;
    let data: Vec<Value> = list
        .iter()
        .enumerate()
        .map(|(index, it)| {
            let values = it.get("values").cloned().unwrap_or_default();
            let embedding = if base64 {
                encoded(&values).into()
            } else {
                values
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    Ok(json!({"object": "list", "data": data,
        "usage": {"prompt_tokens": state["tokens"], "total_tokens": state["tokens"]}}))
}

/// Little-endian 32-bit floats in base64, as OpenAI's SDK asks for.
fn encoded(values: &Value) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let numbers = values
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64);
    let bytes: Vec<u8> = numbers
        .flat_map(|number| (number as f32).to_le_bytes())
        .collect();
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut bits = [0u8; 3];
        group
            .iter()
            .zip(&mut bits)
            .for_each(|(byte, slot)| *slot = *byte);
        let number = u32::from(bits[0]) << 16 | u32::from(bits[1]) << 8 | u32::from(bits[2]);
        for place in 0..4 {
            let digit = (number >> (18 - 6 * place) & 63) as usize;
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

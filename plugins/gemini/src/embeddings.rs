//! Embeddings: up to a hundred inputs in one `batchEmbedContents`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Step, fault, parse_state, write_json};

use crate::models;

/// Google takes no more in one batch.
const MAX_BATCH: usize = 100;

/// What has to be known when a batch's vectors come.
#[derive(Default, Serialize, Deserialize)]
struct Batch {
    /// An estimate, for models that tell no usage.
    tokens: u64,
    base64: bool,
}

pub fn request(call: &Call, body: &Map<String, Value>) -> Result<Step, Error> {
    let inputs = inputs(body)?;
    let model = models::path(&call.model)?;
    let base64 = body.get("encoding_format") == Some(&"base64".into());
    let batch = |inputs: &[&str]| {
        let requests: Vec<Value> = inputs.iter().map(|text| one(&model, text, body)).collect();
        let tokens = inputs.iter().map(|text| estimate(text)).sum();
        Outbound::post(format!("/v1beta/{model}:batchEmbedContents"))
            .json(&json!({ "requests": requests }))
            .state(write_json(&Batch { tokens, base64 }))
    };
    let mut batches: Vec<Outbound> = inputs.chunks(MAX_BATCH).map(batch).collect();
    Ok(match batches.pop() {
        Some(only) if batches.is_empty() => only.send(),
        Some(last) => {
            batches.push(last);
            Step::SendAll(batches)
        }
        None => return Err(fault::invalid_request("`input` is an empty list")),
    })
}

fn inputs(body: &Map<String, Value>) -> Result<Vec<&str>, Error> {
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

fn one(model: &str, text: &str, body: &Map<String, Value>) -> Value {
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
}

/// A token for every four characters, at least one a text.
fn estimate(text: &str) -> u64 {
    text.chars().count().div_ceil(4).max(1) as u64
}

pub fn answer(replies: &[Reply]) -> Result<Value, Error> {
    let mut data: Vec<Value> = Vec::new();
    let mut tokens = 0;
    for reply in replies {
        let batch: Batch = parse_state(&reply.state)?;
        let answer = reply.json()?;
        let counted = answer.pointer("/usageMetadata/promptTokenCount");
        tokens += counted.and_then(Value::as_u64).unwrap_or(batch.tokens);
        let list = answer.get("embeddings").and_then(Value::as_array);
        let list =
            list.ok_or_else(|| fault::upstream("the provider's answer has no `embeddings`"))?;
        for it in list {
            let values = it.get("values").cloned().unwrap_or_default();
            let embedding = if batch.base64 {
                encoded(&values).into()
            } else {
                values
            };
            data.push(json!({"object": "embedding", "index": data.len(), "embedding": embedding}));
        }
    }
    Ok(json!({"object": "list", "data": data,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}))
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

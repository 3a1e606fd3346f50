//! Vectors in OpenAI's form, put together from all batches.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Reply, Response, Step, fault, parse_state};

use crate::embeddings::Batch;
use crate::{errors, usage};

#[derive(Default)]
struct Billed {
    tokens: u64,
    image_tokens: u64,
    images: u64,
    /// Every batch was counted.
    complete: bool,
}

pub fn answer(replies: &[Reply]) -> Result<Step, Error> {
    let mut data = Vec::new();
    let mut billed = Billed {
        complete: true,
        ..Billed::default()
    };
    let mut before = 0;
    for reply in replies {
        let batch: Batch = parse_state(&reply.state)?;
        let answer = reply.json()?;
        vectors(&answer, &batch, before, &mut data)?;
        billed.add(&answer);
        before += batch.count;
    }
    let mut body = json!({"object": "list", "data": data});
    if billed.complete {
        body["usage"] = billed.usage();
    }
    Ok(Response::json(&body).respond())
}

fn vectors(
    answer: &Value,
    batch: &Batch,
    before: usize,
    data: &mut Vec<Value>,
) -> Result<(), Error> {
    let found = answer.get("embeddings");
    let found = found.ok_or_else(|| errors::instead_of_an_answer(answer))?;
    let float = ["float".to_owned()];
    let kinds = batch.kinds.as_deref().unwrap_or(&float);
    for kind in kinds {
        // The first API gives a bare list where one kind was asked for.
        let list = found.get(kind.as_str()).unwrap_or(found).as_array();
        let list = list.filter(|it| batch.count == 0 || it.len() == batch.count);
        let list = list.ok_or_else(|| {
            fault::upstream(format!(
                "the provider's answer has not one `{kind}` vector for each input"
            ))
        })?;
        for (at, vector) in list.iter().enumerate() {
            let packed = kind == "float" && batch.base64 && vector.is_array();
            let embedding = if packed {
                encoded(vector).into()
            } else {
                vector.clone()
            };
            let mut entry = Map::new();
            entry.insert("object".into(), "embedding".into());
            entry.insert("index".into(), (before + at).into());
            entry.insert("embedding".into(), embedding);
            if batch.kinds.is_some() {
                entry.insert("type".into(), kind.clone().into());
            }
            data.push(entry.into());
        }
    }
    Ok(())
}

/// Little-endian 32-bit floats in base64, as OpenAI's SDK asks for.
fn encoded(vector: &Value) -> String {
    let numbers = vector
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64);
    let bytes: Vec<u8> = numbers.flat_map(|it| (it as f32).to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

impl Billed {
    fn add(&mut self, answer: &Value) {
        let units = answer.pointer("/meta/billed_units");
        let of = |name: &str| usage::count(units.and_then(|it| it.get(name)));
        let (tokens, images) = (of("input_tokens"), of("images"));
        self.complete &= tokens.is_some() || images.is_some();
        self.tokens = self.tokens.saturating_add(tokens.unwrap_or(0));
        self.image_tokens = self
            .image_tokens
            .saturating_add(of("image_tokens").unwrap_or(0));
        self.images = self.images.saturating_add(images.unwrap_or(0));
    }

    fn usage(&self) -> Value {
        let tokens = self.tokens.saturating_add(self.image_tokens);
        let mut usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
        if self.image_tokens > 0 || self.images > 0 {
            usage["prompt_tokens_details"] =
                json!({"image_tokens": self.image_tokens, "image_count": self.images});
        }
        usage
    }
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

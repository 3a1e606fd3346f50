//! Embeddings: up to a hundred inputs in one `batchEmbedContents`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Step, fault, parse_state, write_json};
use sluice_wire::vectors;

use crate::path;

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
    let inputs = vectors::inputs(body)?;
    let model = path::of(&call.model)?;
    let base64 = vectors::wants_base64(body);
    let batch = |inputs: &[&str]| {
        let requests: Vec<Value> = inputs.iter().map(|text| one(&model, text, body)).collect();
        let tokens = inputs.iter().map(|text| vectors::estimate(text)).sum();
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
                vectors::base64(&values).into()
            } else {
                values
            };
            data.push(json!({"object": "embedding", "index": data.len(), "embedding": embedding}));
        }
    }
    Ok(json!({"object": "list", "data": data,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}))
}

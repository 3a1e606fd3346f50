//! Vectors and ranks in the gateway's form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, Response, Step, fault};

use crate::{Asked, errors};

pub fn embeddings(answer: &Value, asked: &Asked) -> Result<Step, Error> {
    let list = answer.get("data").and_then(Value::as_array);
    let list = list.ok_or_else(|| errors::instead_of_an_answer(answer))?;
    // With context, a list for each document holds one for each chunk.
    let chunks = |it| match Value::get(it, "data").and_then(Value::as_array) {
        Some(chunks) => chunks.as_slice(),
        None => std::slice::from_ref(it),
    };
    let entries: Vec<&Value> = list.iter().flat_map(chunks).collect();
    if entries.len() != asked.count {
        return Err(fault::upstream(format!(
            "the provider's answer has {} vectors for {} inputs",
            entries.len(),
            asked.count
        )));
    }
    let nested = entries.len() != list.len() || list.iter().any(|it| it.get("data").is_some());
    let mut data = Vec::with_capacity(entries.len());
    for (at, entry) in entries.into_iter().enumerate() {
        let mut entry = entry.as_object().cloned().unwrap_or_default();
        let vector = entry.get_mut("embedding").or(None);
        let vector = vector.ok_or_else(|| {
            fault::upstream("an entry of the provider's answer has no `embedding`")
        })?;
        if asked.base64 && vector.is_array() {
            *vector = encoded(vector).into();
        }
        if nested || !entry.get("index").is_some_and(Value::is_u64) {
            entry.insert("index".into(), at.into());
        }
        entry.entry("object").or_insert_with(|| "embedding".into());
        data.push(Value::from(entry));
    }
    let mut body = json!({"object": "list", "data": data});
    if let Some(usage) = usage(answer) {
        body["usage"] = usage;
    }
    Ok(Response::json(&body).respond())
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

/// Voyage tells the total alone.
fn usage(answer: &Value) -> Option<Value> {
    let count = |name: &str| answer.get("usage")?.get(name)?.as_u64();
    let total = count("total_tokens").or_else(|| count("prompt_tokens"))?;
    let mut usage =
        json!({"prompt_tokens": count("prompt_tokens").unwrap_or(total), "total_tokens": total});
    let pixels = count("image_pixels").or_else(|| count("image_tokens"));
    if pixels.is_some() {
        let own = answer.get("usage").and_then(Value::as_object);
        for (name, value) in own.into_iter().flatten() {
            if usage.get(name).is_none() {
                usage[name] = value.clone();
            }
        }
    }
    Some(usage)
}

/// Voyage says `data`, Jina `results`, and a document is a text or an object.
pub fn rerank(answer: &Value) -> Result<Step, Error> {
    let list = answer.get("results").or_else(|| answer.get("data"));
    let list = list.and_then(Value::as_array);
    let list = list.ok_or_else(|| errors::instead_of_an_answer(answer))?;
    let mut results = Vec::with_capacity(list.len());
    for result in list {
        let index = result.get("index").filter(|it| it.is_u64());
        let score = result.get("relevance_score").filter(|it| it.is_number());
        let Some((index, score)) = index.zip(score) else {
            return Err(fault::upstream(
                "a result of the provider has no `index` or no `relevance_score`",
            ));
        };
        let mut entry = Map::new();
        entry.insert("index".into(), index.clone());
        entry.insert("relevance_score".into(), score.clone());
        match result.get("document") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => {
                drop(entry.insert("document".into(), json!({ "text": text })))
            }
            Some(document) => drop(entry.insert("document".into(), document.clone())),
        }
        results.push(Value::from(entry));
    }
    let mut body = json!({ "results": results });
    let usage = usage(answer);
    if let Some(usage) = &usage {
        let total = usage.get("total_tokens");
        body["meta"] = json!({"billed_units": {"total_tokens": total}, "tokens": {"input_tokens": total, "output_tokens": 0}});
    }
    if let Some(id) = answer.get("id").filter(|it| it.is_string()) {
        body["id"] = id.clone();
    }
    let response = Response::json(&body);
    Ok(match usage {
        Some(mut usage) => {
            usage["searches"] = 1.into();
            response.usage(&usage)
        }
        None => response,
    }
    .respond())
}

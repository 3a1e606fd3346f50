//! Embeddings of a container: `{inputs}`, and a list of vectors by one of its habits' names.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

/// The body, and the number of inputs.
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
    let state = inputs.len().to_string();
    Ok((json!({ "inputs": inputs }), state))
}

pub fn answer(answer: &Value, state: &str) -> Result<Value, Error> {
    let vectors = answer.get("embedding").or_else(|| answer.get("embeddings"));
    let vectors = vectors.unwrap_or(answer).as_array();
    let vectors =
        vectors.filter(|it| it.len().to_string() == state && it.iter().all(Value::is_array));
    let vectors =
        vectors.ok_or_else(|| fault::upstream("the endpoint gave no vector for each input"))?;
    let data = vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| json!({"object": "embedding", "index": index, "embedding": vector}));
    Ok(json!({"object": "list", "data": data.collect::<Vec<_>>()}))
}

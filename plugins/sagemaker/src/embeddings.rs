//! Embeddings of a container: `{inputs}`, and a list of vectors by one of its habits' names.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault, parse_state, write_json};
use sluice_wire::vectors;

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
            vectors::base64(vector).into()
        } else {
            vector.clone()
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    Ok(json!({"object": "list", "data": data.collect::<Vec<_>>()}))
}

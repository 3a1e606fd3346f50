//! Embeddings through `/ml/v1/text/embeddings`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault, parse_state, write_json};
use sluice_wire::vectors;

use crate::place::Place;

#[derive(Default, Serialize, Deserialize)]
struct Asked {
    inputs: usize,
    base64: bool,
}

/// The body, and what has to be known when the vectors come.
pub fn request(place: &Place, asked: Map<String, Value>) -> Result<(Value, String), Error> {
    let inputs: Vec<Value> = match asked.get("input") {
        Some(text @ Value::String(_)) => vec![text.clone()],
        Some(Value::Array(list)) if !list.is_empty() && list.iter().all(Value::is_string) => {
            list.clone()
        }
        _ => {
            return Err(fault::invalid_request(
                "`input` is neither a text nor a list of texts",
            ));
        }
    };
    let state = Asked {
        inputs: inputs.len(),
        base64: asked.get("encoding_format") == Some(&"base64".into()),
    };
    let mut body = place.body()?;
    body.insert("inputs".into(), inputs.into());
    let parameters = parameters(asked, &["input", "encoding_format"])?;
    if !parameters.is_empty() {
        body.insert("parameters".into(), parameters.into());
    }
    Ok((body.into(), write_json(&state)))
}

/// What is left of a call is IBM's own, and stands under `parameters`.
pub fn parameters(
    mut asked: Map<String, Value>,
    read: &[&str],
) -> Result<Map<String, Value>, Error> {
    let mut parameters = match asked.shift_remove("parameters") {
        Some(Value::Object(parameters)) => parameters,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(fault::invalid_request("`parameters` is not an object")),
    };
    let own = |(name, value): &(String, Value)| {
        let name = name.as_str();
        !read.contains(&name) && !matches!(name, "model" | "user" | "metadata") && !value.is_null()
    };
    parameters.extend(asked.into_iter().filter(own));
    Ok(parameters)
}

pub fn answer(answer: &Value, state: &str) -> Result<Value, Error> {
    let asked: Asked = parse_state(state)?;
    let results = answer.get("results").and_then(Value::as_array);
    let vectors: Option<Vec<&Value>> =
        results.and_then(|it| it.iter().map(|it| it.get("embedding")).collect());
    let vectors = vectors.filter(|it| it.len() == asked.inputs);
    let vectors =
        vectors.ok_or_else(|| fault::upstream("the provider gave no vector for each input"))?;
    let data = vectors.iter().enumerate().map(|(index, vector)| {
        let embedding = if asked.base64 {
            vectors::base64(vector).into()
        } else {
            (*vector).clone()
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    let data: Vec<Value> = data.collect();
    let mut document = json!({"object": "list", "data": data});
    if let Some(tokens) = answer.get("input_token_count").and_then(Value::as_u64) {
        document["usage"] = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    }
    Ok(document)
}

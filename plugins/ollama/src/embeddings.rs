//! Embeddings through `/api/embed`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Step, fault, parse_state, write_json};
use sluice_wire::vectors;

use crate::options::{self, present};

/// What has to be known when the vectors come.
#[derive(Default, Serialize, Deserialize)]
struct Asked {
    inputs: usize,
    base64: bool,
}

pub fn request(call: &Call, mut asked: Map<String, Value>) -> Result<Step, Error> {
    let input = asked.shift_remove("input").unwrap_or_default();
    let inputs = match &input {
        Value::String(_) => 1,
        Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_string) => list.len(),
        _ => {
            return Err(fault::invalid_request(
                "`input` is neither a text nor a list of texts",
            ));
        }
    };
    let format = present(&mut asked, "encoding_format");
    let base64 = format.is_some_and(|it| it == "base64");
    let mut body = Map::new();
    body.insert("model".into(), call.model.clone().into());
    body.insert("input".into(), input);
    let options = options::take(call, &mut asked)?;
    if !options.is_empty() {
        body.insert("options".into(), options.into());
    }
    options::beside(call, &mut asked, &mut body);
    asked.shift_remove("model");
    // `dimensions` has the same name; the rest was allowed by the operator.
    body.extend(asked.into_iter().filter(|(_, value)| !value.is_null()));
    Ok(Outbound::post("/api/embed")
        .json(&body.into())
        .state(write_json(&Asked { inputs, base64 }))
        .send())
}

pub fn answer(answer: &Value, state: &str) -> Result<Value, Error> {
    let asked: Asked = parse_state(state)?;
    let vectors = answer.get("embeddings").and_then(Value::as_array);
    let vectors =
        vectors.ok_or_else(|| fault::upstream("the provider's answer has no `embeddings`"))?;
    if vectors.len() != asked.inputs {
        return Err(fault::upstream(format!(
            "the provider gave {} vectors for {} inputs",
            vectors.len(),
            asked.inputs
        )));
    }
    let data = vectors.iter().enumerate().map(|(index, vector)| {
        let embedding = if asked.base64 {
            vectors::base64(vector).into()
        } else {
            vector.clone()
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    let data: Vec<Value> = data.collect();
    let mut document = json!({"object": "list", "data": data});
    if let Some(tokens) = answer.get("prompt_eval_count").and_then(Value::as_u64) {
        document["usage"] = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    }
    Ok(document)
}

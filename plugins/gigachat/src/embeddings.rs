//! Vectors. Usage is told with each.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, fault, parse_state, write_json};
use sluice_wire::vectors;

/// What has to be known when the vectors come.
#[derive(Default, Serialize, Deserialize)]
struct Asked {
    inputs: usize,
    base64: bool,
}

pub fn request(call: &Call, body: Map<String, Value>) -> Result<Outbound, Error> {
    let inputs = vectors::inputs(&body)?;
    let asked = Asked {
        inputs: inputs.len(),
        base64: vectors::wants_base64(&body),
    };
    let mut patch = vec![
        ("model".to_owned(), Some(json!(call.model).to_string())),
        ("input".to_owned(), Some(json!(inputs).to_string())),
    ];
    let own = ["encoding_format", "metadata", "user"];
    patch.extend(own.map(|name| (name.to_owned(), None)));
    Ok(Outbound::post("/embeddings")
        .patch(patch)
        .state(write_json(&asked)))
}

pub fn answer(mut answer: Value, state: &str) -> Result<Value, Error> {
    let asked: Asked = parse_state(state)?;
    let Some(Value::Array(data)) = answer.get_mut("data") else {
        return Err(fault::upstream("the provider's answer has no `data`"));
    };
    if data.len() != asked.inputs {
        return Err(fault::upstream(
            "the provider gave no vector for each input",
        ));
    }
    let mut tokens = 0u64;
    for entry in data {
        let usage = entry
            .as_object_mut()
            .and_then(|it| it.shift_remove("usage"));
        let count = usage
            .as_ref()
            .and_then(|it| it.get("prompt_tokens")?.as_u64());
        tokens = tokens.saturating_add(count.unwrap_or(0));
        let vector = entry.get("embedding").filter(|it| it.is_array());
        let vector =
            vector.ok_or_else(|| fault::upstream("the provider's answer lacks a vector"))?;
        if asked.base64 {
            entry["embedding"] = vectors::base64(vector).into();
        }
    }
    answer["usage"] = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok(answer)
}

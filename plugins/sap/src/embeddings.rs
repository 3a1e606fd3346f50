//! Vectors.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};
use sluice_wire::vectors;

/// The body, and whether base64 is wanted when the vectors come.
pub fn request(call: &Call, mut asked: Map<String, Value>) -> Result<(Value, String), Error> {
    let texts = json!(vectors::inputs(&asked)?);
    let base64 = vectors::wants_base64(&asked);
    let kind = asked.shift_remove("type");
    for name in ["encoding_format", "input", "metadata", "model", "user"] {
        asked.shift_remove(name);
    }
    asked.retain(|_, value| !value.is_null());
    let version = call.config().get("model_version").cloned();
    let model = json!({
        "name": call.model,
        "version": version.unwrap_or_else(|| "latest".into()),
        "params": asked
    });
    let mut input = json!({ "text": texts });
    if let Some(kind) = kind {
        input["type"] = kind;
    }
    let body = json!({"config": {"modules": {"embeddings": {"model": model}}}, "input": input});
    Ok((body, if base64 { "true" } else { "" }.to_owned()))
}

/// The answer, which is OpenAI's but for base64.
pub fn answer(mut answer: Value, state: &str) -> Result<Value, Error> {
    let base64: bool = sluice_sdk::parse_state(state)?;
    let Some(Value::Array(data)) = answer.get_mut("data") else {
        return Err(fault::upstream("the provider's answer has no `data`"));
    };
    for entry in data {
        let vector = entry.get("embedding").filter(|it| it.is_array());
        let vector =
            vector.ok_or_else(|| fault::upstream("the provider's answer lacks a vector"))?;
        if base64 {
            entry["embedding"] = vectors::base64(vector).into();
        }
    }
    Ok(answer)
}

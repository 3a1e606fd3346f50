//! The models on a server, in OpenAI's form.

use sluice_sdk::serde_json::{Value, json};

pub fn list(answer: &Value) -> Value {
    let models = answer.get("models").and_then(Value::as_array);
    let data: Vec<Value> = models
        .into_iter()
        .flatten()
        .filter_map(|model| {
            let name = model.get("name").or_else(|| model.get("model"))?.as_str()?;
            Some(json!({"id": name, "object": "model", "owned_by": "ollama",
                "details": model.get("details")}))
        })
        .collect();
    json!({"object": "list", "data": data})
}

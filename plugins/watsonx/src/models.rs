//! The models of a region, in OpenAI's form.

use sluice_sdk::serde_json::{Value, json};

pub fn list(answer: &Value) -> Value {
    let models = answer.get("resources").and_then(Value::as_array);
    let models = models.into_iter().flatten().filter_map(|model| {
        let name = model.get("model_id")?.as_str()?;
        Some(
            json!({"id": name, "object": "model", "owned_by": model.get("provider"),
            "display_name": model.get("label")}),
        )
    });
    json!({"object": "list", "data": models.collect::<Vec<_>>()})
}

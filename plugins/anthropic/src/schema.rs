//! JSON Schemas as Anthropic's structured output takes them.

use sluice_sdk::serde_json::{Map, Value};

/// Keywords that are kept; what others say goes into the description.
const KEPT: [&str; 14] = [
    "$defs",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "definitions",
    "description",
    "enum",
    "items",
    "properties",
    "required",
    "type",
];

/// The schema with unsupported keywords taken out and every object closed.
pub fn closed(schema: &Value) -> Value {
    let Value::Object(members) = schema else {
        return schema.clone();
    };
    let mut result = Map::new();
    let mut notes = Vec::new();
    for (name, value) in members {
        match name.as_str() {
            "properties" | "$defs" | "definitions" => {
                let inner = value.as_object().into_iter().flatten();
                let inner: Map<String, Value> = inner
                    .map(|(name, value)| (name.clone(), closed(value)))
                    .collect();
                result.insert(name.clone(), inner.into());
            }
            "oneOf" | "anyOf" | "allOf" => {
                let list = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(closed)
                    .collect::<Vec<_>>();
                let name = if name == "oneOf" { "anyOf" } else { name };
                result.insert(name.to_owned(), list.into());
            }
            "items" => drop(result.insert(name.clone(), closed(value))),
            "additionalProperties" | "title" | "$schema" => {}
            known if KEPT.contains(&known) => drop(result.insert(name.clone(), value.clone())),
            _ => notes.push(format!("{name}: {value}")),
        }
    }
    let is_object =
        result.get("type") == Some(&"object".into()) || result.contains_key("properties");
    if is_object {
        result.insert("additionalProperties".into(), false.into());
    }
    if !notes.is_empty() {
        let said = result
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let text = format!("{said} ({})", notes.join(", "));
        result.insert("description".into(), text.trim().into());
    }
    result.into()
}

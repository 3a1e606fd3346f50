//! The smallest document that fits a JSON Schema of the kind that tools and response formats use.

use sluice_sdk::serde_json::{Map, Value, json};

/// Strings are `text`, numbers their minimum or 0, the first of an enumeration is taken.
pub fn instance(schema: &Value, text: &str) -> Value {
    if let Some(fixed) = schema.get("const").or_else(|| schema.pointer("/enum/0")) {
        return fixed.clone();
    }
    if let Some(first) = schema
        .pointer("/anyOf/0")
        .or_else(|| schema.pointer("/oneOf/0"))
    {
        return instance(first, text);
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("string") => text.into(),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        Some("array") => {
            let count = schema
                .get("minItems")
                .and_then(Value::as_u64)
                .unwrap_or(0)
                .min(16);
            let item = instance(schema.get("items").unwrap_or(&Value::Null), text);
            vec![item; count as usize].into()
        }
        _ => object(schema, text),
    }
}

fn object(schema: &Value, text: &str) -> Value {
    let required = schema.get("required").and_then(Value::as_array);
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    let mut members = Map::new();
    for name in names {
        let wanted = schema
            .get("properties")
            .and_then(|it| it.get(name))
            .unwrap_or(&Value::Null);
        members.insert(name.to_owned(), instance(wanted, text));
    }
    members.into()
}

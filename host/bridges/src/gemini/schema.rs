//! Google's schemas, an OpenAPI dialect with upper-case types, as JSON Schema.

use serde_json::{Map, Value, json};

/// Members that hold one schema, a list of schemas, or schemas by name.
const ONE: [&str; 3] = ["items", "additionalProperties", "not"];
const SEVERAL: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];

/// A schema as JSON Schema. One that is JSON Schema already stays as it is.
pub fn json(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else {
        return schema.clone();
    };
    let mut out = Map::new();
    let mut nullable = false;
    for (name, value) in members {
        let name = match name.as_str() {
            "any_of" => "anyOf",
            "one_of" => "oneOf",
            "min_items" => "minItems",
            "max_items" => "maxItems",
            "min_length" => "minLength",
            "max_length" => "maxLength",
            other => other,
        };
        let value = match (name, value) {
            ("type", Value::String(kind)) if kind == "TYPE_UNSPECIFIED" => continue,
            ("type", Value::String(kind)) => kind.to_ascii_lowercase().into(),
            ("nullable", value) => {
                nullable = value == &Value::Bool(true);
                continue;
            }
            // Google's order of properties; a JSON object has its own.
            ("propertyOrdering" | "property_ordering" | "example", _) => continue,
            // Google writes 64-bit numbers as texts.
            (
                "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties"
                | "maxProperties",
                Value::String(text),
            ) => text
                .parse::<u64>()
                .map_or_else(|_| value.clone(), Value::from),
            (name, value) if ONE.contains(&name) => json(value),
            (name, Value::Array(list)) if SEVERAL.contains(&name) => {
                list.iter().map(json).collect()
            }
            (name, Value::Object(named)) if NAMED.contains(&name) => {
                let named = named.iter().map(|(name, it)| (name.clone(), json(it)));
                Value::Object(named.collect())
            }
            (_, value) => value.clone(),
        };
        out.insert(name.to_owned(), value);
    }
    if nullable {
        match out.get_mut("type") {
            Some(kind @ Value::String(_)) => *kind = json!([kind.take(), "null"]),
            _ => {
                if let Some(list) = out.get_mut("anyOf").and_then(Value::as_array_mut) {
                    list.push(json!({"type": "null"}));
                }
            }
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn googles_schema_becomes_json_schema_and_json_schema_stays() {
        let google = json!({"type": "OBJECT", "properties": {
            "type": {"type": "STRING", "nullable": true},
            "list": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1"}},
            "required": ["type"], "propertyOrdering": ["type", "list"]});
        let want = json!({"type": "object", "properties": {
            "type": {"type": ["string", "null"]},
            "list": {"type": "array", "items": {"type": "integer"}, "minItems": 1}},
            "required": ["type"]});
        assert_eq!(json(&google), want);
        assert_eq!(json(&want), want);
    }
}

//! JSON Schemas as Gemini's function declarations take them: a subset of OpenAPI's, without
//! references.

use sluice_sdk::serde_json::{Map, Value, json};

const KEPT: [&str; 19] = [
    "anyOf",
    "default",
    "description",
    "enum",
    "example",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "nullable",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
];

/// Formats that are understood; others are refused.
const FORMATS: [&str; 7] = [
    "date-time",
    "double",
    "enum",
    "float",
    "int32",
    "int64",
    "byte",
];

/// How deep references are followed: a schema may refer to itself.
const MAX_DEPTH: usize = 24;

pub fn cleaned(schema: &Value) -> Value {
    clean(schema, schema, 0)
}

fn clean(schema: &Value, root: &Value, depth: usize) -> Value {
    let Some(members) = schema.as_object() else {
        return json!({});
    };
    if depth > MAX_DEPTH {
        return json!({"type": "object"});
    }
    if let Some(path) = members.get("$ref").and_then(Value::as_str) {
        let found = path
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return found.map_or_else(
            || json!({"type": "object"}),
            |found| clean(found, root, depth + 1),
        );
    }
    let mut result = Map::new();
    for (name, value) in members {
        match name.as_str() {
            "properties" => {
                let inner = value.as_object().into_iter().flatten();
                let inner: Map<String, Value> = inner
                    .map(|(name, value)| (name.clone(), clean(value, root, depth + 1)))
                    .collect();
                result.insert(name.clone(), inner.into());
            }
            "items" => drop(result.insert(name.clone(), clean(value, root, depth + 1))),
            "anyOf" | "oneOf" => any_of(value, root, depth, &mut result),
            "allOf" => {
                for part in value.as_array().into_iter().flatten() {
                    if let Value::Object(part) = clean(part, root, depth + 1) {
                        for (name, value) in part {
                            result.entry(name).or_insert(value);
                        }
                    }
                }
            }
            "type" => kind(value, &mut result),
            "const" => drop(result.insert("enum".into(), json!([text(value)]))),
            "enum" => {
                let words: Vec<Value> = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|it| !it.is_null())
                    .map(text)
                    .collect();
                result.insert("enum".into(), words.into());
                result.insert("type".into(), "string".into());
            }
            "format" if !value.as_str().is_some_and(|it| FORMATS.contains(&it)) => {}
            known if KEPT.contains(&known) => drop(result.insert(name.clone(), value.clone())),
            _ => {}
        }
    }
    if result.contains_key("enum") {
        result.insert("type".into(), "string".into());
    }
    if result.get("type") == Some(&"array".into()) {
        result
            .entry("items")
            .or_insert_with(|| json!({"type": "string"}));
    }
    result.into()
}

fn text(value: &Value) -> Value {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
        .into()
}

/// `["string", "null"]` is a nullable string.
fn kind(value: &Value, result: &mut Map<String, Value>) {
    let Some(kinds) = value.as_array() else {
        result.insert("type".into(), value.clone());
        return;
    };
    let real: Vec<&Value> = kinds.iter().filter(|it| *it != "null").collect();
    if real.len() < kinds.len() {
        result.insert("nullable".into(), true.into());
    }
    match real.as_slice() {
        [one] => drop(result.insert("type".into(), (*one).clone())),
        many => {
            let any: Vec<Value> = many.iter().map(|it| json!({"type": it})).collect();
            result.insert("anyOf".into(), any.into());
        }
    }
}

/// A choice with null in it is nullable; a choice of one is that one.
fn any_of(value: &Value, root: &Value, depth: usize, result: &mut Map<String, Value>) {
    let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let real: Vec<Value> = all
        .iter()
        .filter(|it| it.get("type") != Some(&"null".into()))
        .map(|it| clean(it, root, depth + 1))
        .collect();
    if real.len() < all.len() {
        result.insert("nullable".into(), true.into());
    }
    match real.as_slice() {
        [Value::Object(one)] => one
            .iter()
            .for_each(|(name, value)| drop(result.insert(name.clone(), value.clone()))),
        _ => drop(result.insert("anyOf".into(), real.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_nulls_and_constants_are_resolved() {
        let schema = json!({"$defs": {"u": {"type": ["string", "null"]}}, "type": "object", "additionalProperties": false,
            "properties": {"a": {"$ref": "#/$defs/u"}, "b": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "c": {"const": 5}, "d": {"type": "string", "format": "uri"}}});
        let want = json!({"type": "object", "properties": {"a": {"nullable": true, "type": "string"},
            "b": {"nullable": true, "type": "integer"}, "c": {"enum": ["5"], "type": "string"}, "d": {"type": "string"}}});
        assert_eq!(cleaned(&schema), want);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(cleaned(&schema).to_string().len() < 10_000);
    }
}

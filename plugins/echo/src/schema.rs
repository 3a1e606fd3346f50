//! The smallest document that fits a JSON Schema of the kind that tools and response formats use:
//! objects with their required members, lists with their fewest items, texts that say `text`.

use sluice_sdk::serde_json::{Map, Value, json};

/// How deep references and objects may nest; a schema that goes on for ever ends here.
const DEPTH: usize = 24;

/// Most items of a list, whatever `minItems` says.
const ITEMS: usize = 16;

/// A document that fits `schema`. Strings say `text`, numbers are their minimum or 0, the first
/// value of an enumeration is taken.
pub fn instance(schema: &Value, text: &str) -> Value {
    Maker { root: schema, text }.make(schema, DEPTH)
}

struct Maker<'s> {
    /// Where `$ref` points into.
    root: &'s Value,
    text: &'s str,
}

impl Maker<'_> {
    fn make(&self, schema: &Value, depth: usize) -> Value {
        if depth == 0 {
            return Value::Null;
        }
        if let Some(fixed) = schema.get("const").or_else(|| schema.pointer("/enum/0")) {
            return fixed.clone();
        }
        if let Some(referred) = self.referred(schema) {
            return self.make(referred, depth - 1);
        }
        let first = ["/anyOf/0", "/oneOf/0"]
            .into_iter()
            .find_map(|at| schema.pointer(at));
        if let Some(first) = first {
            return self.make(first, depth - 1);
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            return self.make(&self.merged(schema, parts), depth - 1);
        }
        match kind(schema) {
            Some("string") => self.string(schema).into(),
            Some("integer") => number(schema, true),
            Some("number") => number(schema, false),
            Some("boolean") => json!(true),
            Some("null") => Value::Null,
            Some("array") => self.list(schema, depth),
            _ => self.object(schema, depth),
        }
    }

    fn referred(&self, schema: &Value) -> Option<&Value> {
        let place = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.root.pointer(place)
    }

    /// The parts of `allOf` as one schema: members and requirements of objects add up.
    fn merged(&self, schema: &Value, parts: &[Value]) -> Value {
        let mut merged = schema.as_object().cloned().unwrap_or_default();
        merged.remove("allOf");
        for part in parts {
            let part = self.referred(part).unwrap_or(part);
            for (name, value) in part.as_object().into_iter().flatten() {
                match (merged.get_mut(name), value) {
                    (Some(Value::Object(known)), Value::Object(more)) => known.extend(more.clone()),
                    (Some(Value::Array(known)), Value::Array(more)) => known.extend(more.clone()),
                    (Some(_), _) => {}
                    (None, value) => drop(merged.insert(name.clone(), value.clone())),
                }
            }
        }
        merged.into()
    }

    fn string(&self, schema: &Value) -> String {
        let fixed = match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => Some("2026-01-01T00:00:00Z"),
            Some("date") => Some("2026-01-01"),
            Some("time") => Some("00:00:00Z"),
            Some("email") => Some("echo@example.com"),
            Some("uri") => Some("https://example.com"),
            Some("uuid") => Some("00000000-0000-4000-8000-000000000000"),
            _ => None,
        };
        if let Some(fixed) = fixed {
            return fixed.to_owned();
        }
        let length = |name: &str| schema.get(name).and_then(Value::as_u64);
        let most = length("maxLength").unwrap_or(u64::MAX);
        let mut text: String = self
            .text
            .chars()
            .take(usize::try_from(most).unwrap_or(usize::MAX))
            .collect();
        let least = usize::try_from(length("minLength").unwrap_or(0))
            .unwrap_or(0)
            .min(4096);
        let missing = least.saturating_sub(text.chars().count());
        text.extend(std::iter::repeat_n('.', missing));
        text
    }

    fn list(&self, schema: &Value, depth: usize) -> Value {
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let count = usize::try_from(least).unwrap_or(ITEMS).min(ITEMS);
        let item = schema.get("items").unwrap_or(&Value::Null);
        vec![self.make(item, depth - 1); count].into()
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        let names = required.into_iter().flatten().filter_map(Value::as_str);
        let mut members = Map::new();
        for name in names {
            let wanted = schema.get("properties").and_then(|it| it.get(name));
            let value = self.make(wanted.unwrap_or(&Value::Null), depth - 1);
            members.insert(name.to_owned(), value);
        }
        members.into()
    }
}

/// The type, or the first of several; told by other members where it is missing.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        Some(kind) => kind.as_str(),
        None if schema.get("items").is_some() => Some("array"),
        None => None,
    }
}

fn number(schema: &Value, whole: bool) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let least = bound("minimum").or(bound("exclusiveMinimum").map(|it| it + 1.0));
    let most = bound("maximum").or(bound("exclusiveMaximum").map(|it| it - 1.0));
    let mut value = least.unwrap_or(0.0);
    if least.is_none() {
        value = value.min(most.unwrap_or(0.0));
    }
    if let Some(step) = bound("multipleOf").filter(|it| *it > 0.0) {
        value = (value / step).ceil() * step;
    }
    if whole || value.fract() == 0.0 {
        json!(value.ceil() as i64)
    } else {
        json!(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_fitting_document_is_made() {
        for (schema, want) in [
            (json!({"type": "string", "minLength": 4}), json!("hi..")),
            (json!({"type": "string", "maxLength": 1}), json!("h")),
            (json!({"type": "integer", "exclusiveMinimum": 2}), json!(3)),
            (json!({"type": "number", "maximum": -1.5}), json!(-1.5)),
            (json!({"type": ["null", "string"]}), Value::Null),
            (
                json!({"type": "array", "minItems": 2, "items": {"type": "boolean"}}),
                json!([true, true]),
            ),
            (
                json!({"anyOf": [{"type": "null"}, {"type": "string"}]}),
                Value::Null,
            ),
            (
                json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "required": ["x"], "properties": {"x": {"enum": ["q"]}}}}}),
                json!({"x": "q"}),
            ),
            (
                json!({"allOf": [{"type": "object", "required": ["x"], "properties": {"x": {"type": "string"}}}, {"required": ["y"], "properties": {"y": {"const": 1}}}]}),
                json!({"x": "hi", "y": 1}),
            ),
        ] {
            assert_eq!(instance(&schema, "hi"), want, "{schema}");
        }
    }

    #[test]
    fn a_schema_that_contains_itself_comes_to_an_end() {
        let schema =
            json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}});
        assert!(instance(&schema, "x").get("next").is_some());
    }
}

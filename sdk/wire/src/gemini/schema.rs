//! JSON Schemas as Gemini's function declarations take them: a subset of OpenAPI's, without
//! references.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

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

/// How often a reference is followed within itself: a schema may refer to itself.
const MAX_WITHIN: usize = 2;

/// How many references may be within each other.
const MAX_DEPTH: usize = 24;

/// Schemas that one may spell out to: a short one can stand for millions.
const MAX_SCHEMAS: usize = 10_000;

/// The schema in Google's form, or a refusal if its references spell out too much.
pub fn cleaned(schema: &Value) -> Result<Value, Error> {
    let mut cleaner = Cleaner {
        root: schema,
        open: Vec::new(),
        left: MAX_SCHEMAS,
    };
    cleaner.clean(schema)
}

struct Cleaner<'s> {
    root: &'s Value,
    /// The references that are being followed.
    open: Vec<&'s str>,
    left: usize,
}

impl<'s> Cleaner<'s> {
    fn clean(&mut self, schema: &'s Value) -> Result<Value, Error> {
        let Some(members) = schema.as_object() else {
            return Ok(json!({}));
        };
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            fault::invalid_request(format!(
                "the references of a tool's `parameters` spell out to more than {MAX_SCHEMAS} schemas"
            ))
        })?;
        let mut result = Map::new();
        if let Some(path) = members.get("$ref").and_then(Value::as_str)
            && let Value::Object(found) = self.follow(path)?
        {
            result = found;
        }
        for (name, value) in members {
            match name.as_str() {
                "$ref" => {}
                "properties" => {
                    let mut inner = Map::new();
                    for (name, value) in value.as_object().into_iter().flatten() {
                        inner.insert(name.clone(), self.clean(value)?);
                    }
                    result.insert(name.clone(), inner.into());
                }
                "items" => drop(result.insert(name.clone(), self.clean(value)?)),
                "anyOf" | "oneOf" => self.any_of(value, &mut result)?,
                "allOf" => {
                    for part in value.as_array().into_iter().flatten() {
                        if let Value::Object(part) = self.clean(part)? {
                            add(&mut result, part);
                        }
                    }
                }
                "type" => kind(value, &mut result),
                "const" => drop(result.insert("enum".into(), json!([text(value)]))),
                "enum" => {
                    let words = value.as_array().into_iter().flatten();
                    let words = words.filter(|it| !it.is_null()).map(text);
                    result.insert("enum".into(), words.collect());
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
        Ok(result.into())
    }

    fn follow(&mut self, path: &'s str) -> Result<Value, Error> {
        let target = path.strip_prefix('#').and_then(|it| self.root.pointer(it));
        let within = self.open.iter().filter(|it| **it == path).count();
        let Some(target) = target.filter(|_| within < MAX_WITHIN) else {
            return Ok(json!({"type": "object"}));
        };
        if self.open.len() > MAX_DEPTH {
            return Ok(json!({"type": "object"}));
        }
        self.open.push(path);
        let found = self.clean(target);
        self.open.pop();
        found
    }

    /// A choice with null in it is nullable; a choice of one is that one.
    fn any_of(&mut self, value: &'s Value, result: &mut Map<String, Value>) -> Result<(), Error> {
        let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut real = Vec::new();
        for schema in all
            .iter()
            .filter(|it| it.get("type") != Some(&"null".into()))
        {
            real.push(self.clean(schema)?);
        }
        if real.len() < all.len() {
            result.insert("nullable".into(), true.into());
        }
        match real.as_mut_slice() {
            [Value::Object(one)] => {
                let one = std::mem::take(one);
                add(result, one);
            }
            _ => drop(result.insert("anyOf".into(), real.into())),
        }
        Ok(())
    }
}

/// Adds what a part of the schema says and the schema itself does not. Properties and required
/// names of both hold.
fn add(result: &mut Map<String, Value>, part: Map<String, Value>) {
    for (name, value) in part {
        match (name.as_str(), result.get_mut(&name), value) {
            ("properties", Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
            ("required", Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
            (_, None, value) => drop(result.insert(name, value)),
            _ => {}
        }
    }
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
        assert_eq!(cleaned(&schema).unwrap(), want);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let node = json!({"type": "object", "properties": {
            "left": {"$ref": "#/$defs/n"}, "right": {"$ref": "#/$defs/n"}, "up": {"$ref": "#/$defs/n"}}});
        let schema = json!({"$defs": {"n": node}, "type": "object", "properties": {"root": {"$ref": "#/$defs/n"}}});
        assert!(cleaned(&schema).unwrap().to_string().len() < 10_000);
    }

    #[test]
    fn a_short_schema_that_spells_out_a_huge_one_is_refused() {
        let pair = |at: u32| {
            let next = json!({"$ref": format!("#/$defs/d{}", at + 1)});
            (format!("d{at}"), json!({"anyOf": [next, next]}))
        };
        let mut defs: Map<String, Value> = (0..20).map(pair).collect();
        defs.insert("d20".into(), json!({"type": "string"}));
        let refusal = cleaned(&json!({"$defs": defs, "$ref": "#/$defs/d0"})).unwrap_err();
        assert_eq!(refusal.kind, fault::kind::INVALID_REQUEST);
    }

    #[test]
    fn parts_of_a_whole_and_words_beside_a_reference_are_kept() {
        let schema = json!({"$defs": {"u": {"type": "string", "description": "any"}}, "type": "object",
            "allOf": [{"properties": {"a": {"$ref": "#/$defs/u", "description": "mine"}}, "required": ["a"]},
                {"properties": {"b": {"type": "integer"}}, "required": ["b"]}]});
        let want = json!({"type": "object", "required": ["a", "b"], "properties": {
            "a": {"type": "string", "description": "mine"}, "b": {"type": "integer"}}});
        assert_eq!(cleaned(&schema).unwrap(), want);
    }
}

//! JSON Schemas as Anthropic's structured output and strict tools take them.

use sluice_sdk::serde_json::{Map, Value, json};

/// Keywords that are kept; what others say goes into the description.
const KEPT: [&str; 9] = [
    "$ref",
    "const",
    "default",
    "description",
    "enum",
    "required",
    "type",
    "format",
    "minItems",
];

/// Formats of texts that are kept (Anthropic's documentation of structured output, 2026).
const FORMATS: [&str; 10] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "time",
    "uri",
    "uuid",
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
                let list = value.as_array().into_iter().flatten();
                let list = list.map(closed).collect::<Vec<_>>();
                let name = if name == "oneOf" { "anyOf" } else { name };
                result.insert(name.to_owned(), list.into());
            }
            "items" => drop(result.insert(name.clone(), closed(value))),
            "additionalProperties" | "title" | "$schema" | "$id" => {}
            "format" if value.as_str().is_some_and(|it| !FORMATS.contains(&it)) => {
                notes.push(format!("{name}: {value}"));
            }
            "minItems" if value.as_u64().is_none_or(|it| it > 1) => {
                notes.push(format!("{name}: {value}"));
            }
            known if KEPT.contains(&known) => drop(result.insert(name.clone(), value.clone())),
            _ => notes.push(format!("{name}: {value}")),
        }
    }
    if is_object(&result) {
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

/// Whether [`closed`] says what the schema says: no object of free names, no recursion.
pub fn can_be_closed(schema: &Value) -> bool {
    let mut walk = Walk {
        root: schema,
        open: Vec::new(),
        left: MAX_STEPS,
    };
    walk.fits(schema)
}

/// The schema of a tool's arguments, which has to be an object's.
pub fn object(mut members: Map<String, Value>) -> Map<String, Value> {
    if members.get("type") != Some(&"object".into()) {
        members.insert("type".into(), "object".into());
        members.entry("properties").or_insert_with(|| json!({}));
    }
    members
}

fn is_object(members: &Map<String, Value>) -> bool {
    let kind = members.get("type");
    let named = match kind {
        Some(Value::Array(kinds)) => kinds.iter().any(|it| it == "object"),
        other => other == Some(&"object".into()),
    };
    named || members.contains_key("properties")
}

/// Follows references, but not for ever: a short schema can spell out a huge one.
struct Walk<'s> {
    root: &'s Value,
    /// The references that are being followed.
    open: Vec<&'s str>,
    /// Schemas that may still be looked at.
    left: usize,
}

const MAX_STEPS: usize = 10_000;
const MAX_OPEN: usize = 64;

impl<'s> Walk<'s> {
    fn fits(&mut self, schema: &'s Value) -> bool {
        let Value::Object(members) = schema else {
            return true;
        };
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        let free_names = match members.get("additionalProperties") {
            Some(Value::Bool(free)) => *free,
            Some(_) => true,
            None => !members.contains_key("properties"),
        };
        if (is_object(members) && free_names) || members.contains_key("patternProperties") {
            return false;
        }
        if let Some(path) = members.get("$ref").and_then(Value::as_str) {
            let target = path.strip_prefix('#').and_then(|it| self.root.pointer(it));
            let fine = !self.open.contains(&path) && self.open.len() < MAX_OPEN;
            let Some(target) = target.filter(|_| fine) else {
                return false;
            };
            self.open.push(path);
            let fits = self.fits(target);
            self.open.pop();
            if !fits {
                return false;
            }
        }
        let lists = ["anyOf", "oneOf", "allOf"].iter();
        let lists = lists.filter_map(|name| members.get(*name)?.as_array());
        let properties = members.get("properties").and_then(Value::as_object);
        let mut inner = lists
            .flatten()
            .chain(members.get("items"))
            .chain(properties.into_iter().flat_map(Map::values));
        inner.all(|it| self.fits(it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_closed_and_unknown_words_are_said_in_the_description() {
        let schema = json!({"type": "object", "title": "T", "properties": {
            "age": {"type": "integer", "minimum": 0, "description": "years"},
            "tags": {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "maxItems": 3},
            "either": {"oneOf": [{"type": "string", "format": "color"}, {"type": "object", "properties": {}}]},
            "maybe": {"type": ["object", "null"], "properties": {}}}});
        let want = json!({"type": "object", "properties": {
            "age": {"type": "integer", "description": "years (minimum: 0)"},
            "tags": {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "description": "(maxItems: 3)"},
            "either": {"anyOf": [{"type": "string", "description": "(format: \"color\")"},
                {"type": "object", "properties": {}, "additionalProperties": false}]},
            "maybe": {"type": ["object", "null"], "properties": {}, "additionalProperties": false}},
            "additionalProperties": false});
        assert_eq!(closed(&schema), want);
        assert!(can_be_closed(&schema));
    }

    #[test]
    fn free_names_and_recursion_cannot_be_closed() {
        let inside = |schema: Value| json!({"type": "object", "properties": {"a": schema}});
        assert!(!can_be_closed(&inside(json!({"type": "object"}))));
        assert!(!can_be_closed(&inside(
            json!({"type": "object", "additionalProperties": {"type": "string"}})
        )));
        let node = json!({"$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"});
        assert!(!can_be_closed(&node));
        let twice = json!({"$defs": {"n": {"type": "string"}}, "type": "object", "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"$ref": "#/$defs/n"}}});
        assert!(can_be_closed(&twice));
    }

    #[test]
    fn a_short_schema_that_spells_out_a_huge_one_is_given_up() {
        let pair = |at: u32| {
            let next = json!({"$ref": format!("#/$defs/d{}", at + 1)});
            (format!("d{at}"), json!({"anyOf": [next, next]}))
        };
        let mut defs: Map<String, Value> = (0..40).map(pair).collect();
        defs.insert("d40".into(), json!({"type": "string"}));
        assert!(!can_be_closed(
            &json!({"$defs": defs, "$ref": "#/$defs/d0"})
        ));
    }
}

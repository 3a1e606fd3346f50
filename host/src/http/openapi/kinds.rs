//! Kinds of fields, as the tables write them, as JSON schemas.

use serde_json::{Value, json};

/// What a field of a body takes. `null` always may stand for none.
pub fn of_body(kind: &str) -> Value {
    let list = |items: Value| json!({"type": ["array", "null"], "items": items});
    let names = |of: Value| json!({"type": ["object", "null"], "additionalProperties": of});
    match kind {
        "id" => json!({"type": ["string", "null"], "maxLength": 255}),
        "duration" => json!({"type": ["string", "null"], "examples": ["30d"],
            "description": "a number and s, m, h, d, w or mo; or daily, weekly, monthly"}),
        "moment" => json!({"type": ["string", "null"], "examples": ["2030-01-31T12:00:00Z"]}),
        "flag" => json!({"type": ["boolean", "null"]}),
        "count" => json!({"type": ["integer", "null"], "minimum": 0}),
        "positive" => json!({"type": ["integer", "null"], "minimum": 1}),
        "money" => json!({"type": ["number", "null"], "minimum": 0, "description": "dollars"}),
        "texts" => list(json!({"type": "string"})),
        "list" => list(json!({})),
        "windows" => list(
            json!({"type": "object", "required": ["budget_duration", "max_budget"],
            "properties": {"budget_duration": {"type": "string"}, "max_budget": {"type": "number"}}}),
        ),
        "counts" => names(json!({"type": "integer", "minimum": 0})),
        "names" => names(json!({"type": "string"})),
        "namelists" => names(json!({"type": "array", "items": {"type": "string"}})),
        "modelbudgets" => names(json!({"type": ["number", "string", "object"]})),
        "object" | "routing" => json!({"type": ["object", "null"]}),
        "any" => json!({}),
        other => match choices(other) {
            Some(all) => json!({"enum": all.into_iter().map(Value::from)
                .chain([Value::Null]).collect::<Vec<_>>()}),
            None => json!({"type": ["string", "null"]}),
        },
    }
}

/// What a field of a query takes.
pub fn of_query(kind: &str) -> Value {
    match kind {
        "flag" => json!({"type": "boolean"}),
        "count" => json!({"type": "integer", "minimum": 0}),
        "money" => json!({"type": "number", "minimum": 0}),
        "day" => json!({"type": "string", "examples": ["2026-01-31"],
            "description": "a day, or a time in UTC as `2026-01-31 18:30:00`"}),
        "list" | "texts" => {
            json!({"type": "string", "description": "one, or several with commas between"})
        }
        other => match (choices(other), range(other)) {
            (Some(all), _) => json!({"type": "string", "enum": all}),
            (None, Some((least, most))) => {
                json!({"type": "integer", "minimum": least, "maximum": most})
            }
            (None, None) => json!({"type": "string"}),
        },
    }
}

/// `choice(a|b)`.
fn choices(kind: &str) -> Option<Vec<&str>> {
    let inner = kind.strip_prefix("choice(")?.strip_suffix(')')?;
    Some(inner.split('|').collect())
}

/// `whole(1..100)`.
fn range(kind: &str) -> Option<(u64, u64)> {
    let inner = kind.strip_prefix("whole(")?.strip_suffix(')')?;
    let (least, most) = inner.split_once("..")?;
    Some((least.parse().ok()?, most.parse().ok()?))
}

//! The JSON Schema of a row, so that the gateway names a mistake by its path before a call meets
//! it.

use sluice_sdk::serde_json::{Map, Value, json};

use crate::row::OPERATIONS;

/// Members that the gateway acts on before this plugin is asked: of no effect in one deployment.
const GATEWAYS: [&str; 9] = [
    "base_url",
    "base_url_env",
    "env",
    "ignored",
    "key_optional",
    "operations",
    "settings",
    "unsupported",
    "user",
];

/// A whole row, as `plugins.providers` has it.
pub fn row() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": members(),
    })
}

/// What a deployment may have otherwise (`litellm_params.row`).
pub fn of_deployment() -> Value {
    let members = members();
    let names = members.keys();
    let names: Vec<&String> = names
        .filter(|name| !GATEWAYS.contains(&name.as_str()))
        .collect();
    json!({"type": "object", "propertyNames": {"enum": names}})
}

fn members() -> Map<String, Value> {
    let mut members = behaviour();
    let exception = exception(&members);
    members.insert("models".into(), exception);
    for (name, schema) in [
        (
            "base_url",
            json!({"type": "string", "pattern": "^https?://"}),
        ),
        ("base_url_env", names()),
        ("env", names()),
        ("ignored", names()),
        ("key_optional", json!({"type": "boolean"})),
        (
            "operations",
            json!({"type": "array", "items": {"enum": OPERATIONS}}),
        ),
        ("settings", names()),
        ("unsupported", names()),
        ("user", json!({"type": "boolean"})),
        ("title", json!({"type": "string"})),
        ("note", json!({"type": "string"})),
    ] {
        members.insert(name.into(), schema);
    }
    members
}

/// Members that say how requests and answers are translated.
fn behaviour() -> Map<String, Value> {
    let flag = json!({"type": "boolean"});
    let drop = json!({"enum": ["drop", null]});
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let or_null = json!({"type": "object", "additionalProperties": {"type": ["string", "null"]}});
    let named = OPERATIONS.into_iter().chain(["models"]);
    let paths: Map<String, Value> = named.map(|it| (it.to_owned(), path())).collect();
    let by_operation =
        json!({"type": "object", "additionalProperties": false, "properties": paths});
    let bounds = json!({"type": "object", "additionalProperties": {
        "type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}});
    let members = [
        ("auth", auth()),
        ("paths", by_operation),
        ("headers", texts.clone()),
        ("renamed", texts.clone()),
        ("renamed_embeddings", texts.clone()),
        ("set", json!({"type": "object"})),
        ("clamp", bounds),
        ("tool_choice", or_null.clone()),
        ("response_format", or_null),
        (
            "format_tool",
            json!({"enum": ["beside-tools", "schemas", null]}),
        ),
        ("effort", texts),
        ("effort_thinking", flag.clone()),
        (
            "thinking",
            json!({"enum": ["native", "effort", "reasoning", null]}),
        ),
        (
            "history",
            json!({"enum": ["keep", "reasoning", "details", "thinking-parts", "drop", null]}),
        ),
        ("developer", flag.clone()),
        ("cache_control", flag.clone()),
        ("strict", drop.clone()),
        ("message_name", drop),
        ("text_only", flag.clone()),
        ("tool_call_ids", json!({"enum": ["alphanumeric-9", null]})),
        ("model_prefix", json!({"type": ["string", "null"]})),
        ("model_route", json!({"enum": ["suffix", "path", null]})),
        ("stream_usage", flag.clone()),
        ("relay", flag.clone()),
        ("think_tags", flag.clone()),
        ("reasoning_outside", flag.clone()),
        ("citations", flag.clone()),
        ("finish_optional", flag),
    ];
    let named = members.into_iter().map(|(name, it)| (name.to_owned(), it));
    named.collect()
}

/// Other values for models by pattern, and other lists of parameters.
fn exception(behaviour: &Map<String, Value>) -> Value {
    let mut members = behaviour.clone();
    members.insert(
        "match".into(),
        json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
    );
    for list in ["supported", "unsupported", "ignored"] {
        members.insert(list.into(), names());
    }
    json!({"type": "array", "items": {
        "type": "object", "required": ["match"], "additionalProperties": false, "properties": members}})
}

fn auth() -> Value {
    json!({"type": "object", "required": ["scheme"], "additionalProperties": false, "properties": {
        "scheme": {"enum": ["none", "bearer", "header", "query", "oauth2"]},
        "name": {"type": "string"},
        "prefix": {"type": "string"}
    }})
}

fn path() -> Value {
    json!({"type": "string", "pattern": "^/"})
}

fn names() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Row;
    use sluice_sdk::serde_json;

    /// The members that only the rows of this crate have.
    const OURS: [&str; 28] = [
        "name",
        "aliases",
        "exchange",
        "extensions",
        "rate_limits",
        "verified",
        "docs",
        "secrets",
        "client",
        "key_pair",
        "account_base",
        "hosts",
        "base_endings",
        "catalog_path",
        "turn_headers",
        "settings_env",
        "settings_default",
        "signed",
        // They need the whole body, which `describe` says by provider.
        "embeddings",
        "rerank",
        "fim",
        "batches",
        "speech",
        "transcription",
        "run",
        "bases",
        "images",
        "messages",
    ];

    #[test]
    fn the_schema_has_every_member_of_a_row_and_no_other() {
        let unknown = serde_json::from_value::<Row>(json!({"?": 1})).unwrap_err();
        let unknown = unknown.to_string();
        let listed = unknown.split("expected one of").nth(1).unwrap();
        let mut have: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
        have.retain(|name| !OURS.contains(name));
        have.sort_unstable();
        let row = row();
        let schema = row["properties"].as_object().unwrap();
        let mut want: Vec<&str> = schema.keys().map(String::as_str).collect();
        want.sort_unstable();
        assert_eq!(have, want);
    }

    #[test]
    fn a_deployment_may_not_have_what_only_the_gateway_reads() {
        let names = of_deployment()["propertyNames"]["enum"].clone();
        let names = names.as_array().unwrap();
        assert!(names.contains(&json!("think_tags")) && !names.contains(&json!("base_url")));
    }
}

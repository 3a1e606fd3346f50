//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, from_str, json};

/// Run before the plugin serves.
const EXAMPLES: [&str; 6] = [
    include_str!("../fixtures/masked.json"),
    include_str!("../fixtures/blocked.json"),
    include_str!("../fixtures/numbered.json"),
    include_str!("../fixtures/back.json"),
    include_str!("../fixtures/anonymizer.json"),
    include_str!("../fixtures/failed.json"),
];

/// Where Presidio's own compose file and LiteLLM's documentation have the servers. Other addresses
/// come by `api_base`.
const HOSTS: [&str; 8] = [
    "localhost:5001",
    "localhost:5002",
    "127.0.0.1:5001",
    "127.0.0.1:5002",
    "presidio-analyzer:3000",
    "presidio-anonymizer:3000",
    "presidio-analyzer:5001",
    "presidio-anonymizer:5001",
];

pub fn document() -> Value {
    let examples = EXAMPLES.iter().map(|it| from_str(it).unwrap_or_default());
    json!({
        "name": "presidio",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Masks or blocks personal data that Microsoft's Presidio finds",
        "license": "MIT OR Apache-2.0",
        "guardrails": [{
            "name": "presidio",
            "title": "Presidio",
            "stages": ["pre", "during", "post", "log"],
            "base_url_env": ["PRESIDIO_ANALYZER_API_BASE"],
            "hosts": HOSTS,
            "config_schema": schema(),
            "docs": "https://microsoft.github.io/presidio/api-docs/api-docs.html"
        }],
        "examples": examples.collect::<Vec<Value>>()
    })
}

fn schema() -> Value {
    json!({"type": "object", "properties": {
        "presidio_analyzer_api_base": {
            "type": ["string", "null"], "x-address": true,
            "description": "Address of the analyzer, if it is not `api_base` or PRESIDIO_ANALYZER_API_BASE"
        },
        "presidio_anonymizer_api_base": {
            "type": ["string", "null"], "x-address": true,
            "description": "Address of an anonymizer that writes the masks; without one they are <ENTITY>. It is not asked where masks are undone"
        },
        "presidio_language": {
            "type": ["string", "null"], "default": "en",
            "description": "Language of the texts, where the client does not say it: extra_body {\"language\": ...}"
        },
        "pii_entities_config": {
            "type": "object", "additionalProperties": {"enum": ["MASK", "BLOCK"]},
            "description": "Entities to look for, and what becomes of each; without it every entity is masked"
        },
        "presidio_score_thresholds": {
            "type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
            "description": "Entity, or ALL, to the least score that counts, 0 to 1"
        },
        "presidio_entities_deny_list": {
            "type": "array", "items": {"type": "string"},
            "description": "Entities that do not count, whatever finds them"
        },
        "presidio_ad_hoc_recognizers": {
            "type": "array", "items": {"type": "object"},
            "description": "Recognizers for the analyzer, themselves: a component reads no files, so what LiteLLM has in a file stands here"
        },
        "output_parse_pii": {
            "type": "boolean", "default": false,
            "description": "Masks get numbers, and are undone in the answer; `mode` has to name pre_call and post_call"
        },
        "presidio_filter_scope": {
            "enum": ["input", "output", "both", null],
            "description": "Which way is looked at, of those that `mode` names. With output_parse_pii answers are looked at only if this says so"
        },
        "presidio_analyze_chunk_size_bytes": {
            "type": ["integer", "null"], "minimum": 1000, "maximum": 4_000_000, "default": 500_000,
            "description": "Most bytes of text in one request to the analyzer; longer texts are cut, with an overlap"
        }
    }})
}

//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, from_str, json};

/// The categories of the newest model.
const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// Run before the plugin serves.
const EXAMPLES: [&str; 4] = [
    include_str!("../fixtures/flagged.json"),
    include_str!("../fixtures/passes.json"),
    include_str!("../fixtures/threshold.json"),
    include_str!("../fixtures/too_many_requests.json"),
];

pub fn document() -> Value {
    let examples = EXAMPLES.iter().map(|it| from_str(it).unwrap_or_default());
    json!({
        "name": "openai_moderation",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Blocks what OpenAI's moderation flags",
        "license": "MIT OR Apache-2.0",
        "guardrails": [{
            "name": "openai_moderation",
            "title": "OpenAI moderation",
            "stages": ["pre", "during", "post"],
            "base_url": "https://api.openai.com/v1",
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["OPENAI_API_KEY"], "required": true, "title": "API key"}},
            "config_schema": {"type": "object", "properties": {
                "model": {
                    "type": "string", "minLength": 1, "default": "omni-moderation-latest",
                    "description": "The classifier: omni-moderation-latest, text-moderation-latest, or one of a server of yours"
                },
                "category_thresholds": {
                    "type": "object",
                    "propertyNames": {"enum": CATEGORIES},
                    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
                    "description": "Category to the score from which on it blocks, 0 to 1. Categories that are not named block as OpenAI flags them"
                }
            }},
            "docs": "https://platform.openai.com/docs/guides/moderation"
        }],
        "examples": examples.collect::<Vec<Value>>()
    })
}

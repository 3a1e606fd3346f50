//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, from_str, json};

/// LiteLLM's names have a slash, which no name in `describe` has.
pub const SHIELD: &str = "azure.prompt_shield";
pub const MODERATION: &str = "azure.text_moderations";

/// Run before the plugin serves.
const EXAMPLES: [&str; 5] = [
    include_str!("../fixtures/attack.json"),
    include_str!("../fixtures/no_attack.json"),
    include_str!("../fixtures/severe.json"),
    include_str!("../fixtures/harmless.json"),
    include_str!("../fixtures/denied.json"),
];

const CATEGORIES: [&str; 4] = ["Hate", "SelfHarm", "Sexual", "Violence"];

pub fn document() -> Value {
    let examples = EXAMPLES.iter().map(|it| from_str(it).unwrap_or_default());
    json!({
        "name": "azure_content_safety",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Azure AI Content Safety: attacks on the model, severe texts, blocklists",
        "license": "MIT OR Apache-2.0",
        "guardrails": [
            guardrail(SHIELD, "Azure Prompt Shield", &["pre", "during"], json!({})),
            guardrail(MODERATION, "Azure text moderation", &["pre", "during", "post"], moderation())
        ],
        "examples": examples.collect::<Vec<Value>>()
    })
}

fn guardrail(name: &str, title: &str, stages: &[&str], settings: Value) -> Value {
    let mut settings = settings;
    settings["api_version"] = json!({
        "type": "string", "pattern": "^[0-9A-Za-z.-]+$", "default": "2024-09-01",
        "description": "Version of the service's API"
    });
    json!({
        "name": name,
        "title": title,
        "stages": stages,
        "base_url_env": ["AZURE_GUARDRAIL_API_BASE", "AZURE_CONTENT_SAFETY_API_BASE"],
        "auth": {"scheme": "header", "name": "ocp-apim-subscription-key", "secret": "api_key"},
        "secrets": {"api_key": {
            "env": ["AZURE_GUARDRAIL_API_KEY", "AZURE_CONTENT_SAFETY_API_KEY"],
            "required": true, "title": "Key of the Content Safety resource"
        }},
        "config_schema": {"type": "object", "properties": settings},
        "docs": "https://learn.microsoft.com/azure/ai-services/content-safety/overview"
    })
}

fn moderation() -> Value {
    json!({
        "severity_threshold": {
            "type": ["integer", "null"], "minimum": 0, "maximum": 7,
            "description": "From this severity on it blocks, in every category; 2 if nothing is said"
        },
        "severity_threshold_by_category": {
            "type": "object", "propertyNames": {"enum": CATEGORIES},
            "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 7},
            "description": "The same for single categories, in the place of severity_threshold"
        },
        "categories": {
            "type": "array", "items": {"enum": CATEGORIES},
            "description": "Categories to look for; all if nothing is said"
        },
        "blocklistNames": {
            "type": "array", "items": {"type": "string"},
            "description": "Blocklists of the resource; whatever stands on one is blocked"
        },
        "haltOnBlocklistHit": {
            "type": "boolean", "default": false,
            "description": "What is on a blocklist is not analysed any further"
        },
        "outputType": {
            "enum": ["FourSeverityLevels", "EightSeverityLevels"], "default": "FourSeverityLevels",
            "description": "Severities are 0, 2, 4, 6, or 0 to 7"
        }
    })
}

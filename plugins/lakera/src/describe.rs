//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, from_str, json};

/// Run before the plugin serves.
const EXAMPLES: [&str; 4] = [
    include_str!("../fixtures/attack.json"),
    include_str!("../fixtures/masked.json"),
    include_str!("../fixtures/passes.json"),
    include_str!("../fixtures/denied.json"),
];

pub fn document() -> Value {
    let examples = EXAMPLES.iter().map(|it| from_str(it).unwrap_or_default());
    json!({
        "name": "lakera",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Blocks what Lakera Guard flags, and masks personal data",
        "license": "MIT OR Apache-2.0",
        "guardrails": [{
            "name": "lakera_v2",
            "title": "Lakera Guard",
            "stages": ["pre", "during", "post"],
            "base_url": "https://api.lakera.ai",
            "base_url_env": ["LAKERA_API_BASE"],
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["LAKERA_API_KEY"], "required": true, "title": "API key"}},
            "config_schema": schema(),
            "docs": "https://docs.lakera.ai/docs/api/guard"
        }],
        "examples": examples.collect::<Vec<Value>>()
    })
}

fn schema() -> Value {
    json!({"type": "object", "properties": {
        "project_id": {
            "type": ["string", "null"],
            "description": "Project whose policy says what is looked for; else Lakera's own, which is strict"
        },
        "metadata": {
            "type": "object",
            "description": "Tags that go to Lakera with every request"
        },
        "on_flagged": {
            "enum": ["block", "monitor"], "default": "block",
            "description": "monitor: what is flagged passes, and is told in the log and the row of the call. Personal data is masked with both"
        },
        "skip_system_message_in_guardrail": {
            "type": ["boolean", "null"],
            "description": "Instructions and descriptions of tools are not screened"
        },
        "skip_tool_message_in_guardrail": {
            "type": ["boolean", "null"],
            "description": "Results of tools are not screened"
        }
    }})
}

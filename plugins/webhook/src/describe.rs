//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, from_str, json};

/// Run before the plugin serves.
const EXAMPLES: [&str; 4] = [
    include_str!("../fixtures/blocked.json"),
    include_str!("../fixtures/changed.json"),
    include_str!("../fixtures/passes.json"),
    include_str!("../fixtures/failed.json"),
];

pub fn document() -> Value {
    let examples = EXAMPLES.iter().map(|it| from_str(it).unwrap_or_default());
    json!({
        "name": "webhook",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Asks a guardrail of your own over HTTP (LiteLLM's Generic Guardrail API)",
        "license": "MIT OR Apache-2.0",
        "guardrails": [{
            "name": "generic_guardrail_api",
            "title": "Generic Guardrail API",
            "stages": ["pre", "during", "post"],
            "needs": ["request", "response"],
            "base_url_env": ["GENERIC_GUARDRAIL_API_BASE"],
            "auth": {"scheme": "header", "name": "x-api-key", "secret": "api_key"},
            "secrets": {"api_key": {"title": "The service's key, sent as x-api-key"}},
            "config_schema": schema(),
            "docs": "https://docs.litellm.ai/docs/adding_provider/generic_guardrail_api"
        }],
        "examples": examples.collect::<Vec<Value>>()
    })
}

fn schema() -> Value {
    json!({"type": "object", "properties": {
        "endpoint_path": {
            "type": "string", "pattern": "^(/|$)", "default": "/beta/litellm_basic_guardrail_api",
            "description": "Path below `api_base`; empty if `api_base` is the whole address"
        },
        "auth": {
            "enum": ["api_key", "none"], "default": "api_key",
            "description": "none: the service wants no key. Without an `api_key` it is asked without one too, and the log says so each time"
        },
        "headers": {
            "type": "object", "additionalProperties": {"type": "string"},
            "description": "Headers of every request. A key belongs into `api_key`, where no component sees it"
        },
        "additional_provider_specific_params": {
            "type": "object",
            "description": "Goes to the service as it stands. What a client sends as `extra_body` stands beside it, and never over it"
        }
    }})
}

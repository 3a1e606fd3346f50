//! What the plugin says of itself.

use serde_json::{Value, json};

pub fn document() -> Value {
    json!({
        "name": "generic_api",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Records to any address (generic_api)",
        "license": "MIT OR Apache-2.0",
        // LiteLLM has both names.
        "callbacks": [callback("generic_api"), callback("generic")],
        "examples": [example()]
    })
}

fn callback(name: &str) -> Value {
    json!({
        "name": name,
        "title": "Generic API",
        "docs": "https://docs.litellm.ai/docs/observability/generic_api",
        "max_batch": 512,
        "base_url_env": ["GENERIC_LOGGER_ENDPOINT"],
        // A text of several headers, which the gateway sends: `name=value,name=value`.
        "secrets": {"headers": {"env": ["GENERIC_LOGGER_HEADERS"], "title": "Headers"}},
        "config_schema": {"type": "object", "properties": {
            "log_format": {"type": "string", "enum": ["json_array", "ndjson", "single"], "default": "json_array", "x-env": ["GENERIC_LOGGER_FORMAT"],
                "description": "All records of a request in an array, a line each, or a request each"},
            "event_types": {"type": "array", "items": {"enum": ["llm_api_success", "llm_api_failure"]}, "description": "What is told; none given: both"}
        }}
    })
}

fn example() -> Value {
    let record = json!({"id": "r", "litellm_call_id": "c", "status": "success", "startTime": 1.0, "endTime": 2.0});
    json!({
        "name": "records are an array",
        "callback": "generic_api",
        "records": [record],
        "fetches": [{"method": "POST", "url": "", "body": [record], "status": 200}],
        "expect": {}
    })
}

//! What the plugin says of itself.

use serde_json::{Value, json};

pub fn document() -> Value {
    json!({
        "name": "langfuse",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Langfuse: traces and generations",
        "license": "MIT OR Apache-2.0",
        "callbacks": [{
            "name": "langfuse",
            "title": "Langfuse",
            "docs": "https://api.reference.langfuse.com/#tag/ingestion",
            "max_batch": 200,
            "base_url": "https://cloud.langfuse.com",
            "base_url_env": ["LANGFUSE_HOST", "LANGFUSE_BASE_URL"],
            "auth": {"scheme": "basic", "user-secret": "langfuse_public_key", "password-secret": "langfuse_secret_key"},
            "secrets": {
                "langfuse_public_key": {"env": ["LANGFUSE_PUBLIC_KEY"], "required": true, "title": "Public key"},
                "langfuse_secret_key": {"env": ["LANGFUSE_SECRET_KEY", "LANGFUSE_SECRET"], "required": true, "title": "Secret key"}
            },
            "config_schema": {"type": "object", "properties": {
                "langfuse_environment": {"type": "string", "maxLength": 40, "pattern": "^(?!langfuse)[a-z0-9_-]+$", "x-env": ["LANGFUSE_TRACING_ENVIRONMENT"],
                    "description": "The environment that traces belong to: small letters, digits, `-`, `_`"},
                "langfuse_release": {"type": "string", "x-env": ["LANGFUSE_RELEASE"], "description": "The release that traces belong to"},
                "default_tags": {"type": "array", "items": {"type": "string"},
                    "description": "Tags of every trace, as `name:value`: names of the record's metadata, `cache_hit`, `cache_key`, `model_group`"},
                "langfuse_default_tags": {"type": "array", "items": {"type": "string"}, "description": "The same"}
            }}
        }],
        "examples": [example()]
    })
}

fn example() -> Value {
    json!({
        "name": "a call is a trace with a generation",
        "callback": "langfuse",
        "records": [{"id": "r", "litellm_call_id": "c", "call_type": "acompletion", "status": "success", "model": "m",
            "startTime": 1.0, "endTime": 2.0, "prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3,
            "messages": [{"role": "user", "content": "hi"}], "response": {"choices": [{"message": {"role": "assistant", "content": "ho"}}]}}],
        "fetches": [{"method": "POST", "url": "/api/public/ingestion", "status": 207, "reply": {"successes": [], "errors": []}}],
        "expect": {}
    })
}

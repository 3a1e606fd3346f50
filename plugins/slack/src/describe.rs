//! What the plugin says of itself.

use serde_json::{Value, json};

pub fn document() -> Value {
    json!({
        "name": "slack",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Slack: messages of what fails",
        "license": "MIT OR Apache-2.0",
        "callbacks": [{
            "name": "slack",
            "title": "Slack",
            "docs": "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
            "max_batch": 512,
            // The address is the credential: it stays with the gateway.
            "base_url_env": ["SLACK_WEBHOOK_URL"],
            "config_schema": {"type": "object", "properties": {
                "alert_types": {"type": "array", "items": {"enum": ["llm_exceptions", "budget_alerts", "llm_too_slow"]},
                    "description": "What is told; none given: `llm_exceptions` and `budget_alerts`, and `llm_too_slow` with a threshold"},
                "alerting_threshold": {"type": "number", "exclusiveMinimum": 0, "description": "Seconds beyond which an answer was slow"},
                "budget_share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.85, "description": "The share of a key's budget beyond which it is told of, once a day"},
                "min_interval": {"type": "integer", "minimum": 1, "default": 60, "description": "Seconds between two messages; what comes between is counted"},
                "max_per_day": {"type": "integer", "minimum": 1, "default": 200, "description": "Messages of a day"},
                "title": {"type": "string", "maxLength": 100, "default": "LLM gateway", "description": "What messages begin with"}
            }}
        }],
        "examples": [example()]
    })
}

fn example() -> Value {
    json!({
        "name": "calls that succeed are not told",
        "callback": "slack",
        "records": [{"id": "r", "litellm_call_id": "c", "status": "success", "startTime": 1.0, "endTime": 2.0}],
        "fetches": [],
        "expect": {}
    })
}

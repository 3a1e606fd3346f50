//! What the plugin says of itself.

use serde_json::{Value, json};

/// Datadog's sites.
const SITES: [&str; 9] = [
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "uk1.datadoghq.com",
    "ddog-gov.com",
    "us2.ddog-gov.com",
];

pub fn document() -> Value {
    let hosts: Vec<String> = SITES
        .iter()
        .map(|site| format!("http-intake.logs.{site}"))
        .collect();
    json!({
        "name": "datadog",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Datadog: logs",
        "license": "MIT OR Apache-2.0",
        "callbacks": [{
            "name": "datadog",
            "title": "Datadog logs",
            "docs": "https://docs.datadoghq.com/api/latest/logs/#send-logs",
            "max_batch": 1000,
            "base_url": "https://http-intake.logs.datadoghq.com",
            "base_url_env": ["DD_BASE_URL"],
            "hosts": hosts,
            "auth": {"scheme": "header", "name": "DD-API-KEY", "secret": "dd_api_key"},
            "secrets": {"dd_api_key": {"env": ["DD_API_KEY"], "required": true, "title": "API key"}},
            "config_schema": {"type": "object", "properties": {
                "dd_site": {"type": "string", "enum": SITES, "x-env": ["DD_SITE"], "description": "Datadog's site; an `api_base` stands in its place"},
                "dd_source": {"type": "string", "default": "litellm", "x-env": ["DD_SOURCE"], "description": "`ddsource` of every line"},
                "dd_service": {"type": "string", "default": "litellm-server", "x-env": ["DD_SERVICE"], "description": "`service` of every line, and its tag"},
                "dd_env": {"type": "string", "default": "unknown", "x-env": ["DD_ENV"], "description": "The tag `env`"},
                "dd_version": {"type": "string", "default": "unknown", "x-env": ["DD_VERSION"], "description": "The tag `version`"},
                "dd_hostname": {"type": "string", "default": "", "x-env": ["HOSTNAME"], "description": "`hostname` of every line, and its tag"},
                "dd_pod_name": {"type": "string", "default": "unknown", "x-env": ["POD_NAME"], "description": "The tag `POD_NAME`"}
            }}
        }],
        "examples": [example()]
    })
}

fn example() -> Value {
    json!({
        "name": "a call is a line",
        "callback": "datadog",
        "config": {"dd_site": "us5.datadoghq.com"},
        "records": [{"id": "r", "litellm_call_id": "c", "status": "success", "startTime": 1.0, "endTime": 2.0}],
        "fetches": [{"method": "POST", "url": "https://http-intake.logs.us5.datadoghq.com/api/v2/logs", "status": 202, "reply": {}}],
        "expect": {}
    })
}

//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const LACKS: [&str; 12] = [
    "audio",
    "modalities",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "service_tier",
    "store",
    "thinking",
    "verbosity",
    "web_search_options",
    "moderation",
];

pub fn document() -> Value {
    let text = || json!({"type": "string"});
    json!({
        "name": "sap",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "SAP generative AI hub: chat and embeddings through the orchestration service",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "sap",
            "title": "SAP Generative AI Hub",
            "base_url_env": ["AICORE_BASE_URL"],
            "hosts": ["*.hana.ondemand.com"],
            "auth": {"scheme": "oauth2"},
            "secrets": {
                "client_id": {"env": ["AICORE_CLIENT_ID"], "required": false, "title": "`clientid` of the service key"},
                "client_secret": {"env": ["AICORE_CLIENT_SECRET"], "required": false, "title": "`clientsecret` of the service key"}
            },
            "operations": {
                "chat": {"stream": true, "unsupported": LACKS, "ignored": ["stream_options", "user"]},
                "embeddings": {"ignored": ["user"]}
            },
            "errors": {"message": "/error/message", "code": "/error/code"},
            "models": ["gpt-5", "anthropic--claude-4.5-sonnet", "gemini-2.5-pro", "text-embedding-3-small"],
            "config_schema": {"type": "object", "properties": {
                "deployment_id": text(), "model_version": text(),
                "resource_group": {"type": "string", "x-env": ["AICORE_RESOURCE_GROUP"]},
                "aicore_auth_url": {"type": "string", "x-env": ["AICORE_AUTH_URL"]}}},
            "verified": false,
            "docs": "https://help.sap.com/docs/sap-ai-core/generative-ai/orchestration-workflow-v2"
        }],
        "examples": [example()]
    })
}

fn example() -> Value {
    let result = json!({"id": "c1", "object": "chat.completion", "created": 5, "model": "gpt-5",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}});
    json!({
        "name": "looks for a deployment and asks it",
        "provider": "sap", "operation": "chat", "model": "gpt-5",
        "context": {"base_url": "https://api.ai.test.hana.ondemand.com"},
        "body": {"model": "gpt-5", "temperature": 0.5, "messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        "exchanges": [{
            "request": {"method": "GET", "url": "/v2/lm/deployments?scenarioId=orchestration&status=RUNNING",
                "headers": {"ai-resource-group": "default"}},
            "reply": {"status": 200, "body": {"json": {"count": 2, "resources": [
                {"id": "d1", "createdAt": "2026-01-01T00:00:00Z"}, {"id": "d2", "createdAt": "2026-02-01T00:00:00Z"}]}}}
        }, {
            "request": {"method": "POST", "url": "/v2/inference/deployments/d2/v2/completion", "body": {
                "config": {"modules": {"prompt_templating": {
                    "prompt": {"template": [{"role": "user", "content": "Hi"}]},
                    "model": {"name": "gpt-5", "version": "latest", "params": {"temperature": 0.5}}}}},
                "messages_history": [{"role": "system", "content": "Be brief."}]}},
            "reply": {"status": 200, "body": {"json": {"request_id": "r", "intermediate_results": {}, "final_result": result}}}
        }],
        "expect": {"response": result}
    })
}

//! What the plugin says of itself.

use sluice_sdk::chat::CACHE_MARKS;
use sluice_sdk::serde_json::{Value, json};
use sluice_wire::anthropic;

/// Parameters that reasoning models refuse, as at OpenAI.
const REASONING_REFUSES: [&str; 7] = [
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
];

const CLAUDE: [&str; 1] = ["*claude*"];

pub fn document() -> Value {
    json!({
        "name": "azure",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Azure OpenAI and Azure AI Foundry: chat, responses, messages, embeddings, rerank, images, audio",
        "license": "MIT OR Apache-2.0",
        "providers": [azure(), foundry()],
        "examples": [by_deployment(), by_models()]
    })
}

fn azure() -> Value {
    json!({
        "name": "azure",
        "aliases": ["azure_text"],
        "title": "Azure OpenAI",
        "base_url_env": ["AZURE_API_BASE"],
        "auth": {"scheme": "header", "name": "api-key", "secret": "api_key"},
        "secrets": secrets(&["AZURE_API_KEY", "AZURE_OPENAI_API_KEY"]),
        "operations": {
            "chat": {"stream": true, "body": "head", "unsupported": ["thinking"], "ignored": CACHE_MARKS, "models": reasoning()},
            "completions": {"stream": true, "body": "head"},
            "embeddings": {"body": "head"},
            "responses": {"stream": true, "body": "head", "ignored": CACHE_MARKS},
            "responses.get": {}, "responses.delete": {},
            "responses.cancel": {}, "responses.input_items": {},
            "images.generate": {"body": "head"},
            "images.edit": {},
            "audio.speech": {"stream": true, "body": "head"},
            "audio.transcribe": {"stream": true}, "audio.translate": {},
            "files.create": {}, "files.get": {}, "files.content": {}, "files.delete": {},
            "batches.create": {}, "batches.get": {}, "batches.cancel": {},
            "realtime": {"body": "head"},
            "models": {}
        },
        "errors": errors(),
        "rate_limit_headers": rate_limits(),
        "config_schema": {"type": "object", "properties": {
            "api_version": {"type": "string", "x-env": ["AZURE_API_VERSION"]},
            "azure_scope": {"type": "string", "x-env": ["AZURE_SCOPE"]},
            "azure_authority_host": {"type": "string"}, "azure_certificate_path": {"type": "string"},
            "base_model": {"type": "string"}
        }},
        "verified": true,
        "docs": "https://learn.microsoft.com/azure/ai-foundry/openai/reference"
    })
}

fn foundry() -> Value {
    let mut models = reasoning();
    models.extend([
        json!({"match": CLAUDE, "supported": ["thinking"]}),
        json!({"match": CLAUDE, "supported": CACHE_MARKS}),
        json!({"match": CLAUDE, "unsupported": anthropic::UNSUPPORTED, "ignored": ["stream_options", "service_tier"]}),
    ]);
    for (patterns, lacks) in [
        (
            &anthropic::models::patterns::NO_SAMPLING[..],
            &["temperature", "top_p", "top_k"][..],
        ),
        (
            &anthropic::models::patterns::NO_THINKING[..],
            &["reasoning_effort", "thinking"][..],
        ),
    ] {
        models.push(json!({"match": patterns, "unsupported": lacks}));
    }
    json!({
        "name": "azure_ai",
        "title": "Azure AI Foundry",
        "base_url_env": ["AZURE_AI_API_BASE"],
        "auth": {"scheme": "header", "name": "api-key", "secret": "api_key"},
        "secrets": secrets(&["AZURE_AI_API_KEY"]),
        "operations": {
            "chat": {"stream": true, "unsupported": ["thinking"], "ignored": CACHE_MARKS, "models": models},
            "messages": {"stream": true, "body": "head"},
            "count-tokens": {"body": "head"},
            "count-chat": {},
            "embeddings": {"body": "head"},
            "rerank": {"body": "head"},
            "responses": {"stream": true, "body": "head", "ignored": CACHE_MARKS},
            "responses.get": {}, "responses.delete": {},
            "responses.cancel": {}, "responses.input_items": {},
            "images.generate": {"body": "head"},
            "images.edit": {},
            "audio.transcribe": {"stream": true},
            "models": {}
        },
        "errors": errors(),
        "rate_limit_headers": rate_limits(),
        "config_schema": {"type": "object", "properties": {
            "api_version": {"type": "string"},
            "azure_scope": {"type": "string", "x-env": ["AZURE_SCOPE"]},
            "azure_authority_host": {"type": "string"}, "azure_certificate_path": {"type": "string"}
        }},
        "verified": true,
        "docs": "https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints"
    })
}

fn secrets(keys: &[&str]) -> Value {
    json!({
        "api_key": {"env": keys, "title": "API key"},
        "azure_ad_token": {"env": ["AZURE_AD_TOKEN"], "title": "Token of Entra ID"},
        "tenant_id": {"env": ["AZURE_TENANT_ID"]},
        "client_id": {"env": ["AZURE_CLIENT_ID"]},
        "client_secret": {"env": ["AZURE_CLIENT_SECRET"]},
        "azure_username": {"env": ["AZURE_USERNAME"]},
        "azure_password": {"env": ["AZURE_PASSWORD"]}
    })
}

/// From 5.1 on sampling is taken while `reasoning_effort` is `none`: the API has the last word.
fn reasoning() -> Vec<Value> {
    vec![
        json!({"match": ["o1*", "o3*", "o4*", "gpt-5*", "gpt-6*", "o_series/*", "gpt5_series/*"], "unsupported": REASONING_REFUSES}),
        json!({"match": ["gpt-5*", "gpt-6*"], "unsupported": ["stop"]}),
        json!({"match": ["gpt-5.*", "gpt-6*"], "supported": REASONING_REFUSES}),
        json!({"match": ["gpt-5*chat*"], "supported": REASONING_REFUSES}),
        json!({"match": ["gpt-5*chat*"], "supported": ["stop"]}),
    ]
}

fn errors() -> Value {
    let code =
        |code: &str, kind: &str| json!({"pointer": "/error/code", "equals": code, "kind": kind});
    let says = |words: &str, kind: &str| json!({"pointer": "/error/message", "contains": words, "kind": kind});
    json!({
        "message": "/error/message", "type": "/error/type", "code": "/error/code", "param": "/error/param",
        "kinds": [
            {"pointer": "/error/innererror/code", "equals": "ResponsibleAIPolicyViolation", "kind": "content-policy"},
            code("content_filter", "content-policy"),
            code("content_policy_violation", "content-policy"),
            code("contentFilter", "content-policy"),
            code("moderation_blocked", "content-policy"),
            code("invalid_prompt", "content-policy"),
            says("content management policy", "content-policy"),
            code("context_length_exceeded", "context-window"),
            says("maximum context length", "context-window"),
            code("insufficient_quota", "quota"),
            code("DeploymentNotFound", "not-found"),
            code("unknown_model", "not-found"),
            code("RateLimitReached", "rate-limit"),
            code("too_many_requests", "rate-limit"),
            code("NoCapacity", "overloaded"),
            code("PermissionDenied", "permission"),
            code("invalid_api_key", "authentication")
        ]
    })
}

fn rate_limits() -> Value {
    json!({
        "limit_requests": "x-ratelimit-limit-requests", "remaining_requests": "x-ratelimit-remaining-requests",
        "reset_requests": "x-ratelimit-reset-requests", "limit_tokens": "x-ratelimit-limit-tokens",
        "remaining_tokens": "x-ratelimit-remaining-tokens", "reset_tokens": "x-ratelimit-reset-tokens"
    })
}

fn by_deployment() -> Value {
    json!({
        "name": "asks a deployment for usage and relays the stream",
        "provider": "azure", "operation": "chat", "model": "gpt-4o", "streaming": true, "secrets": ["api_key"],
        "context": {"base_url": "https://r.openai.azure.com"},
        "body": {"model": "gpt-4o", "messages": [], "stream": true},
        "exchanges": [{
            "request": {"method": "POST", "url": "/openai/deployments/gpt-4o/chat/completions?api-version=2025-02-01-preview",
                "body": {"model": "gpt-4o", "messages": [], "stream": true, "stream_options": {"include_usage": true}}},
            "reply": {"status": 200}
        }],
        "expect": {"relayed": true}
    })
}

fn by_models() -> Value {
    json!({
        "name": "asks a model of Foundry",
        "provider": "azure_ai", "operation": "chat", "model": "mistral-large", "secrets": ["api_key"],
        "context": {"base_url": "https://r.services.ai.azure.com"},
        "body": {"model": "mistral-large", "messages": []},
        "exchanges": [{
            "request": {"method": "POST", "url": "/models/chat/completions?api-version=2024-05-01-preview",
                "headers": {"extra-parameters": "pass-through"}, "body": {"model": "mistral-large", "messages": []}},
            "reply": {"status": 200}
        }],
        "expect": {"relayed": true}
    })
}

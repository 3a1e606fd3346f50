//! What the plugin says of itself.

use sluice_sdk::chat::CACHE_MARKS;
use sluice_sdk::serde_json::{Value, json};

/// Parameters that reasoning models refuse (OpenAI API reference, November 2026).
const REASONING_REFUSES: [&str; 7] = [
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
];

pub fn document() -> Value {
    // From 5.1 on sampling is taken while `reasoning_effort` is `none`, its default there: the API
    // has the last word. `stop` was seen accepted by o3-mini and refused by gpt-5-mini and 5.6.
    // LiteLLM keeps efforts from models that do not reason, and the first small ones from being told
    // about parallel calls; the API refuses both.
    let reasoning = json!([
        {"match": ["gpt-3.5*", "gpt-4*", "chatgpt-4o*", "ft:gpt-3.5*", "ft:gpt-4*"], "unsupported": ["reasoning_effort"]},
        {"match": ["o1*", "o3-mini*"], "unsupported": ["parallel_tool_calls"]},
        {"match": ["o1*", "o3*", "o4*", "gpt-5*", "gpt-6*", "ft:o*", "ft:gpt-5*"], "unsupported": REASONING_REFUSES},
        {"match": ["gpt-5*", "gpt-6*", "ft:gpt-5*"], "unsupported": ["stop"]},
        {"match": ["gpt-5.*", "gpt-6*"], "supported": REASONING_REFUSES},
        {"match": ["gpt-5*chat*"], "supported": REASONING_REFUSES},
        {"match": ["gpt-5*chat*"], "supported": ["stop"]}
    ]);
    json!({
        "name": "openai",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "OpenAI: chat, completions, embeddings, responses, moderations, images, speech, transcriptions, files, batches, realtime sessions",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "openai",
            "title": "OpenAI",
            "base_url": "https://api.openai.com/v1",
            "base_url_env": ["OPENAI_BASE_URL", "OPENAI_API_BASE"],
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["OPENAI_API_KEY"], "required": true, "title": "API key"}},
            "operations": {
                "chat": {"stream": true, "body": "head", "unsupported": ["thinking"], "ignored": CACHE_MARKS, "models": reasoning},
                "completions": {"stream": true, "body": "head"},
                "embeddings": {"body": "head"},
                "responses": {"stream": true, "body": "head", "ignored": CACHE_MARKS},
                "responses.get": {}, "responses.delete": {},
                "responses.cancel": {}, "responses.input_items": {},
                "count-response": {"body": "head"},
                "moderations": {"body": "head"},
                "images.generate": {"body": "head"},
                "images.edit": {}, "images.vary": {},
                "audio.speech": {"stream": true, "body": "head"},
                "audio.transcribe": {"stream": true}, "audio.translate": {},
                "files.create": {}, "files.get": {}, "files.content": {}, "files.delete": {},
                "batches.create": {}, "batches.get": {}, "batches.cancel": {},
                "realtime": {"body": "head"},
                "models": {}
            },
            "errors": {
                "message": "/error/message", "type": "/error/type", "code": "/error/code", "param": "/error/param",
                "kinds": [
                    {"pointer": "/error/code", "equals": "context_length_exceeded", "kind": "context-window"},
                    {"pointer": "/error/message", "contains": "maximum context length", "kind": "context-window"},
                    {"pointer": "/error/code", "equals": "content_policy_violation", "kind": "content-policy"},
                    {"pointer": "/error/code", "equals": "content_filter", "kind": "content-policy"},
                    {"pointer": "/error/code", "equals": "invalid_prompt", "kind": "content-policy"},
                    {"pointer": "/error/code", "equals": "moderation_blocked", "kind": "content-policy"},
                    {"pointer": "/error/code", "equals": "insufficient_quota", "kind": "quota"},
                    {"pointer": "/error/type", "equals": "insufficient_quota", "kind": "quota"},
                    {"pointer": "/error/code", "equals": "billing_hard_limit_reached", "kind": "quota"},
                    {"pointer": "/error/code", "equals": "rate_limit_exceeded", "kind": "rate-limit"},
                    {"pointer": "/error/code", "equals": "invalid_api_key", "kind": "authentication"},
                    {"pointer": "/error/code", "equals": "model_not_found", "kind": "not-found"},
                    {"pointer": "/error/code", "equals": "account_deactivated", "kind": "authentication"},
                    {"pointer": "/error/message", "contains": "Incorrect API key provided", "kind": "authentication"}
                ]
            },
            "rate_limit_headers": {
                "limit_requests": "x-ratelimit-limit-requests", "remaining_requests": "x-ratelimit-remaining-requests",
                "reset_requests": "x-ratelimit-reset-requests", "limit_tokens": "x-ratelimit-limit-tokens",
                "remaining_tokens": "x-ratelimit-remaining-tokens", "reset_tokens": "x-ratelimit-reset-tokens"
            },
            "config_schema": {"type": "object", "properties": {
                "organization": {"type": "string", "x-env": ["OPENAI_ORGANIZATION", "OPENAI_ORG_ID"]},
                "project": {"type": "string", "x-env": ["OPENAI_PROJECT_ID"]}}},
            "verified": true,
            "docs": "https://platform.openai.com/docs/api-reference"
        }],
        "examples": [
            {
                "name": "asks for usage and relays the stream",
                "provider": "openai", "operation": "chat", "model": "o3-mini", "streaming": true,
                "body": {"model": "o3-mini", "messages": [], "stream": true, "max_tokens": 5},
                "exchanges": [{
                    "request": {"method": "POST", "url": "/chat/completions", "body": {
                        "model": "o3-mini", "messages": [], "stream": true,
                        "stream_options": {"include_usage": true}, "max_completion_tokens": 5
                    }},
                    "reply": {"status": 200}
                }],
                "expect": {"relayed": true}
            },
            {
                "name": "sends responses as they are",
                "provider": "openai", "operation": "responses", "model": "gpt-5", "streaming": true,
                "body": {"model": "gpt-5", "input": "hi", "stream": true, "max_output_tokens": 5},
                "exchanges": [{
                    "request": {"method": "POST", "url": "/responses", "body":
                        {"model": "gpt-5", "input": "hi", "stream": true, "max_output_tokens": 5}},
                    "reply": {"status": 200}
                }],
                "expect": {"relayed": true}
            }
        ]
    })
}

//! What the plugin says of itself: the table, as the host wants it.

use sluice_sdk::serde_json::{Map, Value, json};

use crate::rows::{self, Row};

pub fn document() -> Value {
    json!({
        "name": "openai_compatible",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Every OpenAI-compatible provider, from a table",
        "license": "MIT OR Apache-2.0",
        "providers": rows::all().iter().map(provider).collect::<Vec<_>>(),
        "examples": [example()]
    })
}

fn provider(row: &Row) -> Value {
    let mut operations = Map::new();
    let listed = row
        .operations
        .clone()
        .unwrap_or_else(|| vec!["chat".into()]);
    for name in listed.iter().map(String::as_str).chain(["models"]) {
        let operation = match name {
            "chat" => {
                json!({"stream": true, "body": "head", "unsupported": row.unsupported, "ignored": row.ignored, "models": row.models})
            }
            "completions" => json!({"stream": true, "body": "head"}),
            _ => json!({"body": "head"}),
        };
        operations.insert(name.to_owned(), operation);
    }
    let mut provider = json!({
        "name": row.name,
        "title": row.title,
        "base_url_env": row.base_url_env,
        "auth": row.auth.clone().unwrap_or_else(|| json!({"scheme": "bearer", "secret": "api_key"})),
        "secrets": {"api_key": {"env": row.env, "required": !row.key_optional, "title": "API key"}},
        "operations": operations,
        "errors": {
            "message": "/error/message", "type": "/error/type", "code": "/error/code", "param": "/error/param",
            "kinds": [
                {"pointer": "/error/code", "equals": "context_length_exceeded", "kind": "context-window"},
                {"pointer": "/error/code", "equals": "invalid_api_key", "kind": "authentication"},
                {"pointer": "/error/code", "equals": "model_not_found", "kind": "not-found"},
                {"pointer": "/error/code", "equals": "insufficient_quota", "kind": "quota"},
                {"pointer": "/error/code", "equals": "rate_limit_exceeded", "kind": "rate-limit"},
                {"pointer": "/error/code", "equals": "content_filter", "kind": "content-policy"}
            ]
        },
        "rate_limit_headers": {
            "limit_requests": "x-ratelimit-limit-requests", "remaining_requests": "x-ratelimit-remaining-requests",
            "limit_tokens": "x-ratelimit-limit-tokens", "remaining_tokens": "x-ratelimit-remaining-tokens"
        },
        "verified": row.verified
    });
    if let (Some(base), Some(members)) = (&row.base_url, provider.as_object_mut()) {
        members.insert("base_url".into(), base.as_str().into());
    }
    if let Some(members) = provider.as_object_mut().filter(|_| !row.docs.is_empty()) {
        members.insert("docs".into(), row.docs.as_str().into());
    }
    provider
}

fn example() -> Value {
    json!({
        "name": "renames what the provider calls otherwise",
        "provider": "groq", "operation": "chat", "model": "llama", "secrets": ["api_key"],
        "body": {"model": "llama", "messages": [], "max_completion_tokens": 7},
        "exchanges": [{
            "request": {"method": "POST", "url": "/chat/completions", "body": {"model": "llama", "messages": [], "max_tokens": 7}},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                "choices": [{"index": 0, "finish_reason": "eos", "message": {"role": "assistant", "content": "hi", "reasoning": "hm", "tool_calls": []}}]}}}
        }],
        "expect": {"response": {"choices": [{"index": 0, "finish_reason": "stop",
            "provider_specific_fields": {"native_finish_reason": "eos"},
            "message": {"role": "assistant", "content": "hi", "reasoning": "hm", "reasoning_content": "hm"}}]}}
    })
}

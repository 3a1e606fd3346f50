//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const LACKS: [&str; 21] = [
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "reasoning_effort",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "thinking",
    "top_logprobs",
    "verbosity",
    "web_search_options",
    "prompt_cache_retention",
];

pub fn document() -> Value {
    json!({
        "name": "gigachat",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "GigaChat: chat with functions, embeddings, models",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "gigachat",
            "title": "GigaChat",
            "base_url": "https://gigachat.devices.sberbank.ru/api/v1",
            "base_url_env": ["GIGACHAT_API_BASE", "GIGACHAT_BASE_URL"],
            "hosts": ["ngw.devices.sberbank.ru:9443"],
            "auth": {"scheme": "bearer", "secret": "access_token"},
            "secrets": {
                "api_key": {"env": ["GIGACHAT_CREDENTIALS", "GIGACHAT_API_KEY"], "required": false, "title": "Authorisation key"},
                "access_token": {"env": ["GIGACHAT_ACCESS_TOKEN"], "required": false, "title": "A token that is there already"}
            },
            "operations": {
                "chat": {"stream": true, "unsupported": LACKS, "ignored": ["stream_options", "user"]},
                "embeddings": {"unsupported": ["dimensions"], "ignored": ["user"]},
                "models": {}
            },
            "errors": {"message": "/message", "code": "/code"},
            "models": ["GigaChat-2", "GigaChat-2-Pro", "GigaChat-2-Max", "Embeddings"],
            "config_schema": {"type": "object", "properties": {
                "gigachat_scope": {"type": "string", "x-env": ["GIGACHAT_SCOPE"]},
                "gigachat_auth_url": {"type": "string", "x-env": ["GIGACHAT_AUTH_URL"],
                    "description": "on the token host or on that of the deployment"}}},
            "verified": true,
            "docs": "https://developers.sber.ru/docs/ru/gigachat/api/reference/rest/gigachat-api"
        }],
        "examples": [example()]
    })
}

fn example() -> Value {
    let function = json!({"name": "weather", "parameters": {"type": "object", "properties": {}}});
    json!({
        "name": "a function call is a tool call",
        "provider": "gigachat", "operation": "chat", "model": "GigaChat-2", "secrets": ["access_token"],
        "body": {"model": "GigaChat-2", "messages": [{"role": "user", "content": "Hi"}],
            "tools": [{"type": "function", "function": {"name": "weather"}}], "tool_choice": "auto"},
        "exchanges": [{
            "request": {"method": "POST", "url": "/chat/completions", "body": {
                "model": "GigaChat-2", "messages": [{"role": "user", "content": "Hi"}],
                "functions": [function], "function_call": "auto"}},
            "reply": {"status": 200, "body": {"json": {"created": 5, "model": "GigaChat-2:1", "object": "chat.completion",
                "choices": [{"index": 0, "finish_reason": "function_call", "message": {"role": "assistant", "content": "",
                    "functions_state_id": "77d3fb14-457a-46ba-937e-8d856156d003",
                    "function_call": {"name": "weather", "arguments": {"city": "Oslo"}}}}],
                "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "precached_prompt_tokens": 2}}}}
        }],
        "expect": {"response": {"created": 5, "model": "GigaChat-2:1",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "",
                "tool_calls": [{"id": "77d3fb14-457a-46ba-937e-8d856156d003", "type": "function",
                    "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12, "prompt_tokens_details": {"cached_tokens": 2}}}}
    })
}

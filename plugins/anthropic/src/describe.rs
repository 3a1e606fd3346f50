//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};
use sluice_wire::anthropic::UNSUPPORTED;
use sluice_wire::anthropic::models::patterns;

pub fn document() -> Value {
    json!({
        "name": "anthropic",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Anthropic Messages: chat, native messages, token counts, files, batches, models",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "anthropic",
            "title": "Anthropic",
            "base_url": "https://api.anthropic.com",
            "base_url_env": ["ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"],
            "auth": {"scheme": "header", "name": "x-api-key", "secret": "api_key"},
            "secrets": {
                "api_key": {"env": ["ANTHROPIC_API_KEY"], "required": true, "title": "API key"},
                "auth_token": {"env": ["ANTHROPIC_AUTH_TOKEN"], "title": "OAuth token"}
            },
            "operations": {
                "chat": {"stream": true, "unsupported": UNSUPPORTED, "ignored": ["stream_options"], "models": [
                    {"match": patterns::NO_SAMPLING, "unsupported": ["temperature", "top_p", "top_k"]},
                    {"match": patterns::NO_THINKING, "unsupported": ["reasoning_effort", "thinking"]}
                ]},
                "messages": {"stream": true, "body": "head"},
                "count-tokens": {"body": "head"},
                "count-chat": {},
                "files.create": {}, "files.get": {}, "files.content": {}, "files.delete": {},
                "batches.lines": {}, "batches.create": {}, "batches.get": {}, "batches.cancel": {},
                "models": {}
            },
            "errors": {"message": "/error/message", "type": "/error/type"},
            "rate_limit_headers": {
                "limit_requests": "anthropic-ratelimit-requests-limit",
                "remaining_requests": "anthropic-ratelimit-requests-remaining",
                "reset_requests": "anthropic-ratelimit-requests-reset",
                "limit_tokens": "anthropic-ratelimit-tokens-limit",
                "remaining_tokens": "anthropic-ratelimit-tokens-remaining",
                "reset_tokens": "anthropic-ratelimit-tokens-reset"
            },
            "models": ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-4-6", "claude-sonnet-4-6",
                "claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5"],
            "verified": true,
            "docs": "https://docs.anthropic.com/en/api/messages"
        }],
        "examples": [example()]
    })
}

fn example() -> Value {
    json!({
        "name": "translates a chat with a system message",
        "provider": "anthropic", "operation": "chat", "model": "claude-sonnet-4-5",
        "body": {"model": "claude-sonnet-4-5", "max_tokens": 10, "messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        "exchanges": [{
            "request": {"method": "POST", "url": "/v1/messages", "headers": {"anthropic-version": "2023-06-01"},
                "body": {"model": "claude-sonnet-4-5", "system": [{"type": "text", "text": "Be brief."}],
                    "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "max_tokens": 10}},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
                "content": [{"type": "text", "text": "Hello!"}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 9, "output_tokens": 4}}}}
        }],
        "expect": {"response": {
            "id": "msg_1", "model": "claude-sonnet-4-5",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13,
                "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0, "cache_creation_tokens": 0, "text_tokens": 9},
                "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
        }}
    })
}

//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const UNSUPPORTED: [&str; 21] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "response_format",
    "safety_identifier",
    "service_tier",
    "store",
    "thinking",
    "tool_choice",
    "tools",
    "top_logprobs",
    "web_search_options",
];

/// What only OpenAI's models at Replicate take.
const OPENAIS: [&str; 2] = ["frequency_penalty", "presence_penalty"];
const OTHERS_LACK: [&str; 2] = ["reasoning_effort", "verbosity"];

pub fn document() -> Value {
    let unsupported: Vec<&str> = UNSUPPORTED.into_iter().chain(OTHERS_LACK).collect();
    let openais: Vec<&str> = OPENAIS.into_iter().chain(OTHERS_LACK).collect();
    json!({
        "name": "replicate",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Replicate's predictions: chat and images",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "replicate",
            "title": "Replicate",
            "base_url": "https://api.replicate.com/v1",
            "base_url_env": ["REPLICATE_API_BASE"],
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["REPLICATE_API_KEY", "REPLICATE_API_TOKEN"], "required": true, "title": "API token"}},
            "operations": {
                "chat": {"unsupported": unsupported, "ignored": ["user", "stream_options"],
                    "models": [{"match": ["openai/*"], "supported": openais}]},
                "images.generate": {"ignored": ["user"]}
            },
            "errors": {"message": "/detail", "type": "/title"},
            "rate_limit_headers": {"remaining_requests": "ratelimit-remaining", "reset_requests": "ratelimit-reset"},
            "models": ["meta/meta-llama-3-70b-instruct", "openai/gpt-4o", "black-forest-labs/flux-schnell"],
            "config_schema": {"type": "object", "properties": {
                "replicate_messages": {"type": "boolean", "description": "the model takes `messages`; without it OpenAI's models do, and others get a prompt"}}},
            "verified": true,
            "docs": "https://replicate.com/docs/reference/http"
        }],
        "examples": [{
            "name": "looks at a prediction until it succeeded",
            "provider": "replicate", "operation": "chat", "model": "meta/meta-llama-3-8b-instruct",
            "body": {"model": "meta/meta-llama-3-8b-instruct", "max_tokens": 10, "messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
            "exchanges": [
                {"request": {"method": "POST", "url": "/models/meta/meta-llama-3-8b-instruct/predictions", "body": {
                    "input": {"prompt": "Hi", "system_prompt": "Be brief.", "max_tokens": 10}}},
                "reply": {"status": 201, "body": {"json": {"id": "p1", "status": "starting", "output": null}}}},
                {"request": {"method": "GET", "url": "/predictions/p1"},
                "reply": {"status": 200, "body": {"json": {"id": "p1", "status": "succeeded", "output": ["Hel", "lo!"],
                    "metrics": {"input_token_count": 14, "output_token_count": 3}}}}}
            ],
            "expect": {"response": {"id": "p1",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 14, "completion_tokens": 3, "total_tokens": 17}}}
        }]
    })
}

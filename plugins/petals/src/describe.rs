//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const CHAT_LACKS: [&str; 27] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "modalities",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "thinking",
    "tool_choice",
    "tools",
    "top_logprobs",
    "verbosity",
    "web_search_options",
];

const TEXT_LACKS: [&str; 10] = [
    "best_of",
    "echo",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "n",
    "presence_penalty",
    "seed",
    "stop",
    "suffix",
];

const IGNORED: [&str; 2] = ["stream_options", "user"];

pub fn document() -> Value {
    json!({
        "name": "petals",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Petals: texts from a swarm of machines",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "petals",
            "title": "Petals",
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"required": false, "title": "Key of a proxy before the server"}},
            "operations": {
                "chat": {"unsupported": CHAT_LACKS, "ignored": IGNORED},
                "completions": {"unsupported": TEXT_LACKS, "ignored": IGNORED}
            },
            "errors": {"message": "/traceback"},
            "config_schema": {"type": "object"},
            "verified": false,
            "docs": "https://github.com/petals-infra/chat.petals.dev#post-apiv1generate"
        }],
        "examples": [{
            "name": "reads what the swarm says",
            "provider": "petals", "operation": "chat", "model": "petals-team/StableBeluga2",
            "body": {"model": "petals-team/StableBeluga2", "messages": [{"role": "user", "content": "Hi"}]},
            "exchanges": [{
                "request": {"method": "POST", "url": "/api/v1/generate"},
                "reply": {"status": 200, "body": {"json": {"ok": true, "outputs": "Hello!"}}}
            }],
            "expect": {"response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}]}}
        }]
    })
}

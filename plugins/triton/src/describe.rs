//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const CHAT_LACKS: [&str; 24] = [
    "audio",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
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

const TEXT_LACKS: [&str; 8] = [
    "best_of",
    "echo",
    "logit_bias",
    "logprobs",
    "n",
    "seed",
    "stop",
    "suffix",
];

const IGNORED: [&str; 2] = ["stream_options", "user"];

pub fn document() -> Value {
    json!({
        "name": "triton",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "NVIDIA Triton Inference Server: texts by `generate` and `infer`, vectors by `infer`",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "triton",
            "title": "Triton Inference Server",
            "base_url_env": ["TRITON_API_BASE"],
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["TRITON_API_KEY"], "required": false, "title": "Key of a proxy before the server"}},
            "operations": {
                "chat": {"stream": true, "unsupported": CHAT_LACKS, "ignored": IGNORED},
                "completions": {"stream": true, "unsupported": TEXT_LACKS, "ignored": IGNORED},
                "embeddings": {"unsupported": ["dimensions"], "ignored": ["user"]}
            },
            "errors": {"message": "/error"},
            "config_schema": {"type": "object"},
            "verified": false,
            "docs": "https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_generate.html"
        }],
        "examples": [{
            "name": "asks a model by its name",
            "provider": "triton", "operation": "chat", "model": "ensemble",
            "body": {"model": "ensemble", "max_tokens": 9, "temperature": 0.5, "messages": [{"role": "user", "content": "Hi"}]},
            "exchanges": [{
                "request": {"method": "POST", "url": "/v2/models/ensemble/generate", "body": {
                    "text_input": "Hi", "parameters": {"max_tokens": 9, "temperature": 0.5}, "stream": false}},
                "reply": {"status": 200, "body": {"json": {"model_name": "ensemble", "model_version": "1", "text_output": "Hello!"}}}
            }],
            "expect": {"response": {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}]}}
        }]
    })
}

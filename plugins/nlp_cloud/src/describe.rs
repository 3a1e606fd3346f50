//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const CHAT_LACKS: [&str; 26] = [
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
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "store",
    "thinking",
    "tool_choice",
    "tools",
    "top_logprobs",
    "verbosity",
    "web_search_options",
    "moderation",
];

const TEXT_LACKS: [&str; 9] = [
    "best_of",
    "echo",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "n",
    "presence_penalty",
    "seed",
    "suffix",
];

const IGNORED: [&str; 2] = ["stream_options", "user"];

pub fn document() -> Value {
    json!({
        "name": "nlp_cloud",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "NLP Cloud: texts and chats by its text generation, embeddings",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "nlp_cloud",
            "title": "NLP Cloud",
            "base_url": "https://api.nlpcloud.io/v1/gpu",
            "base_url_env": ["NLP_CLOUD_API_BASE"],
            "auth": {"scheme": "header", "name": "authorization", "prefix": "Token ", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["NLP_CLOUD_API_KEY"], "required": true, "title": "API key"}},
            "operations": {
                "chat": {"unsupported": CHAT_LACKS, "ignored": IGNORED},
                "completions": {"unsupported": TEXT_LACKS, "ignored": IGNORED},
                "embeddings": {"unsupported": ["dimensions"], "ignored": ["user"]}
            },
            "errors": {"message": "/detail"},
            "models": ["chatdolphin", "dolphin", "dolphin-mixtral-8x7b", "paraphrase-multilingual-mpnet-base-v2"],
            "config_schema": {"type": "object"},
            "verified": false,
            "docs": "https://docs.nlpcloud.com"
        }],
        "examples": [{
            "name": "a chat is a text to go on with",
            "provider": "nlp_cloud", "operation": "chat", "model": "dolphin",
            "body": {"model": "dolphin", "max_tokens": 9, "stop": "END", "messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
            "exchanges": [{
                "request": {"method": "POST", "url": "/dolphin/generation", "body": {"text": "Be brief.\n\nHi",
                    "remove_input": true, "length_no_input": true, "max_length": 9, "stop_sequences": ["END"]}},
                "reply": {"status": 200, "body": {"json": {"generated_text": "Hello!", "nb_generated_tokens": 3, "nb_input_tokens": 5}}}
            }],
            "expect": {"response": {
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}}}
        }]
    })
}

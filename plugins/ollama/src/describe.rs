//! What the plugin says of itself.

use sluice_sdk::serde_json::{Map, Value, json};

use crate::options;

/// What no model server of this kind does. `tool_choice` and `parallel_tool_calls` have no
/// counterpart: the model chooses.
const CHAT_LACKS: [&str; 18] = [
    "audio",
    "function_call",
    "functions",
    "logit_bias",
    "modalities",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "tool_choice",
    "verbosity",
    "web_search_options",
];

const TEXT_LACKS: [&str; 4] = ["best_of", "echo", "logit_bias", "n"];

const IGNORED: [&str; 2] = ["stream_options", "user"];

pub fn document() -> Value {
    json!({
        "name": "ollama",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Ollama by its own API: chat, text completions, embeddings, models",
        "license": "MIT OR Apache-2.0",
        "providers": [provider("ollama", "Ollama"), provider("ollama_chat", "Ollama Chat")],
        "examples": [example()]
    })
}

fn provider(name: &str, title: &str) -> Value {
    json!({
        "name": name,
        "title": title,
        "base_url": "http://localhost:11434",
        "base_url_env": ["OLLAMA_API_BASE"],
        "auth": {"scheme": "bearer", "secret": "api_key"},
        "secrets": {"api_key": {"env": ["OLLAMA_API_KEY"], "required": false, "title": "API key, for ollama.com and proxies"}},
        "media": "inline",
        "operations": {
            "chat": {"stream": true, "unsupported": CHAT_LACKS, "ignored": IGNORED},
            "completions": {"stream": true, "unsupported": TEXT_LACKS, "ignored": IGNORED},
            "embeddings": {"ignored": ["user"]},
            "models": {}
        },
        "errors": {"message": "/error"},
        "models": ["llama3.1", "qwen3", "gpt-oss:20b", "nomic-embed-text"],
        "config_schema": {"type": "object", "properties": settings()},
        "verified": true,
        "docs": "https://docs.ollama.com/api"
    })
}

/// Settings of a deployment; a call's own values go before them.
fn settings() -> Map<String, Value> {
    let numbers = options::NUMBERS.iter();
    let mut settings: Map<String, Value> = numbers
        .map(|name| ((*name).to_owned(), json!({"type": "number"})))
        .collect();
    for name in options::SWITCHES {
        settings.insert(name.to_owned(), json!({"type": "boolean"}));
    }
    let keep_alive = json!({"type": ["string", "number"], "description": "how long the model stays loaded: `10m`, seconds, -1 for ever"});
    settings.insert("keep_alive".into(), keep_alive);
    settings.insert(
        "think".into(),
        json!({"type": ["boolean", "string"], "description": "thinking, where the call says nothing of it"}),
    );
    for name in ["system", "template"] {
        settings.insert(
            name.to_owned(),
            json!({"type": "string", "description": "of text completions"}),
        );
    }
    settings
}

fn example() -> Value {
    json!({
        "name": "translates a chat with options",
        "provider": "ollama_chat", "operation": "chat", "model": "llama3.1",
        "body": {"model": "llama3.1", "max_tokens": 64, "temperature": 0.2, "stop": ["END"], "messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        "exchanges": [{
            "request": {"method": "POST", "url": "/api/chat", "body": {
                "model": "llama3.1", "stream": false,
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
                "options": {"num_predict": 64, "stop": ["END"], "temperature": 0.2}}},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                "model": "llama3.1", "created_at": "2026-05-04T22:48:20.1Z",
                "message": {"role": "assistant", "content": "Hello!"}, "done": true, "done_reason": "stop",
                "prompt_eval_count": 14, "eval_count": 3}}}
        }],
        "expect": {"response": {
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 14, "completion_tokens": 3, "total_tokens": 17}
        }}
    })
}

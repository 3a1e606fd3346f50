//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

use crate::thinking;

const CHAT_UNSUPPORTED: [&str; 18] = [
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
    "top_logprobs",
    "verbosity",
    "web_search_options",
];

pub fn document() -> Value {
    json!({
        "name": "cohere",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Cohere: chat, token counts, embeddings, rerank, transcription, models",
        "license": "MIT OR Apache-2.0",
        "providers": [provider("cohere", "Cohere"), provider("cohere_chat", "Cohere, by LiteLLM's name for its chat")],
        "examples": [chat(), rerank()]
    })
}

fn provider(name: &str, title: &str) -> Value {
    json!({
        "name": name,
        "title": title,
        "base_url": "https://api.cohere.com",
        "base_url_env": ["COHERE_API_BASE"],
        "auth": {"scheme": "bearer", "secret": "api_key"},
        "secrets": {"api_key": {"env": ["COHERE_API_KEY", "CO_API_KEY"], "required": true, "title": "API key"}},
        "operations": {
            "chat": {"stream": true, "unsupported": CHAT_UNSUPPORTED, "ignored": ["user", "stream_options"],
                "models": [{"match": thinking::WITHOUT, "unsupported": ["reasoning_effort", "thinking"]}]},
            "count-tokens": {},
            "embeddings": {"ignored": ["user"]},
            "rerank": {"unsupported": ["max_chunks_per_doc"]},
            "audio.transcribe": {"unsupported": ["chunking_strategy", "include", "known_speaker_names", "known_speaker_references",
                "prompt", "timestamp_granularities"], "ignored": ["user"]},
            "models": {}
        },
        "errors": {"message": "/message"},
        "rate_limit_headers": {"limit_requests": "x-trial-endpoint-call-limit", "remaining_requests": "x-trial-endpoint-call-remaining"},
        "models": ["command-a-03-2025", "command-a-reasoning-08-2025", "command-a-vision-07-2025", "command-r7b-12-2024",
            "embed-v4.0", "embed-english-v3.0", "embed-multilingual-v3.0", "rerank-v3.5", "rerank-english-v3.0"],
        "config_schema": {"type": "object", "properties": {
            "language": {"type": "string", "title": "The language of sounds, where the request does not say it"},
            "input_type": {"type": "string", "title": "What embeddings are for, where the request does not say it",
                "enum": ["search_document", "search_query", "classification", "clustering", "image"]}}},
        "verified": true,
        "docs": "https://docs.cohere.com/reference/chat"
    })
}

fn chat() -> Value {
    json!({
        "name": "translates a chat with a system message",
        "provider": "cohere", "operation": "chat", "model": "command-a-03-2025",
        "body": {"model": "command-a-03-2025", "max_tokens": 10, "stop": "END", "messages": [
            {"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        "exchanges": [{
            "request": {"method": "POST", "url": "/v2/chat", "body": {
                "model": "command-a-03-2025", "stream": false, "max_tokens": 10, "stop_sequences": ["END"],
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]}},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                "id": "r1", "finish_reason": "COMPLETE",
                "message": {"role": "assistant", "content": [{"type": "text", "text": "Hello!"}]},
                "usage": {"tokens": {"input_tokens": 5, "output_tokens": 2}, "cached_tokens": 1}}}}
        }],
        "expect": {"response": {
            "id": "r1",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop",
                "provider_specific_fields": {"native_finish_reason": "COMPLETE"}}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 1}, "completion_tokens_details": {"reasoning_tokens": 0}}
        }}
    })
}

fn rerank() -> Value {
    json!({
        "name": "gives documents back that are asked for",
        "provider": "cohere", "operation": "rerank", "model": "rerank-v3.5",
        "body": {"model": "rerank-v3.5", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1, "return_documents": true},
        "exchanges": [{
            "request": {"method": "POST", "url": "/v2/rerank",
                "body": {"model": "rerank-v3.5", "query": "q", "documents": ["a", "b"], "top_n": 1}},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                "id": "r1", "results": [{"index": 1, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}}}
        }],
        "expect": {
            "response": {"id": "r1", "results": [{"index": 1, "relevance_score": 0.9, "document": {"text": "b"}}],
                "meta": {"billed_units": {"search_units": 1}}},
            "usage": {"searches": 1}
        }
    })
}

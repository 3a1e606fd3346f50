//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

pub fn document() -> Value {
    json!({
        "name": "rerankers",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Voyage AI and Jina AI: embeddings, rerank",
        "license": "MIT OR Apache-2.0",
        "providers": [voyage(), jina()],
        "examples": [example("voyage", "voyage-3", "output_dimension"), example("jina_ai", "jina-embeddings-v3", "dimensions")]
    })
}

fn voyage() -> Value {
    json!({
        "name": "voyage",
        "title": "Voyage AI",
        "base_url": "https://api.voyageai.com/v1",
        "base_url_env": ["VOYAGE_API_BASE"],
        "auth": {"scheme": "bearer", "secret": "api_key"},
        "secrets": {"api_key": {"env": ["VOYAGE_API_KEY"], "required": true, "title": "API key"}},
        "operations": {
            "embeddings": {"ignored": ["user"]},
            "rerank": {"unsupported": ["rank_fields", "max_chunks_per_doc", "max_tokens_per_doc"]}
        },
        "errors": {"message": "/detail"},
        "models": ["voyage-4", "voyage-3.5", "voyage-3.5-lite", "voyage-code-3", "voyage-context-3", "voyage-multimodal-3.5", "rerank-2.5", "rerank-2.5-lite"],
        "config_schema": {"type": "object", "properties": {
            "input_type": {"type": "string", "enum": ["query", "document"], "title": "What texts are for, where the request does not say it"},
            "truncation": {"type": "boolean", "title": "Cut texts that are too long"},
            "output_dtype": {"type": "string", "enum": ["float", "int8", "uint8", "binary", "ubinary"], "title": "Kind of numbers"}}},
        "verified": true,
        "docs": "https://docs.voyageai.com/reference/embeddings-api"
    })
}

fn jina() -> Value {
    json!({
        "name": "jina_ai",
        "title": "Jina AI",
        "base_url": "https://api.jina.ai/v1",
        "base_url_env": ["JINA_AI_API_BASE"],
        "auth": {"scheme": "bearer", "secret": "api_key"},
        "secrets": {"api_key": {"env": ["JINA_AI_API_KEY", "JINA_API_KEY", "JINA_AI_TOKEN"], "required": true, "title": "API key"}},
        "operations": {
            "embeddings": {"ignored": ["user"]},
            "rerank": {"unsupported": ["rank_fields", "max_chunks_per_doc", "max_tokens_per_doc"]}
        },
        "errors": {"message": "/detail"},
        "models": ["jina-embeddings-v3", "jina-embeddings-v4", "jina-clip-v2", "jina-reranker-v2-base-multilingual", "jina-reranker-m0"],
        "config_schema": {"type": "object", "properties": {
            "input_type": {"type": "string", "title": "What texts are for, in the words of other providers"},
            "task": {"type": "string", "title": "What texts are for, where the request does not say it"},
            "late_chunking": {"type": "boolean", "title": "Embed the inputs as pieces of one text"},
            "normalized": {"type": "boolean", "title": "Vectors of the length one"}}},
        "verified": false,
        "docs": "https://jina.ai/embeddings"
    })
}

fn example(provider: &str, model: &str, dimensions: &str) -> Value {
    let mut sent = json!({"model": model, "input": ["a", "b"]});
    sent[dimensions] = 256.into();
    json!({
        "name": "embeds two texts",
        "provider": provider, "operation": "embeddings", "model": model,
        "body": {"model": model, "input": ["a", "b"], "dimensions": 256, "encoding_format": "float"},
        "exchanges": [{
            "request": {"method": "POST", "url": "/embeddings", "body": sent},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                "object": "list", "model": model, "usage": {"total_tokens": 2},
                "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}, {"object": "embedding", "index": 1, "embedding": [1.0]}]}}}
        }],
        "expect": {"response": {
            "object": "list", "usage": {"prompt_tokens": 2, "total_tokens": 2},
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}, {"object": "embedding", "index": 1, "embedding": [1.0]}]
        }}
    })
}

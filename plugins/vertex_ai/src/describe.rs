//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};
use sluice_wire::{anthropic, gemini};

use crate::family::patterns;

/// Of every location, and of the services beside the models.
const HOSTS: [&str; 7] = [
    "aiplatform.googleapis.com",
    "*-aiplatform.googleapis.com",
    "aiplatform.*.rep.googleapis.com",
    "discoveryengine.googleapis.com",
    "texttospeech.googleapis.com",
    "speech.googleapis.com",
    "*-speech.googleapis.com",
];

const MISTRAL_LACKS: [&str; 8] = [
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "store",
    "thinking",
    "web_search_options",
    "modalities",
    "audio",
];

const JAMBA_LACKS: [&str; 8] = [
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "parallel_tool_calls",
    "reasoning_effort",
    "thinking",
];

pub fn document() -> Value {
    json!({
        "name": "vertex_ai",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Google Vertex AI: Gemini, Claude and partner models, embeddings, rerank, images, speech, transcription, token counts",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "vertex_ai",
            "aliases": ["vertex_ai_beta"],
            "title": "Google Vertex AI",
            "base_url_env": ["VERTEXAI_API_BASE"],
            "hosts": HOSTS,
            "auth": {"scheme": "google", "secret": "vertex_credentials",
                "scope": "https://www.googleapis.com/auth/cloud-platform"},
            "secrets": {
                "vertex_credentials": {"env": ["VERTEXAI_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"],
                    "title": "Service account: JSON or the path of its file"},
                "vertex_ai_credentials": {},
                "api_key": {"title": "API key of express mode"}
            },
            "media": "inline",
            "operations": {
                "chat": {"stream": true, "unsupported": gemini::UNSUPPORTED, "ignored": gemini::IGNORED, "models": models()},
                "messages": {"stream": true, "body": "head"},
                "generate-content": {"stream": true, "body": "head"},
                "count-tokens": {},
                "count-chat": {},
                "count-contents": {"body": "head"},
                "embeddings": {"ignored": ["user"]},
                "rerank": {},
                "images.generate": {"unsupported": gemini::images::UNSUPPORTED, "ignored": ["user"], "models": pictures()},
                "images.edit": {"unsupported": gemini::images::UNSUPPORTED, "ignored": ["user"], "models": pictures()},
                "audio.speech": {"unsupported": ["instructions"], "ignored": ["user"],
                    "models": [{"match": ["gemini*", "google/gemini*"], "unsupported": gemini::speech::UNSUPPORTED}]},
                "audio.transcribe": {"unsupported": gemini::transcripts::UNSUPPORTED, "ignored": ["user"]}
            },
            "errors": {"message": "/error/message", "type": "/error/status"},
            "models": ["gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-lite", "gemini-3-pro-preview",
                "claude-sonnet-4-5", "claude-opus-4-6", "mistral-medium-3", "meta/llama-3.3-70b-instruct-maas",
                "gemini-embedding-001", "text-embedding-005", "imagen-4.0-generate-001",
                "gemini-2.5-flash-image", "gemini-2.5-flash-tts", "chirp", "chirp_3", "gemini-3.5-transcribe", "semantic-ranker-default-004"],
            "config_schema": {"type": "object", "properties": {
                "vertex_project": {"type": "string", "x-env": ["VERTEXAI_PROJECT"]},
                "vertex_location": {"type": "string", "x-env": ["VERTEXAI_LOCATION", "VERTEX_LOCATION"]},
                "vertex_ai_project": {"type": "string"},
                "vertex_ai_location": {"type": "string"}
            }},
            "verified": true,
            "docs": "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference"
        }],
        "examples": [example()]
    })
}

/// The lists of the provider are those of Google's models; here stand the others'.
fn models() -> Vec<Value> {
    let own = gemini::UNSUPPORTED.iter().chain(&gemini::IGNORED);
    let freed: Vec<&&str> = own.collect();
    let other = |families: &[&str], lacks: &[&str], ignored: &[&str]| {
        [
            json!({"match": families, "supported": freed}),
            json!({"match": families, "unsupported": lacks, "ignored": ignored}),
        ]
    };
    let google = gemini::models::patterns::NO_THINKING;
    let mut rules = vec![
        json!({"match": google, "unsupported": ["reasoning_effort", "thinking"]}),
        json!({"match": gemini::models::patterns::NO_PENALTIES, "unsupported": ["frequency_penalty", "presence_penalty"]}),
        json!({"match": gemini::models::patterns::NO_SAMPLING, "unsupported": ["temperature", "top_p", "top_k"]}),
    ];
    rules.extend(other(
        &patterns::CLAUDE,
        &anthropic::UNSUPPORTED,
        &["stream_options", "service_tier"],
    ));
    rules.extend(other(
        &patterns::OPEN,
        &["thinking", "web_search_options"],
        &["user"],
    ));
    rules.extend(other(
        &patterns::MISTRAL,
        &MISTRAL_LACKS,
        &["user", "stream_options"],
    ));
    rules.extend(other(
        &patterns::JAMBA,
        &JAMBA_LACKS,
        &["user", "stream_options"],
    ));
    rules.push(json!({"match": anthropic::models::patterns::NO_SAMPLING, "unsupported": ["temperature", "top_p", "top_k"]}));
    rules.push(json!({"match": anthropic::models::patterns::NO_THINKING, "unsupported": ["reasoning_effort", "thinking"]}));
    rules
}

fn example() -> Value {
    json!({
        "name": "translates a chat for a regional model",
        "provider": "vertex_ai", "operation": "chat", "model": "gemini-2.5-flash",
        "config": {"vertex_project": "p", "vertex_location": "europe-west4"},
        "body": {"model": "gemini-2.5-flash", "max_tokens": 10, "messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        "exchanges": [{
            "request": {"method": "POST",
                "url": "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p/locations/europe-west4/publishers/google/models/gemini-2.5-flash:generateContent",
                "body": {
                    "systemInstruction": {"parts": [{"text": "Be brief."}]},
                    "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
                    "generationConfig": {"maxOutputTokens": 10}}},
            "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                "candidates": [{"content": {"role": "model", "parts": [{"text": "Hello!"}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7}, "responseId": "r1"}}}
        }],
        "expect": {"response": {
            "id": "r1",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}}
        }}
    })
}

/// What only some models of images can be told.
fn pictures() -> Value {
    json!([{"match": [gemini::images::GEMINIS], "unsupported": gemini::images::GEMINIS_UNSUPPORTED}])
}

//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};
use sluice_wire::gemini::models::patterns;
use sluice_wire::gemini::{IGNORED, UNSUPPORTED, images, speech, transcripts};

pub fn document() -> Value {
    json!({
        "name": "gemini",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Google AI Studio: chat, native generateContent, token counts, embeddings, images, speech, transcription, batches of chats, models",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "gemini",
            "title": "Google AI Studio (Gemini)",
            "base_url": "https://generativelanguage.googleapis.com",
            "base_url_env": ["GEMINI_API_BASE"],
            "auth": {"scheme": "header", "name": "x-goog-api-key", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["GEMINI_API_KEY", "GOOGLE_API_KEY"], "required": true, "title": "API key"}},
            "media": "inline",
            "operations": {
                "chat": {"stream": true, "unsupported": UNSUPPORTED, "ignored": IGNORED, "models": [
                    {"match": patterns::NO_THINKING, "unsupported": ["reasoning_effort", "thinking"]},
                    {"match": patterns::NO_PENALTIES, "unsupported": ["frequency_penalty", "presence_penalty"]},
                    {"match": patterns::NO_SAMPLING, "unsupported": ["temperature", "top_p", "top_k"]}
                ]},
                "count-tokens": {},
                "embeddings": {"ignored": ["user"]},
                "generate-content": {"stream": true, "body": "head"},
                "count-chat": {},
                "count-contents": {"body": "head"},
                "images.generate": {"unsupported": images::UNSUPPORTED, "ignored": ["user"], "models": pictures()},
                "images.edit": {"unsupported": images::UNSUPPORTED, "ignored": ["user"], "models": pictures()},
                "audio.speech": {"unsupported": speech::UNSUPPORTED, "ignored": ["user"]},
                "audio.transcribe": {"unsupported": transcripts::UNSUPPORTED, "ignored": ["user"]},
                "files.get": {}, "files.content": {},
                "batches.lines": {}, "batches.create": {}, "batches.get": {}, "batches.cancel": {},
                "models": {}
            },
            "errors": {"message": "/error/message", "type": "/error/status"},
            "models": ["gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-lite", "gemini-3-pro-preview", "gemini-embedding-001",
                "gemini-2.5-flash-image", "imagen-4.0-generate-001", "gemini-3.8-flash-tts", "gemini-3.5-transcribe"],
            "verified": true,
            "docs": "https://ai.google.dev/api/generate-content"
        }],
        "examples": [{
            "name": "translates a chat with a system message",
            "provider": "gemini", "operation": "chat", "model": "gemini-2.5-flash",
            "body": {"model": "gemini-2.5-flash", "max_tokens": 10, "messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
            "exchanges": [{
                "request": {"method": "POST", "url": "/v1beta/models/gemini-2.5-flash:generateContent", "body": {
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
        }]
    })
}

/// What only some models of images can be told.
fn pictures() -> Value {
    json!([{"match": [images::GEMINIS], "unsupported": images::GEMINIS_UNSUPPORTED}])
}

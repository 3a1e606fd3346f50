//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const LACKS: [&str; 8] = [
    "chunking_strategy",
    "include",
    "include[]",
    "known_speaker_names",
    "known_speaker_references",
    "prompt",
    "stream",
    "temperature",
];

pub fn document() -> Value {
    json!({
        "name": "soniox",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Soniox: transcripts",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "soniox",
            "title": "Soniox",
            "base_url": "https://api.soniox.com",
            "base_url_env": ["SONIOX_API_BASE"],
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["SONIOX_API_KEY"], "required": true, "title": "API key"}},
            "operations": {"audio.transcribe": {"unsupported": LACKS, "ignored": ["user"]}},
            "errors": {"message": "/message", "type": "/error_type"},
            "models": ["stt-async-v4", "stt-async-v3"],
            "config_schema": {"type": "object"},
            "verified": false,
            "docs": "https://soniox.com/docs/stt/async/async-transcription"
        }],
        "examples": [{
            "name": "refuses a call without a sound",
            "provider": "soniox", "operation": "audio.transcribe", "model": "stt-async-v4",
            "body": {"model": "stt-async-v4", "language": "en"},
            "expect": {"error": {"kind": "invalid-request", "message": "`file` is missing: the sound to transcribe"}}
        }]
    })
}

//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

/// What OpenAI's form has and Deepgram has not; `prompt` is `keyterm` there, word by word.
const UNSUPPORTED: [&str; 8] = [
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
        "name": "deepgram",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Deepgram: transcription of recorded sound, speech",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "deepgram",
            "title": "Deepgram",
            "base_url": "https://api.deepgram.com/v1",
            "base_url_env": ["DEEPGRAM_API_BASE"],
            "auth": {"scheme": "header", "name": "authorization", "secret": "api_key", "prefix": "Token "},
            "secrets": {"api_key": {"env": ["DEEPGRAM_API_KEY"], "required": true, "title": "API key"}},
            "operations": {
                "audio.speech": {"unsupported": ["instructions", "speed", "stream_format"], "ignored": ["user"]},
                "audio.transcribe": {"unsupported": UNSUPPORTED, "ignored": ["user"]}},
            "errors": {"message": "/err_msg", "code": "/err_code"},
            "models": ["nova-3", "nova-3-general", "nova-3-medical", "nova-2", "enhanced", "base", "whisper-large", "aura-2-thalia-en"],
            "config_schema": {"type": "object", "properties": {
                "language": {"type": "string", "title": "The language, where the request does not say it"}}},
            "verified": true,
            "docs": "https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded"
        }],
        "examples": [{
            "name": "refuses a request without a file",
            "provider": "deepgram", "operation": "audio.transcribe", "model": "nova-3",
            "body": {"model": "nova-3"},
            "expect": {"error": {"kind": "invalid-request", "message": "`file` is missing: the sound to transcribe"}}
        }]
    })
}

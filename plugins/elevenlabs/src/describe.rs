//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

pub fn document() -> Value {
    json!({
        "name": "elevenlabs",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "ElevenLabs: speech, transcription",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "elevenlabs",
            "title": "ElevenLabs",
            "base_url": "https://api.elevenlabs.io",
            "base_url_env": ["ELEVENLABS_API_BASE"],
            "auth": {"scheme": "header", "name": "xi-api-key", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["ELEVENLABS_API_KEY"], "required": true, "title": "API key"}},
            "operations": {
                "audio.speech": {"unsupported": ["instructions"], "ignored": ["user"]},
                "audio.transcribe": {"ignored": ["user"], "unsupported": ["chunking_strategy", "include", "include[]",
                    "known_speaker_names", "known_speaker_references", "prompt", "stream"]}
            },
            "errors": {"message": "/detail/message", "code": "/detail/status"},
            "models": ["eleven_multilingual_v2", "eleven_turbo_v2_5", "eleven_flash_v2_5", "eleven_v3", "scribe_v1", "scribe_v2"],
            "config_schema": {"type": "object", "properties": {
                "voice": {"type": "string", "title": "The voice, where the request names none"}}},
            "verified": false,
            "docs": "https://elevenlabs.io/docs/api-reference/text-to-speech/convert"
        }],
        "examples": [{
            "name": "relays speech as it comes",
            "provider": "elevenlabs", "operation": "audio.speech", "model": "eleven_v3",
            "body": {"model": "eleven_v3", "input": "Hi", "voice": "alloy"},
            "exchanges": [{
                "request": {"method": "POST", "url": "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM?output_format=mp3_44100_128",
                    "body": {"text": "Hi", "model_id": "eleven_v3"}},
                "reply": {"status": 200, "headers": {"content-type": "audio/mpeg"}, "body": {"base64": "//s="}}
            }],
            "expect": {"relayed": true}
        }]
    })
}

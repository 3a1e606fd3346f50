//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

pub fn document() -> Value {
    json!({
        "name": "azure_speech",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Azure AI Speech: text to speech",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "azure_speech",
            "title": "Azure AI Speech",
            "base_url_env": ["AZURE_SPEECH_API_BASE"],
            "hosts": ["*.tts.speech.microsoft.com"],
            "auth": {"scheme": "header", "name": "ocp-apim-subscription-key", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["AZURE_SPEECH_API_KEY"], "required": true, "title": "Key of the speech resource"}},
            "operations": {"audio.speech": {"unsupported": ["instructions"], "ignored": ["user"]}},
            "models": ["tts"],
            "config_schema": {"type": "object", "properties": {
                "azure_speech_region": {"type": "string", "x-env": ["AZURE_SPEECH_REGION"]},
                "voice": {"type": "string", "title": "The voice, where the request names none"}}},
            "verified": false,
            "docs": "https://learn.microsoft.com/azure/ai-services/speech-service/rest-text-to-speech"
        }],
        "examples": [{
            "name": "relays speech as it comes",
            "provider": "azure_speech", "operation": "audio.speech", "model": "tts",
            "config": {"azure_speech_region": "westeurope"},
            "body": {"model": "tts", "input": "Hi", "voice": "alloy"},
            "exchanges": [{
                "request": {"method": "POST", "url": "https://westeurope.tts.speech.microsoft.com/cognitiveservices/v1",
                    "headers": {"x-microsoft-outputformat": "audio-24khz-48kbitrate-mono-mp3"}},
                "reply": {"status": 200, "headers": {"content-type": "audio/mpeg"}, "body": {"base64": "//s="}}
            }],
            "expect": {"relayed": true}
        }]
    })
}

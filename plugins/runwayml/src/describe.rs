//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

use crate::speech::STORAGE;

const LACKS: [&str; 10] = [
    "background",
    "moderation",
    "n",
    "output_compression",
    "output_format",
    "partial_images",
    "quality",
    "stream",
    "style",
    "input_fidelity",
];

pub fn document() -> Value {
    json!({
        "name": "runwayml",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Runway: pictures, speech",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "runwayml",
            "title": "Runway",
            "base_url": "https://api.dev.runwayml.com",
            "base_url_env": ["RUNWAYML_API_BASE"],
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["RUNWAYML_API_SECRET", "RUNWAYML_API_KEY"], "required": true, "title": "API key"}},
            "hosts": [STORAGE],
            "operations": {
                "images.generate": {"unsupported": LACKS, "ignored": ["user"]},
                "audio.speech": {"unsupported": ["instructions", "speed"], "ignored": ["user"]}
            },
            "errors": {"message": "/error"},
            "models": ["gen4_image", "gen4_image_turbo", "eleven_multilingual_v2"],
            "config_schema": {"type": "object"},
            "verified": false,
            "docs": "https://docs.dev.runwayml.com"
        }],
        "examples": [{
            "name": "asks after a task until it has ended",
            "provider": "runwayml", "operation": "images.generate", "model": "gen4_image",
            "body": {"model": "gen4_image", "prompt": "a cat", "size": "1024x1024"},
            "exchanges": [{
                "request": {"method": "POST", "url": "/v1/text_to_image", "headers": {"x-runway-version": "2024-11-06"},
                    "body": {"model": "gen4_image", "promptText": "a cat", "ratio": "1024:1024"}},
                "reply": {"status": 200, "body": {"json": {"id": "t-1"}}}
            }, {
                "request": {"method": "GET", "url": "/v1/tasks/t-1", "headers": {"x-runway-version": "2024-11-06"}},
                "reply": {"status": 200, "body": {"json": {"id": "t-1", "status": "RUNNING", "progress": 0.4}}}
            }, {
                "request": {"method": "GET", "url": "/v1/tasks/t-1"},
                "reply": {"status": 200, "body": {"json": {"id": "t-1", "status": "FAILED", "failureCode": "SAFETY.INPUT.TEXT", "failure": "no"}}}
            }],
            "expect": {"error": {"kind": "content-policy", "message": "no"}}
        }]
    })
}

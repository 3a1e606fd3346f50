//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const UNSUPPORTED: [&str; 9] = [
    "background",
    "input_fidelity",
    "moderation",
    "output_compression",
    "partial_images",
    "quality",
    "safety_identifier",
    "stream",
    "style",
];

pub fn document() -> Value {
    json!({
        "name": "stability",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Stability AI: images made and edited",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "stability",
            "title": "Stability AI",
            "base_url": "https://api.stability.ai",
            "base_url_env": ["STABILITY_API_BASE"],
            "auth": {"scheme": "bearer", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["STABILITY_API_KEY"], "required": true, "title": "API key"}},
            "operations": {
                "images.generate": {"unsupported": UNSUPPORTED, "ignored": ["user"]},
                "images.edit": {"unsupported": UNSUPPORTED, "ignored": ["user"]}
            },
            "errors": {"message": "/errors/0", "type": "/name"},
            "models": ["sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "stable-image-core", "stable-image-ultra", "inpaint", "outpaint", "erase",
                "search-and-replace", "search-and-recolor", "remove-background", "replace-background-and-relight", "fast", "conservative", "creative",
                "sketch", "structure", "style", "style-transfer"],
            "config_schema": {"type": "object"},
            "verified": false,
            "docs": "https://platform.stability.ai/docs/api-reference"
        }],
        "examples": [{
            "name": "tells a filtered picture as a refusal",
            "provider": "stability", "operation": "images.generate", "model": "sd3.5-large",
            "body": {"model": "sd3.5-large", "prompt": "a cat", "size": "1792x1024"},
            "exchanges": [{
                "request": {"method": "POST", "url": "/v2beta/stable-image/generate/sd3", "headers": {"accept": "application/json"}},
                "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {"image": "QUJD", "finish_reason": "CONTENT_FILTERED", "seed": 1}}}
            }],
            "expect": {"error": {"kind": "content-policy", "message": "the provider's filter refused the picture"}}
        }]
    })
}

//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

/// Where requests are asked after; which it is, the answer to a request says.
const HOSTS: [&str; 1] = ["*.bfl.ai"];

const UNSUPPORTED: [&str; 8] = [
    "background",
    "input_fidelity",
    "moderation",
    "output_compression",
    "partial_images",
    "safety_identifier",
    "stream",
    "style",
];

pub fn document() -> Value {
    let mut edits = UNSUPPORTED.to_vec();
    edits.push("quality");
    json!({
        "name": "black_forest_labs",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Black Forest Labs: images made and edited",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "black_forest_labs",
            "title": "Black Forest Labs",
            "base_url": "https://api.bfl.ai",
            "base_url_env": ["BFL_API_BASE"],
            "hosts": HOSTS,
            "auth": {"scheme": "header", "name": "x-key", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["BFL_API_KEY", "BLACK_FOREST_LABS_API_KEY"], "required": true, "title": "API key"}},
            "operations": {
                "images.generate": {"unsupported": UNSUPPORTED, "ignored": ["user"]},
                "images.edit": {"unsupported": edits, "ignored": ["user"]}
            },
            "errors": {"message": "/detail"},
            "rate_limit_headers": {"limit_requests": "x-ratelimit-limit", "remaining_requests": "x-ratelimit-remaining", "reset_requests": "x-ratelimit-reset"},
            "models": ["flux-pro-1.1", "flux-pro-1.1-ultra", "flux-dev", "flux-2-max", "flux-kontext-pro", "flux-kontext-max", "flux-pro-1.0-fill", "flux-pro-1.0-expand"],
            "config_schema": {"type": "object"},
            "verified": true,
            "docs": "https://docs.bfl.ai"
        }],
        "examples": [{
            "name": "asks after an image until it is ready",
            "provider": "black_forest_labs", "operation": "images.generate", "model": "flux-dev",
            "body": {"model": "flux-dev", "prompt": "a cat", "size": "1024x768"},
            "exchanges": [
                {"request": {"method": "POST", "url": "/v1/flux-dev", "body": {"prompt": "a cat", "width": 1024, "height": 768}},
                    "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                        "id": "t", "polling_url": "https://api.eu4.bfl.ai/v1/get_result?id=t"}}}},
                {"request": {"method": "GET", "url": "https://api.eu4.bfl.ai/v1/get_result?id=t"},
                    "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {"id": "t", "status": "Pending", "result": null}}}},
                {"request": {"method": "GET", "url": "https://api.eu4.bfl.ai/v1/get_result?id=t"},
                    "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {"id": "t", "status": "Request Moderated", "result": null}}}}
            ],
            "expect": {"error": {"kind": "content-policy", "message": "the provider refused: Request Moderated"}}
        }]
    })
}

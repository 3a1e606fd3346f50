//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

const CHAT_LACKS: [&str; 28] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "thinking",
    "tool_choice",
    "tools",
    "top_logprobs",
    "verbosity",
    "web_search_options",
    "moderation",
];

const IMAGES_LACK: [&str; 7] = [
    "background",
    "input_fidelity",
    "moderation",
    "output_compression",
    "partial_images",
    "stream",
    "style",
];

pub fn document() -> Value {
    json!({
        "name": "fal_ai",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "fal: pictures made and edited, questions about a picture",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "fal_ai",
            "title": "fal",
            "base_url": "https://fal.run",
            "base_url_env": ["FAL_AI_API_BASE"],
            "auth": {"scheme": "header", "name": "authorization", "prefix": "Key ", "secret": "api_key"},
            "secrets": {"api_key": {"env": ["FAL_AI_API_KEY", "FAL_KEY"], "required": true, "title": "API key"}},
            "operations": {
                "chat": {"unsupported": CHAT_LACKS, "ignored": ["stream_options", "user"]},
                "images.generate": {"unsupported": IMAGES_LACK, "ignored": ["user"]},
                "images.edit": {"unsupported": IMAGES_LACK, "ignored": ["user"]}
            },
            "errors": {"message": "/detail/0/msg", "type": "/detail/0/type"},
            "models": ["fal-ai/flux/dev", "fal-ai/flux/schnell", "fal-ai/flux-pro/v1.1-ultra", "fal-ai/imagen4/preview",
                "fal-ai/recraft/v3/text-to-image", "fal-ai/nano-banana"],
            "config_schema": {"type": "object"},
            "verified": false,
            "docs": "https://fal.ai/docs/model-apis/model-endpoints/synchronous-requests"
        }],
        "examples": [{
            "name": "tells a refusal of the filter",
            "provider": "fal_ai", "operation": "images.generate", "model": "fal-ai/flux/dev",
            "body": {"model": "fal-ai/flux/dev", "prompt": "a cat", "size": "1024x768", "n": 2},
            "exchanges": [{
                "request": {"method": "POST", "url": "/fal-ai/flux/dev", "body": {
                    "num_images": 2, "image_size": {"width": 1024, "height": 768}, "prompt": "a cat"}},
                "reply": {"status": 422, "body": {"json": {"detail": [{"loc": ["body", "prompt"], "type": "content_policy_violation",
                    "msg": "The content was flagged by a content checker."}]}}}
            }],
            "expect": {"error": {"kind": "content-policy", "message": "The content was flagged by a content checker.", "status": 422}}
        }]
    })
}

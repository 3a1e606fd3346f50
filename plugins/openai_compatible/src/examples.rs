//! What the gateway runs through the component before it serves.

use sluice_sdk::serde_json::{Value, json};

/// The examples, as fixtures.
pub fn all() -> Value {
    json!([
        {
            "name": "a whole answer is brought into form",
            "provider": "groq", "operation": "chat", "model": "m", "secrets": ["api_key"],
            "body": {"model": "m", "max_completion_tokens": 9, "messages": [{"role": "developer", "content": "x"}]},
            "exchanges": [{
                "request": {"method": "POST", "url": "/chat/completions", "body": {
                    "model": "m", "max_tokens": 9, "messages": [{"role": "system", "content": "x"}]}},
                "reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": {
                    "id": "1", "object": "chat.completion", "created": 1, "model": "m",
                    "choices": [{"index": 0, "finish_reason": "eos",
                        "message": {"role": "assistant", "content": "a", "reasoning": "b", "tool_calls": null}}]}}}
            }],
            "expect": {"response": {
                "id": "1", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "a", "reasoning": "b", "reasoning_content": "b"},
                    "provider_specific_fields": {"native_finish_reason": "eos"}}]}}
        },
        {
            "name": "a stream that ends without a reason is a failure",
            "provider": "openai_like", "operation": "chat", "model": "m", "streaming": true,
            "body": {"model": "m", "messages": [], "stream": true},
            "exchanges": [{
                "request": {"body": {"model": "m", "messages": [], "stream": true, "stream_options": {"include_usage": true}}},
                "reply": {"status": 200, "headers": {"content-type": "text/event-stream"},
                    "body": "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"}
            }],
            "expect": {
                "events": [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": "a"}}]}],
                "error": {"kind": "upstream"}
            }
        }
    ])
}

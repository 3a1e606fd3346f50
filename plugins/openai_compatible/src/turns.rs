//! What GitHub Copilot wants told of a conversation by headers: turns that tools bring are not
//! charged as the user's own, and images have to be announced.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Outbound, parse_body};

pub fn headers(outbound: Outbound, body: &str) -> Outbound {
    let body: Value = parse_body(body).unwrap_or_default();
    let messages = body.get("messages").and_then(Value::as_array);
    let messages = || messages.into_iter().flatten();
    let of_agent = |it: &Value| {
        let role = it.get("role").and_then(Value::as_str);
        matches!(role, Some("assistant" | "tool"))
    };
    let by = if messages().any(of_agent) {
        "agent"
    } else {
        "user"
    };
    let outbound = outbound.header("x-initiator", by);
    if messages().any(has_image) {
        outbound.header("copilot-vision-request", "true")
    } else {
        outbound
    }
}

/// OpenAI's or Anthropic's, also in what a tool brought.
fn has_image(it: &Value) -> bool {
    let parts = it.get("content").and_then(Value::as_array);
    let is_image = |it: &Value| {
        let kind = it.get("type").and_then(Value::as_str);
        matches!(kind, Some("image_url" | "image")) || has_image(it)
    };
    parts.into_iter().flatten().any(is_image)
}

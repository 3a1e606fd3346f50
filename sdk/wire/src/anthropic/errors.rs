//! Anthropic's error objects as the gateway's kinds.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above: `{"type": "error", "error": {type, message}, "request_id"}`.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    Some(of(document.get("error")?, reply.status).with_detail(&document))
}

/// An error object, in an answer or in a stream. A stream's has no status (0).
pub fn of(error: &Value, status: u16) -> Error {
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let message = if text("message").is_empty() {
        "the provider failed"
    } else {
        text("message")
    };
    let error = fault::error(kind_of(text("type"), message, status), message);
    if status >= 400 {
        error.with_status(status)
    } else {
        error
    }
}

fn kind_of(name: &str, message: &str, status: u16) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    match name {
        "invalid_request_error"
            if says(&[
                "prompt is too long",
                "prompt: length",
                "context window",
                "exceed context limit",
            ]) =>
        {
            kind::CONTEXT_WINDOW
        }
        "invalid_request_error" if says(&["credit balance"]) => kind::QUOTA,
        "invalid_request_error" if says(&["content filtering policy"]) => kind::CONTENT_POLICY,
        // Too many bytes, not too many tokens: another model of the same API helps no more.
        "invalid_request_error" | "request_too_large" => kind::INVALID_REQUEST,
        "authentication_error" => kind::AUTHENTICATION,
        "billing_error" => kind::QUOTA,
        "permission_error" => kind::PERMISSION,
        "not_found_error" => kind::NOT_FOUND,
        "rate_limit_error" => kind::RATE_LIMIT,
        "overloaded_error" => kind::OVERLOADED,
        "timeout_error" => kind::TIMEOUT,
        _ if status == 429 => kind::RATE_LIMIT,
        _ if status == 529 => kind::OVERLOADED,
        _ => kind::UPSTREAM,
    }
}

#[cfg(test)]
mod tests {
    use sluice_sdk::serde_json::json;

    use super::*;

    #[test]
    fn each_name_has_its_kind() {
        for (name, message, want) in [
            (
                "invalid_request_error",
                "prompt is too long: 210000 tokens > 200000 maximum",
                kind::CONTEXT_WINDOW,
            ),
            (
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit",
                kind::CONTEXT_WINDOW,
            ),
            (
                "invalid_request_error",
                "Your credit balance is too low",
                kind::QUOTA,
            ),
            (
                "invalid_request_error",
                "Output blocked by content filtering policy",
                kind::CONTENT_POLICY,
            ),
            (
                "invalid_request_error",
                "max_tokens: Field required",
                kind::INVALID_REQUEST,
            ),
            (
                "request_too_large",
                "Request exceeds the maximum size",
                kind::INVALID_REQUEST,
            ),
            (
                "authentication_error",
                "invalid x-api-key",
                kind::AUTHENTICATION,
            ),
            ("billing_error", "pay", kind::QUOTA),
            ("permission_error", "no", kind::PERMISSION),
            ("not_found_error", "model: x", kind::NOT_FOUND),
            ("rate_limit_error", "slow", kind::RATE_LIMIT),
            ("overloaded_error", "Overloaded", kind::OVERLOADED),
            ("timeout_error", "late", kind::TIMEOUT),
            ("api_error", "Internal server error", kind::UPSTREAM),
        ] {
            let error = json!({"type": name, "message": message});
            assert_eq!(of(&error, 0).kind, want, "{name}: {message}");
        }
    }
}

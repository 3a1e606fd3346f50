//! IBM's error documents: `{errors: [{code, message}], trace, status_code}`, and those of IAM.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let (code, message) = said(&document)?;
    let error = fault::error(kind_of(reply.status, code, message), message)
        .with_status(reply.status)
        .with_detail(&document);
    let seconds = reply.header("retry-after");
    let seconds = seconds.and_then(|it| it.trim().parse::<u64>().ok());
    Some(match seconds {
        Some(seconds) => error.with_retry_after(seconds.saturating_mul(1000)),
        None => error,
    })
}

/// The error in an answer that began well, if it is one.
pub fn find(document: &Value) -> Option<Error> {
    let (code, message) = said(document)?;
    let status = document.get("status_code").and_then(Value::as_u64);
    let status = status.and_then(|it| u16::try_from(it).ok()).unwrap_or(500);
    Some(fault::error(kind_of(status, code, message), message).with_detail(document))
}

/// Code and message.
fn said(document: &Value) -> Option<(&str, &str)> {
    let at = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    if let Some(message) = at("/errors/0/message") {
        return Some((at("/errors/0/code").unwrap_or_default(), message));
    }
    if let Some(message) = at("/errorMessage") {
        return Some((at("/errorCode").unwrap_or_default(), message));
    }
    let error = document.get("error").filter(|it| !it.is_null())?;
    let message = error.as_str().or_else(|| error.get("message")?.as_str());
    Some(("", message.unwrap_or("the provider failed")))
}

fn kind_of(status: u16, code: &str, message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    match code {
        "authentication_token_expired" | "authentication_token_not_valid" | "BXNIM0415E" => {
            return kind::AUTHENTICATION;
        }
        "token_quota_reached" => return kind::QUOTA,
        "model_not_supported" | "model_no_support_for_function" => return kind::NOT_FOUND,
        "downstream_request_failed" if status >= 500 => return kind::UPSTREAM,
        _ => {}
    }
    match status {
        401 => kind::AUTHENTICATION,
        402 => kind::QUOTA,
        403 => kind::PERMISSION,
        404 => kind::NOT_FOUND,
        408 | 504 => kind::TIMEOUT,
        429 => kind::RATE_LIMIT,
        503 | 529 => kind::OVERLOADED,
        400..500
            if says(&[
                "must not exceed the total tokens limit",
                "maximum context length",
                "exceeds the maximum sequence length",
                "input tokens plus prefix length",
                "context length",
            ]) =>
        {
            kind::CONTEXT_WINDOW
        }
        400..500 => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_kind() {
        let long =
            "Input tokens plus prefix length (9000) must not exceed the total tokens limit 8192";
        for (status, code, message, want) in [
            (
                401,
                "authentication_token_expired",
                "no",
                kind::AUTHENTICATION,
            ),
            (
                400,
                "BXNIM0415E",
                "Provided API key could not be found.",
                kind::AUTHENTICATION,
            ),
            (403, "token_quota_reached", "no", kind::QUOTA),
            (403, "no_access", "no", kind::PERMISSION),
            (404, "model_not_supported", "no", kind::NOT_FOUND),
            (400, "invalid_input_argument", long, kind::CONTEXT_WINDOW),
            (400, "invalid_request_entity", "bad", kind::INVALID_REQUEST),
            (429, "rate_limit_reached_requests", "slow", kind::RATE_LIMIT),
            (500, "downstream_request_failed", "oops", kind::UPSTREAM),
            (503, "", "later", kind::OVERLOADED),
        ] {
            assert_eq!(kind_of(status, code, message), want, "{status}: {message}");
        }
    }
}

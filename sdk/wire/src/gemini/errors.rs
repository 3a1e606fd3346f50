//! Google's error objects as the gateway's kinds.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above; some come as a list of one.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let error = find(&document)?;
    Some(of(error).with_status(reply.status).with_detail(&document))
}

/// The error object in a document, if it is one of an error.
pub fn find(document: &Value) -> Option<&Value> {
    let error = document.get("error");
    error.or_else(|| document.pointer("/0/error"))
}

/// An error object: `{code, message, status, details}`.
pub fn of(error: &Value) -> Error {
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let message = if text("message").is_empty() {
        "the provider failed"
    } else {
        text("message")
    };
    let details = error.get("details").and_then(Value::as_array);
    let details = details.map(Vec::as_slice).unwrap_or_default();
    let reason = details.iter().find_map(|it| it.get("reason")?.as_str());
    let code = error.get("code").and_then(Value::as_u64).unwrap_or(0);
    let kind = if reason == Some("API_KEY_INVALID") {
        kind::AUTHENTICATION
    } else {
        kind_of(text("status"), code, message)
    };
    let result = fault::error(kind, message);
    // `retryDelay` is a text of seconds: "23s", "1.5s".
    let delay = details.iter().find_map(|it| {
        let text = it.get("retryDelay")?.as_str()?;
        text.strip_suffix('s')?.parse::<f64>().ok()
    });
    match delay.filter(|it| it.is_finite() && *it >= 0.0) {
        Some(seconds) => result.with_retry_after((seconds * 1000.0) as u64),
        None => result,
    }
}

fn kind_of(status: &str, code: u64, message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    let invalid = matches!(
        status,
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE"
    );
    match (status, code) {
        _ if says(&["api key not valid", "api key expired"]) => kind::AUTHENTICATION,
        _ if invalid
            && says(&[
                "token count",
                "maximum number of tokens",
                "request payload size exceeds",
            ]) =>
        {
            kind::CONTEXT_WINDOW
        }
        _ if invalid => kind::INVALID_REQUEST,
        ("UNAUTHENTICATED", _) => kind::AUTHENTICATION,
        ("PERMISSION_DENIED", _) => kind::PERMISSION,
        ("NOT_FOUND", _) => kind::NOT_FOUND,
        ("RESOURCE_EXHAUSTED", _) => kind::RATE_LIMIT,
        ("UNAVAILABLE", _) => kind::OVERLOADED,
        ("DEADLINE_EXCEEDED", _) => kind::TIMEOUT,
        ("UNIMPLEMENTED", _) => kind::UNSUPPORTED,
        (_, 400) => kind::INVALID_REQUEST,
        (_, 401) => kind::AUTHENTICATION,
        (_, 403) => kind::PERMISSION,
        (_, 404) => kind::NOT_FOUND,
        (_, 429) => kind::RATE_LIMIT,
        (_, 503) => kind::OVERLOADED,
        (_, 504) => kind::TIMEOUT,
        _ => kind::UPSTREAM,
    }
}

#[cfg(test)]
mod tests {
    use sluice_sdk::serde_json::json;

    use super::*;

    #[test]
    fn each_status_has_its_kind() {
        let exceeds = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).";
        for (status, code, message, want) in [
            ("INVALID_ARGUMENT", 400, exceeds, kind::CONTEXT_WINDOW),
            (
                "INVALID_ARGUMENT",
                400,
                "Request payload size exceeds the limit: 20971520 bytes.",
                kind::CONTEXT_WINDOW,
            ),
            (
                "INVALID_ARGUMENT",
                400,
                "API key expired. Please renew the API key.",
                kind::AUTHENTICATION,
            ),
            ("INVALID_ARGUMENT", 400, "bad", kind::INVALID_REQUEST),
            (
                "FAILED_PRECONDITION",
                400,
                "User location is not supported",
                kind::INVALID_REQUEST,
            ),
            ("UNAUTHENTICATED", 401, "no", kind::AUTHENTICATION),
            ("PERMISSION_DENIED", 403, "no", kind::PERMISSION),
            ("NOT_FOUND", 404, "no", kind::NOT_FOUND),
            ("RESOURCE_EXHAUSTED", 429, "slow", kind::RATE_LIMIT),
            ("INTERNAL", 500, "oops", kind::UPSTREAM),
            ("UNAVAILABLE", 503, "later", kind::OVERLOADED),
            ("DEADLINE_EXCEEDED", 504, "late", kind::TIMEOUT),
            ("", 429, "slow", kind::RATE_LIMIT),
        ] {
            let error = json!({"status": status, "code": code, "message": message});
            assert_eq!(of(&error).kind, want, "{status}: {message}");
        }
    }

    #[test]
    fn the_wait_that_google_asks_for_is_kept() {
        let error = json!({"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED", "details": [{"a": 1}, {"retryDelay": "1.5s"}]});
        assert_eq!(of(&error).retry_after_ms, Some(1500));
    }
}

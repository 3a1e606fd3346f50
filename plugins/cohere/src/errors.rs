//! Cohere's error documents as the gateway's kinds.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above: `{id, message}`.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let message = message(&document)?;
    let error = fault::error(kind_of(reply.status, message), message);
    let error = error.with_status(reply.status).with_detail(&document);
    let number = |name: &str| reply.header(name)?.trim().parse::<f64>().ok();
    let wait = number("retry-after-ms").or(number("retry-after").map(|seconds| seconds * 1000.0));
    Some(match wait.filter(|it| it.is_finite() && *it >= 0.0) {
        Some(millis) => error.with_retry_after(millis as u64),
        None => error,
    })
}

fn message(document: &Value) -> Option<&str> {
    let places = ["/message", "/error/message", "/error", "/detail"];
    let found = places.iter().find_map(|it| document.pointer(it)?.as_str());
    found.filter(|it| !it.is_empty())
}

/// A document that stands where an answer should.
pub fn instead_of_an_answer(document: &Value) -> Error {
    match message(document) {
        Some(message) => fault::error(kind_of(0, message), message).with_detail(document),
        None => fault::upstream("the provider's answer has no `message`"),
    }
}

fn kind_of(status: u16, message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    if matches!(status, 0 | 400 | 413 | 422)
        && says(&[
            "too many tokens",
            "context length",
            "context window",
            "maximum number of tokens",
        ])
    {
        return kind::CONTEXT_WINDOW;
    }
    if matches!(status, 0 | 400 | 422) && says(&["blocked input", "blocked output"]) {
        return kind::CONTENT_POLICY;
    }
    match status {
        // The model failed, not the request: another attempt may go well (seen 2025-12).
        422 if says(&["no valid response generated"]) => kind::UPSTREAM,
        401 | 498 => kind::AUTHENTICATION,
        402 => kind::QUOTA,
        403 => kind::PERMISSION,
        404 => kind::NOT_FOUND,
        408 | 504 => kind::TIMEOUT,
        429 if says(&["/ month", "per month"]) => kind::QUOTA,
        429 => kind::RATE_LIMIT,
        499 => kind::UPSTREAM,
        501 => kind::UNSUPPORTED,
        503 => kind::OVERLOADED,
        400..=499 => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    }
}

#[cfg(test)]
mod tests {
    use sluice_sdk::Payload;
    use sluice_sdk::serde_json::json;

    use super::*;

    fn of(status: u16, message: &str) -> Error {
        let reply = Reply {
            status,
            headers: vec![("Retry-After".into(), "1.5".into())],
            body: Payload::Text(json!({"id": "x", "message": message}).to_string()),
            state: String::new(),
        };
        of_reply(&reply).unwrap()
    }

    #[test]
    fn each_status_has_its_kind() {
        for (status, message, want) in [
            (
                400,
                "too many tokens: size limit exceeded by 6 tokens",
                kind::CONTEXT_WINDOW,
            ),
            (400, "invalid request: blocked output", kind::CONTENT_POLICY),
            (400, "bad", kind::INVALID_REQUEST),
            (401, "no api key supplied", kind::AUTHENTICATION),
            (402, "pay", kind::QUOTA),
            (403, "no", kind::PERMISSION),
            (404, "model 'x' not found", kind::NOT_FOUND),
            (422, "bad", kind::INVALID_REQUEST),
            (
                422,
                "No valid response generated. Try updating messages",
                kind::UPSTREAM,
            ),
            (429, "limited to 40 API calls / minute", kind::RATE_LIMIT),
            (429, "limited to 1000 API calls / month", kind::QUOTA),
            (498, "invalid token", kind::AUTHENTICATION),
            (499, "closed", kind::UPSTREAM),
            (500, "oops", kind::UPSTREAM),
            (501, "no", kind::UNSUPPORTED),
            (503, "later", kind::OVERLOADED),
            (504, "late", kind::TIMEOUT),
        ] {
            assert_eq!(of(status, message).kind, want, "{status}: {message}");
        }
    }

    #[test]
    fn the_wait_that_is_asked_for_is_kept() {
        assert_eq!(of(429, "slow").retry_after_ms, Some(1500));
    }
}

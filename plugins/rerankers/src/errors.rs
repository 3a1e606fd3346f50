//! Error documents as the gateway's kinds: `{detail}`, a text or a list with `msg`.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let message = message(&document)?;
    let error = fault::error(kind_of(reply.status, message), message);
    let error = error.with_status(reply.status).with_detail(&document);
    let wait = reply
        .header("retry-after")
        .and_then(|it| it.trim().parse::<f64>().ok());
    Some(match wait.filter(|it| it.is_finite() && *it >= 0.0) {
        Some(seconds) => error.with_retry_after((seconds * 1000.0) as u64),
        None => error,
    })
}

fn message(document: &Value) -> Option<&str> {
    let places = [
        "/detail",
        "/detail/0/msg",
        "/detail/message",
        "/message",
        "/error/message",
        "/error",
    ];
    let found = places.iter().find_map(|it| document.pointer(it)?.as_str());
    found.filter(|it| !it.is_empty())
}

/// A document that stands where an answer should.
pub fn instead_of_an_answer(document: &Value) -> Error {
    match message(document) {
        Some(message) => fault::upstream(message).with_detail(document),
        None => fault::upstream("the provider's answer has neither `data` nor `results`"),
    }
}

fn kind_of(status: u16, message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    match status {
        400 | 413 | 422
            if says(&[
                "too many tokens",
                "context length",
                "max allowed tokens",
                "exceeds the maximum",
                "token limit",
            ]) =>
        {
            kind::CONTEXT_WINDOW
        }
        // Voyage says so with status 400.
        400 if lower.starts_with("model ") && says(&["is not supported"]) => kind::NOT_FOUND,
        401 => kind::AUTHENTICATION,
        402 => kind::QUOTA,
        403 if says(&["balance", "quota"]) => kind::QUOTA,
        403 => kind::PERMISSION,
        404 => kind::NOT_FOUND,
        408 | 504 | 524 => kind::TIMEOUT,
        429 => kind::RATE_LIMIT,
        503 => kind::OVERLOADED,
        400..=499 => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    }
}

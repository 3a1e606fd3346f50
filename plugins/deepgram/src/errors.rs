//! Deepgram's error documents as the gateway's kinds: `{err_code, err_msg, request_id}`, and
//! `{category, message, details}`.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let message = message(&document)?;
    let code = document
        .get("err_code")
        .or_else(|| document.get("category"));
    let code = code.and_then(Value::as_str).unwrap_or_default();
    let error = fault::error(kind_of(reply.status, code), message);
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
    let found = ["err_msg", "message", "details", "reason"]
        .iter()
        .find_map(|it| document.get(*it)?.as_str());
    found.filter(|it| !it.is_empty())
}

/// A document that stands where an answer should; `callback` makes Deepgram answer elsewhere.
pub fn instead_of_an_answer(document: &Value) -> Error {
    match message(document) {
        Some(message) => fault::upstream(message).with_detail(document),
        None => fault::upstream("the provider's answer has no `results.channels`"),
    }
}

fn kind_of(status: u16, code: &str) -> &'static str {
    match (status, code) {
        (_, "INVALID_AUTH") | (401, _) => kind::AUTHENTICATION,
        (_, "ASR_PAYMENT_REQUIRED") | (402, _) => kind::QUOTA,
        (_, "INSUFFICIENT_PERMISSIONS") | (403, _) => kind::PERMISSION,
        (404, _) => kind::NOT_FOUND,
        (408 | 504, _) => kind::TIMEOUT,
        (_, "TOO_MANY_REQUESTS") | (429, _) => kind::RATE_LIMIT,
        (503, _) => kind::OVERLOADED,
        (400..=499, _) => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    }
}

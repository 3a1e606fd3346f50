//! Stability's error documents as the gateway's kinds: `{id, name, errors}`.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let message = message(&document)?;
    let name = document
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let error = fault::error(kind_of(reply.status, name), message);
    let error = error.with_status(reply.status).with_detail(&document);
    let wait = reply
        .header("retry-after")
        .and_then(|it| it.trim().parse::<f64>().ok());
    Some(match wait.filter(|it| it.is_finite() && *it >= 0.0) {
        Some(seconds) => error.with_retry_after((seconds * 1000.0) as u64),
        None => error,
    })
}

fn message(document: &Value) -> Option<String> {
    let list = document.get("errors").and_then(Value::as_array);
    let said: Vec<&str> = list
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let word = |name: &str| {
        document
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let message = if said.is_empty() {
        word("message").or_else(|| word("name"))
    } else {
        Some(said.join("; "))
    };
    message.filter(|it| !it.is_empty())
}

/// A document that stands where a picture should.
pub fn instead_of_an_answer(document: &Value) -> Error {
    match message(document) {
        Some(message) => fault::upstream(message).with_detail(document),
        None => fault::upstream("the provider's answer has no `image`"),
    }
}

fn kind_of(status: u16, name: &str) -> &'static str {
    match (status, name) {
        (_, "content_moderation" | "content_filtered") => kind::CONTENT_POLICY,
        (_, "payment_required" | "insufficient_balance") | (402, _) => kind::QUOTA,
        (401, _) => kind::AUTHENTICATION,
        (403, _) => kind::PERMISSION,
        (404, _) => kind::NOT_FOUND,
        (408 | 504, _) => kind::TIMEOUT,
        (429, _) => kind::RATE_LIMIT,
        (503, _) => kind::OVERLOADED,
        (400..=499, _) => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    }
}

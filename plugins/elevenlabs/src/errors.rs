//! ElevenLabs's error documents as the gateway's kinds: `{detail: {status, message}}`, where
//! `detail` may be a text or a list with `msg`.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let message = message(&document)?;
    let word = ["/detail/status", "/detail/code"]
        .iter()
        .find_map(|it| document.pointer(it)?.as_str());
    let error = fault::error(kind_of(reply.status, word.unwrap_or_default()), message);
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
    let places = ["/detail/message", "/detail", "/detail/0/msg", "/message"];
    let found = places.iter().find_map(|it| document.pointer(it)?.as_str());
    found.filter(|it| !it.is_empty())
}

/// A document that stands where a transcript should.
pub fn instead_of_an_answer(document: &Value) -> Error {
    match message(document) {
        Some(message) => fault::upstream(message).with_detail(document),
        None => fault::upstream("the provider's answer has no `text`"),
    }
}

/// The word says more than the status: a used-up account answers 401.
fn kind_of(status: u16, word: &str) -> &'static str {
    match (status, word) {
        (_, "quota_exceeded" | "payment_required") | (402, _) => kind::QUOTA,
        (_, "missing_permissions" | "detected_unusual_activity" | "only_for_creator+") => {
            kind::PERMISSION
        }
        (_, "max_character_limit_exceeded") => kind::CONTEXT_WINDOW,
        (_, "voice_not_found" | "model_not_found") => kind::NOT_FOUND,
        (_, "system_busy") => kind::OVERLOADED,
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

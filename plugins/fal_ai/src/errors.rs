//! fal's error documents as the gateway's kinds: `detail` is a text, or a list with `msg` and `type`.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let message = text("/detail/0/msg").or_else(|| text("/detail"))?;
    let word = text("/detail/0/type").or_else(|| text("/error_type"));
    let error = fault::error(kind_of(reply.status, word.unwrap_or_default()), message);
    Some(error.with_status(reply.status).with_detail(&document))
}

/// The word says more than the status: most of what models refuse is a 422.
fn kind_of(status: u16, word: &str) -> &'static str {
    match (status, word) {
        (_, "content_policy_violation") => kind::CONTENT_POLICY,
        (_, "generation_timeout" | "request_timeout" | "startup_timeout") => kind::TIMEOUT,
        (_, "runner_scheduling_failure") => kind::OVERLOADED,
        (401, _) => kind::AUTHENTICATION,
        (402, _) => kind::QUOTA,
        (403, _) => kind::PERMISSION,
        (404, _) => kind::NOT_FOUND,
        (408 | 504, _) => kind::TIMEOUT,
        (429, _) => kind::RATE_LIMIT,
        (503, _) => kind::OVERLOADED,
        (400..=499, _) => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    }
}

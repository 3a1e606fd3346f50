//! Replicate's problem documents, and the sentences of predictions that failed.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above: `{title, detail, status}`.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let message = text("detail").or_else(|| text("title"))?;
    let error = fault::error(kind_of(reply.status, message), message)
        .with_status(reply.status)
        .with_detail(&document);
    let seconds = |name: &str| reply.header(name)?.trim().parse::<u64>().ok();
    let wait = seconds("retry-after").or_else(|| seconds("ratelimit-reset"));
    Some(match wait.filter(|_| matches!(reply.status, 429 | 503)) {
        Some(seconds) => error.with_retry_after(seconds.saturating_mul(1000)),
        None => error,
    })
}

fn kind_of(status: u16, message: &str) -> &'static str {
    match status {
        401 => kind::AUTHENTICATION,
        402 => kind::QUOTA,
        403 => kind::PERMISSION,
        404 => kind::NOT_FOUND,
        408 | 504 => kind::TIMEOUT,
        429 => kind::RATE_LIMIT,
        503 => kind::OVERLOADED,
        400..500 => of_words(message).unwrap_or(kind::INVALID_REQUEST),
        _ => kind::UPSTREAM,
    }
}

/// A prediction that failed says why in one sentence, which is the model's own.
pub fn of_failure(prediction: &Value) -> Error {
    let message = prediction.get("error").and_then(Value::as_str);
    let message = message
        .filter(|it| !it.is_empty())
        .unwrap_or("the prediction failed");
    let kind = of_words(message).unwrap_or(kind::UPSTREAM);
    let id = prediction.get("id").cloned().unwrap_or_default();
    fault::error(kind, message).with_detail(&sluice_sdk::serde_json::json!({ "id": id }))
}

fn of_words(message: &str) -> Option<&'static str> {
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    if says(&[
        "nsfw",
        "flagged as sensitive",
        "content policy",
        "safety system",
        "(e005)",
    ]) {
        Some(kind::CONTENT_POLICY)
    } else if says(&[
        "context length",
        "prompt length exceeds",
        "maximum input length",
        "prompt is too long",
        "too many tokens",
    ]) {
        Some(kind::CONTEXT_WINDOW)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_kind() {
        for (status, message, want) in [
            (401, "You did not pass a token", kind::AUTHENTICATION),
            (402, "You have no credit", kind::QUOTA),
            (404, "no such model", kind::NOT_FOUND),
            (422, "input: prompt is required", kind::INVALID_REQUEST),
            (
                422,
                "Prompt length exceeds the maximum",
                kind::CONTEXT_WINDOW,
            ),
            (429, "Request was throttled", kind::RATE_LIMIT),
            (500, "oops", kind::UPSTREAM),
            (503, "later", kind::OVERLOADED),
        ] {
            assert_eq!(kind_of(status, message), want, "{status}: {message}");
        }
        assert_eq!(
            of_words("NSFW content detected."),
            Some(kind::CONTENT_POLICY)
        );
    }
}

//! Ollama's errors, a sentence each, as the gateway's kinds.

use sluice_sdk::fault::{self, ErrorExt as _, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Reply};

/// An answer of 400 or above.
pub fn of_reply(reply: &Reply) -> Option<Error> {
    let document = reply.json().ok()?;
    let message = message(&document)?;
    let error = fault::error(kind_of(reply.status, message), message);
    Some(error.with_status(reply.status).with_detail(&document))
}

/// The error in an answer that began well, if it is one.
pub fn find(document: &Value) -> Option<Error> {
    let message = message(document)?;
    let status = document.get("status_code").and_then(Value::as_u64);
    let status = status.and_then(|it| u16::try_from(it).ok()).unwrap_or(500);
    Some(fault::error(kind_of(status, message), message).with_detail(document))
}

/// `{"error": text}`; with an object in it where a proxy or the `/v1` routes speak.
fn message(document: &Value) -> Option<&str> {
    let error = document.get("error").filter(|it| !it.is_null())?;
    let text = error.as_str().or_else(|| error.get("message")?.as_str());
    Some(text.unwrap_or("the provider failed"))
}

fn kind_of(status: u16, message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| lower.contains(it));
    match status {
        401 => kind::AUTHENTICATION,
        403 => kind::PERMISSION,
        404 => kind::NOT_FOUND,
        402 => kind::QUOTA,
        429 => kind::RATE_LIMIT,
        408 | 504 => kind::TIMEOUT,
        503 => kind::OVERLOADED,
        _ if says(&[
            "exceeds the context length",
            "exceeds the available context size",
            "exceed context limit",
            "prompt is too long",
            "prompt too long",
            "context length exceeded",
        ]) =>
        {
            kind::CONTEXT_WINDOW
        }
        // What is wrong with the input is found by the model's process, and told as its failure.
        _ if says(&[
            "failed to process inputs",
            "unknown format",
            "does not support",
        ]) =>
        {
            kind::INVALID_REQUEST
        }
        _ if says(&[
            "server busy",
            "maximum pending requests",
            "requires more system memory",
        ]) =>
        {
            kind::OVERLOADED
        }
        _ if says(&["unauthorized"]) => kind::AUTHENTICATION,
        _ if says(&["not found, try pulling"]) => kind::NOT_FOUND,
        400..500 => kind::INVALID_REQUEST,
        _ => kind::UPSTREAM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_has_its_kind() {
        let context = "the input length exceeds the context length";
        for (status, message, want) in [
            (400, context, kind::CONTEXT_WINDOW),
            (500, context, kind::CONTEXT_WINDOW),
            (
                400,
                "\"llama3\" does not support tools",
                kind::INVALID_REQUEST,
            ),
            (400, "invalid format", kind::INVALID_REQUEST),
            (401, "unauthorized", kind::AUTHENTICATION),
            (403, "no", kind::PERMISSION),
            (404, "model 'm' not found", kind::NOT_FOUND),
            (429, "slow", kind::RATE_LIMIT),
            (500, "llama runner process has terminated", kind::UPSTREAM),
            (503, "server busy, please try again.", kind::OVERLOADED),
        ] {
            assert_eq!(kind_of(status, message), want, "{status}: {message}");
        }
    }
}

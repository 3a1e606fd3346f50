//! Answers that a deployment's `mock_response` gives in place of an upstream.

use bytes::Bytes;

use super::attempt::Outcome;
use crate::domain::{ErrorKind, Fault};

/// What an exception that is named begins with; LiteLLM takes most of its own without it too.
const EXCEPTION: &str = "Exception: ";

/// LiteLLM's exceptions that stand for a failure of an upstream.
const EXCEPTIONS: &[(&str, ErrorKind)] = &[
    ("litellm.AuthenticationError", ErrorKind::Authentication),
    ("litellm.BadRequestError", ErrorKind::InvalidRequest),
    (
        "litellm.ContentPolicyViolationError",
        ErrorKind::ContentPolicy,
    ),
    (
        "litellm.ContextWindowExceededError",
        ErrorKind::ContextWindow,
    ),
    ("litellm.InternalServerError", ErrorKind::Upstream),
    ("litellm.NotFoundError", ErrorKind::NotFound),
    ("litellm.PermissionDeniedError", ErrorKind::Permission),
    ("litellm.RateLimitError", ErrorKind::RateLimit),
    ("litellm.ServiceUnavailableError", ErrorKind::Overloaded),
    ("litellm.Timeout", ErrorKind::Timeout),
    ("content_filter_policy", ErrorKind::ContentPolicy),
];

/// LiteLLM's `mock_response`: the text as an answer, with 10 and 20 tokens, or the failure that it
/// names (`Exception: litellm.RateLimitError`).
pub fn answer(text: &str) -> Result<Outcome, Fault> {
    if let Some(kind) = failure(text) {
        let message = format!("`mock_response` of the deployment is `{text}`");
        return Err(Fault::upstream(kind, message));
    }
    let answer = serde_json::json!({
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    });
    Ok(Outcome::Whole {
        body: Bytes::from(answer.to_string()),
        usage: None,
        is_plugins: false,
    })
}

/// The failure that a text names, if it names one.
fn failure(text: &str) -> Option<ErrorKind> {
    let name = text.strip_prefix(EXCEPTION);
    let known = |name: &str| {
        let found = EXCEPTIONS.iter().find(|(known, _)| *known == name.trim());
        found.map(|(_, kind)| *kind)
    };
    match name {
        Some(name) => Some(known(name).unwrap_or(ErrorKind::Upstream)),
        None => known(text).filter(|_| text.starts_with("litellm.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_exception_fails_as_an_upstream_would() {
        for (text, kind) in [
            ("Exception: litellm.RateLimitError", ErrorKind::RateLimit),
            ("litellm.InternalServerError", ErrorKind::Upstream),
            ("Exception: content_filter_policy", ErrorKind::ContentPolicy),
            ("Exception: of my own", ErrorKind::Upstream),
        ] {
            let fault = answer(text).err().unwrap();
            assert_eq!(fault.kind, kind, "{text}");
        }
        for text in [
            "This is a test",
            "no Exception: here",
            "content_filter_policy",
        ] {
            assert!(answer(text).is_ok(), "{text}");
        }
    }
}

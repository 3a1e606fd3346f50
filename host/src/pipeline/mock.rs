//! Answers and failures that are made up: a deployment's `mock_response` or `mock_timeout` in place of
//! an upstream, and failures that a client may ask for where the operator lets it (`mock_testing_*`).

use std::time::Duration;

use bytes::Bytes;

use super::attempt::Outcome;
use crate::domain::{ErrorKind, Fault, Retry};

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
        content_type: None,
    })
}

/// LiteLLM's `mock_timeout`: nothing, for as long as an attempt may take, and then its end.
pub async fn timeout(limit: Duration) -> Fault {
    tokio::time::sleep(limit).await;
    let seconds = limit.as_secs_f64();
    let message = format!("`mock_timeout` of the deployment: no answer within {seconds} seconds");
    Fault::upstream(ErrorKind::Timeout, message)
}

/// A failure of the asked group that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mock {
    /// `mock_testing_fallbacks`
    Anything,
    /// `mock_testing_context_fallbacks`
    ContextWindow,
    /// `mock_testing_content_policy_fallbacks`
    ContentPolicy,
    /// `mock_testing_rate_limit_error`
    RateLimit,
}

impl Mock {
    /// Of a member of the body.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("mock_testing_")? {
            "fallbacks" => Self::Anything,
            "context_fallbacks" => Self::ContextWindow,
            "content_policy_fallbacks" => Self::ContentPolicy,
            "rate_limit_error" => Self::RateLimit,
            _ => return None,
        })
    }

    /// The failure, in place of any attempt.
    pub fn fault(self, group: &str) -> Fault {
        let kind = match self {
            Self::Anything => ErrorKind::Upstream,
            Self::ContextWindow => ErrorKind::ContextWindow,
            Self::ContentPolicy => ErrorKind::ContentPolicy,
            Self::RateLimit => ErrorKind::RateLimit,
        };
        let message = format!("This is a mock exception for model={group}, to trigger a fallback.");
        Fault::upstream(kind, message).with_retry(Retry::Never)
    }
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
    fn a_text_is_an_answer_of_ten_tokens_in_and_twenty_out() {
        let Ok(Outcome::Whole { body, .. }) = answer("well") else {
            panic!("it is whole");
        };
        let said: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(said["choices"][0]["message"]["content"], "well");
        let usage = &said["usage"];
        let tokens = ["prompt_tokens", "completion_tokens", "total_tokens"];
        assert_eq!(tokens.map(|it| usage[it].as_u64().unwrap()), [10, 20, 30]);
    }

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

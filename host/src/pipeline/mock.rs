//! Answers and failures that are made up: a deployment's `mock_response` in place of an upstream,
//! and failures that a client may ask for where the operator lets it (`mock_testing_*`).

use bytes::Bytes;

use super::attempt::Outcome;
use crate::domain::{ErrorKind, Fault, Retry};

/// How a `mock_response` that is a failure begins.
const FAILURE: &str = "Exception: ";

/// LiteLLM's `mock_response`: the text as an answer, with 10 and 20 tokens; or a failure, by the
/// name of LiteLLM's class (`Exception: litellm.RateLimitError`).
pub fn answer(text: &str) -> Result<Outcome, Fault> {
    if let Some(class) = text.strip_prefix(FAILURE) {
        let kind = kind_of(class.trim());
        return Err(Fault::upstream(kind, "this is a mock exception"));
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

fn kind_of(class: &str) -> ErrorKind {
    match class.strip_prefix("litellm.").unwrap_or(class) {
        "BadRequestError" | "InvalidRequestError" => ErrorKind::InvalidRequest,
        "AuthenticationError" => ErrorKind::Authentication,
        "PermissionDeniedError" => ErrorKind::Permission,
        "NotFoundError" => ErrorKind::NotFound,
        "ContextWindowExceededError" => ErrorKind::ContextWindow,
        "ContentPolicyViolationError" => ErrorKind::ContentPolicy,
        "RateLimitError" => ErrorKind::RateLimit,
        "Timeout" => ErrorKind::Timeout,
        "ServiceUnavailableError" => ErrorKind::Overloaded,
        _ => ErrorKind::Upstream,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mock_that_names_an_exception_fails_as_it_says() {
        let kind = |text: &str| answer(text).err().map(|it| it.kind);
        let limited = kind("Exception: litellm.RateLimitError");
        assert_eq!(limited, Some(ErrorKind::RateLimit));
        assert_eq!(kind("Exception: content"), Some(ErrorKind::Upstream));
        assert_eq!(kind("hello"), None);
    }
}

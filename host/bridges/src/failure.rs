//! What failed, as each dialect says it: before an answer, and in the middle of a stream.

use serde_json::{Value, json};

use crate::refusal::{Refusal, RefusalKind};
use crate::{Dialect, Event};

/// A failure that a client is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The status that the answer has, or would have had.
    pub status: u16,
    pub message: String,
    /// OpenAI's `code`, where there is one.
    pub code: Option<String>,
    pub param: Option<String>,
    /// Seconds to wait before another attempt.
    pub retry_after: Option<u64>,
    pub request_id: Option<String>,
}

impl Failure {
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            code: None,
            param: None,
            retry_after: None,
            request_id: None,
        }
    }

    /// The provider's answer is not what it should be.
    pub fn upstream(message: impl Into<String>) -> Self {
        Self::new(502, message)
    }

    /// The stream ended before the answer did.
    pub fn cut() -> Self {
        Self::upstream("the provider's stream ended before its answer did")
    }

    /// An error that stands in a canonical event or answer.
    pub fn of(error: &Value) -> Self {
        let member = |name: &str| error.get(name).filter(|it| !it.is_null());
        let code = member("code");
        let status = code.and_then(|it| {
            let text = it.as_str().and_then(|it| it.parse().ok());
            it.as_u64().or(text)
        });
        let status = status.and_then(|it| u16::try_from(it).ok());
        let message = member("message").and_then(Value::as_str);
        let mut failure = Self::upstream(message.unwrap_or("the provider failed"));
        failure.status = status.filter(|it| (400..600).contains(it)).unwrap_or(502);
        failure.code = code.and_then(Value::as_str).map(str::to_owned);
        failure.param = member("param").and_then(Value::as_str).map(str::to_owned);
        failure
    }

    /// The body of an answer that failed.
    pub fn body(&self, dialect: Dialect) -> Value {
        match dialect {
            Dialect::Messages => self.anthropic(),
            Dialect::GenerateContent => self.google(),
            Dialect::Responses | Dialect::Completions => json!({"error": {
                "message": self.message, "type": self.openai_type(),
                "param": self.param, "code": self.code}}),
        }
    }

    /// The event that ends a stream, where no answer was begun. In the middle of one, ask the
    /// [`Stream`](crate::Stream).
    pub fn event(&self, dialect: Dialect) -> Event {
        match dialect {
            Dialect::Messages => Event::Named("error", self.anthropic()),
            Dialect::Responses => Event::Named(
                "error",
                json!({"type": "error", "code": self.response_code(), "message": self.message,
                    "param": self.param, "sequence_number": 0}),
            ),
            Dialect::GenerateContent | Dialect::Completions => Event::Data(self.body(dialect)),
        }
    }

    /// The status in Anthropic's API, which has two of its own.
    pub const fn status_in(&self, dialect: Dialect) -> u16 {
        match (dialect, self.status) {
            (Dialect::Messages, 503) => 529,
            (_, status) => status,
        }
    }

    fn anthropic(&self) -> Value {
        let kind = match self.status {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            408 | 504 => "timeout_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            503 | 529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        json!({"type": "error", "error": {"type": kind, "message": self.message},
            "request_id": self.request_id})
    }

    fn google(&self) -> Value {
        let status = match self.status {
            401 => "UNAUTHENTICATED",
            402 | 403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ABORTED",
            429 => "RESOURCE_EXHAUSTED",
            499 => "CANCELLED",
            501 => "UNIMPLEMENTED",
            503 | 529 => "UNAVAILABLE",
            408 | 504 => "DEADLINE_EXCEEDED",
            500.. => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        };
        let mut error = json!({"code": self.status, "message": self.message, "status": status});
        let mut details = Vec::new();
        if let Some(seconds) = self.retry_after {
            details.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": format!("{seconds}s")}));
        }
        if let Some(param) = &self.param {
            details.push(json!({"@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": param, "description": self.message}]}));
        }
        if !details.is_empty() {
            error["details"] = details.into();
        }
        json!({ "error": error })
    }

    const fn openai_type(&self) -> &'static str {
        match self.status {
            401 => "authentication_error",
            402 => "insufficient_quota",
            403 => "permission_error",
            404 => "not_found_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        }
    }

    /// The `code` of a response that failed, which clients act on.
    pub(crate) fn response_code(&self) -> &str {
        let named = self.code.as_deref().filter(|it| it.parse::<u16>().is_err());
        named.unwrap_or(match self.status {
            429 => "rate_limit_exceeded",
            503 | 529 => "server_is_overloaded",
            400..=499 => "invalid_prompt",
            _ => "server_error",
        })
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal.kind {
            RefusalKind::Invalid => (400, None),
            RefusalKind::Unsupported => (400, Some("unsupported_parameter")),
            RefusalKind::NotFound => (404, Some("not_found")),
        };
        let mut failure = Self::new(status, refusal.message);
        failure.code = code.map(str::to_owned);
        failure.param = refusal.param;
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_has_its_own_words_for_a_status() {
        let table = [
            (
                400,
                "invalid_request_error",
                "INVALID_ARGUMENT",
                "invalid_request_error",
            ),
            (
                401,
                "authentication_error",
                "UNAUTHENTICATED",
                "authentication_error",
            ),
            (
                403,
                "permission_error",
                "PERMISSION_DENIED",
                "permission_error",
            ),
            (404, "not_found_error", "NOT_FOUND", "not_found_error"),
            (
                413,
                "request_too_large",
                "INVALID_ARGUMENT",
                "invalid_request_error",
            ),
            (
                429,
                "rate_limit_error",
                "RESOURCE_EXHAUSTED",
                "rate_limit_error",
            ),
            (500, "api_error", "INTERNAL", "server_error"),
            (503, "overloaded_error", "UNAVAILABLE", "server_error"),
            (504, "timeout_error", "DEADLINE_EXCEEDED", "server_error"),
        ];
        for (status, anthropic, google, openai) in table {
            let failure = Failure::new(status, "m");
            assert_eq!(failure.body(Dialect::Messages)["error"]["type"], anthropic);
            assert_eq!(
                failure.body(Dialect::GenerateContent)["error"]["status"],
                google
            );
            assert_eq!(failure.body(Dialect::Responses)["error"]["type"], openai);
        }
    }

    #[test]
    fn a_wait_is_said_to_googles_clients() {
        let mut failure = Failure::new(429, "m");
        failure.retry_after = Some(7);
        let body = failure.body(Dialect::GenerateContent);
        assert_eq!(body["error"]["details"][0]["retryDelay"], "7s");
    }
}

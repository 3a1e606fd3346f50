//! Errors in the words of the contract: what went wrong, whose fault, what may help.

use serde_json::Value;

use crate::Error;

/// The kinds of the contract (`types.error-kind`), spelled once.
pub mod kind {
    /// Malformed, or a value that this provider cannot take.
    pub const INVALID_REQUEST: &str = "invalid-request";
    /// The operation or feature does not exist here.
    pub const UNSUPPORTED: &str = "unsupported";
    /// The credential is missing, wrong or expired.
    pub const AUTHENTICATION: &str = "authentication";
    /// The credential is good, but not for this.
    pub const PERMISSION: &str = "permission";
    /// Unknown model, file, batch.
    pub const NOT_FOUND: &str = "not-found";
    /// The prompt is longer than the model accepts.
    pub const CONTEXT_WINDOW: &str = "context-window";
    /// The provider's own filter refused.
    pub const CONTENT_POLICY: &str = "content-policy";
    /// Too many requests or tokens per time.
    pub const RATE_LIMIT: &str = "rate-limit";
    /// The account has no credit left.
    pub const QUOTA: &str = "quota";
    /// The provider asks to come back later.
    pub const OVERLOADED: &str = "overloaded";
    /// No answer in time.
    pub const TIMEOUT: &str = "timeout";
    /// The provider failed, or answered what is no answer.
    pub const UPSTREAM: &str = "upstream";
    /// The plugin itself failed.
    pub const INTERNAL: &str = "internal";
}

/// An error of the given [`kind`].
pub fn error(kind: &str, message: impl Into<String>) -> Error {
    Error {
        kind: kind.to_owned(),
        message: message.into(),
        status: None,
        retry: None,
        retry_after_ms: None,
        detail: None,
    }
}

/// The request is malformed, or holds a value that this provider cannot take.
pub fn invalid_request(message: impl Into<String>) -> Error {
    error(kind::INVALID_REQUEST, message)
}

/// The operation or feature does not exist at this provider.
pub fn unsupported(message: impl Into<String>) -> Error {
    error(kind::UNSUPPORTED, message)
}

/// The provider answered what is no answer.
pub fn upstream(message: impl Into<String>) -> Error {
    error(kind::UPSTREAM, message)
}

/// The plugin itself failed.
pub fn internal(message: impl Into<String>) -> Error {
    error(kind::INTERNAL, message)
}

/// Adds to an [`Error`] what else is known.
pub trait ErrorExt {
    /// The provider's status code.
    #[must_use]
    fn with_status(self, status: u16) -> Self;
    /// A JSON object: `code`, `param`, `type`, the provider's own error document.
    #[must_use]
    fn with_detail(self, detail: &Value) -> Self;
    /// How long the provider asks to wait, in milliseconds.
    #[must_use]
    fn with_retry_after(self, millis: u64) -> Self;
}

impl ErrorExt for Error {
    fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    fn with_detail(mut self, detail: &Value) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    fn with_retry_after(mut self, millis: u64) -> Self {
        self.retry_after_ms = Some(millis);
        self
    }
}

//! Errors in the words of the contract: what went wrong, whose fault, what may help.

use serde_json::Value;

use crate::Error;

/// The kinds of the contract (`types.error-kind`), spelled once.
pub mod kind {
    pub const INVALID_REQUEST: &str = "invalid-request";
    pub const UNSUPPORTED: &str = "unsupported";
    pub const AUTHENTICATION: &str = "authentication";
    pub const PERMISSION: &str = "permission";
    pub const NOT_FOUND: &str = "not-found";
    pub const CONTEXT_WINDOW: &str = "context-window";
    pub const CONTENT_POLICY: &str = "content-policy";
    pub const RATE_LIMIT: &str = "rate-limit";
    pub const QUOTA: &str = "quota";
    pub const OVERLOADED: &str = "overloaded";
    pub const TIMEOUT: &str = "timeout";
    pub const UPSTREAM: &str = "upstream";
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

//! The classes of error that LiteLLM's policies name: `retry_policy` and `allowed_fails_policy`.

use super::fault::ErrorKind;

/// A class of errors, by the name that policies give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    BadRequest,
    Authentication,
    Timeout,
    RateLimit,
    ContentPolicyViolation,
    InternalServer,
    ServiceUnavailable,
    NotFound,
    BadGateway,
}

impl ErrorClass {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::BadRequest,
        Self::Authentication,
        Self::Timeout,
        Self::RateLimit,
        Self::ContentPolicyViolation,
        Self::InternalServer,
        Self::ServiceUnavailable,
        Self::NotFound,
        Self::BadGateway,
    ];

    /// As policies begin a member's name: `RateLimitErrorRetries`, `RateLimitErrorAllowedFails`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequestError",
            Self::Authentication => "AuthenticationError",
            Self::Timeout => "TimeoutError",
            Self::RateLimit => "RateLimitError",
            Self::ContentPolicyViolation => "ContentPolicyViolationError",
            Self::InternalServer => "InternalServerError",
            Self::ServiceUnavailable => "ServiceUnavailableError",
            Self::NotFound => "NotFoundError",
            Self::BadGateway => "BadGatewayError",
        }
    }

    /// Of its name, with or without `Error` at the end.
    pub fn named(name: &str) -> Option<Self> {
        let wanted =
            |it: &Self| it.as_str().strip_suffix("Error") == Some(name) || it.as_str() == name;
        Self::ALL.into_iter().find(wanted)
    }

    /// The class of a failure.
    pub const fn of(kind: ErrorKind, status: Option<u16>) -> Self {
        match kind {
            ErrorKind::InvalidRequest | ErrorKind::Unsupported | ErrorKind::ContextWindow => {
                Self::BadRequest
            }
            ErrorKind::Authentication | ErrorKind::Permission => Self::Authentication,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::ContentPolicy => Self::ContentPolicyViolation,
            ErrorKind::RateLimit | ErrorKind::Quota => Self::RateLimit,
            ErrorKind::Overloaded => Self::ServiceUnavailable,
            ErrorKind::Timeout => Self::Timeout,
            ErrorKind::Upstream | ErrorKind::Internal => match status {
                Some(502) => Self::BadGateway,
                _ => Self::InternalServer,
            },
        }
    }
}

/// A value for some classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerClass<T>(Vec<(ErrorClass, T)>);

impl<T> Default for PerClass<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> PerClass<T> {
    pub fn set(&mut self, class: ErrorClass, value: T) {
        self.0.retain(|(it, _)| *it != class);
        self.0.push((class, value));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, class: ErrorClass) -> Option<&T> {
        self.0.iter().find(|(it, _)| *it == class).map(|it| &it.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_a_class_that_a_policy_can_name() {
        let classes: Vec<_> = ErrorKind::ALL
            .into_iter()
            .map(|kind| ErrorClass::of(kind, None))
            .collect();
        assert!(classes.iter().all(|it| ErrorClass::ALL.contains(it)));
        assert_eq!(
            ErrorClass::of(ErrorKind::Upstream, Some(502)),
            ErrorClass::BadGateway
        );
        assert_eq!(
            ErrorClass::of(ErrorKind::Quota, Some(402)),
            ErrorClass::RateLimit
        );
    }
}

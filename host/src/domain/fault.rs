//! What went wrong with a call, in words that the router, the log and the client's answer share.

use std::time::Duration;

use serde_json::Value;

/// The kinds of the plugin contract (`types.error-kind`): retry, fallback and cooldown policies go
/// by them, never by a status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    InvalidRequest,
    Unsupported,
    Authentication,
    Permission,
    NotFound,
    ContextWindow,
    ContentPolicy,
    RateLimit,
    Quota,
    Overloaded,
    Timeout,
    Upstream,
    Internal,
}

impl ErrorKind {
    /// Every kind, in the contract's order.
    pub const ALL: [Self; 13] = [
        Self::InvalidRequest,
        Self::Unsupported,
        Self::Authentication,
        Self::Permission,
        Self::NotFound,
        Self::ContextWindow,
        Self::ContentPolicy,
        Self::RateLimit,
        Self::Quota,
        Self::Overloaded,
        Self::Timeout,
        Self::Upstream,
        Self::Internal,
    ];

    /// The contract's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid-request",
            Self::Unsupported => "unsupported",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not-found",
            Self::ContextWindow => "context-window",
            Self::ContentPolicy => "content-policy",
            Self::RateLimit => "rate-limit",
            Self::Quota => "quota",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::Upstream => "upstream",
            Self::Internal => "internal",
        }
    }

    /// LiteLLM's name of the exception that its clients know.
    pub const fn class(self) -> &'static str {
        match self {
            Self::InvalidRequest => "BadRequestError",
            Self::Unsupported => "UnsupportedParamsError",
            Self::Authentication => "AuthenticationError",
            Self::Permission => "PermissionDeniedError",
            Self::NotFound => "NotFoundError",
            Self::ContextWindow => "ContextWindowExceededError",
            Self::ContentPolicy => "ContentPolicyViolationError",
            Self::RateLimit | Self::Quota => "RateLimitError",
            Self::Overloaded => "ServiceUnavailableError",
            Self::Timeout => "Timeout",
            Self::Upstream | Self::Internal => "InternalServerError",
        }
    }

    /// Reads the contract's spelling; an unknown kind counts as `upstream`.
    pub fn from_contract(kind: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == kind)
            .unwrap_or(Self::Upstream)
    }

    /// Whether another attempt may help, where the plugin or the upstream did not say.
    pub const fn retry(self) -> Retry {
        match self {
            Self::InvalidRequest
            | Self::Unsupported
            | Self::ContextWindow
            | Self::ContentPolicy => Retry::Never,
            Self::Authentication | Self::Permission | Self::NotFound | Self::Quota => {
                Retry::NextDeployment
            }
            Self::RateLimit
            | Self::Overloaded
            | Self::Timeout
            | Self::Upstream
            | Self::Internal => Retry::SameDeployment,
        }
    }
}

/// Who has to act for this to go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    Caller,
    Upstream,
    Operator,
    Us,
}

/// What another attempt can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same call fails everywhere.
    Never,
    /// Only another deployment of the group may answer.
    NextDeployment,
    /// Any deployment may answer, this one too.
    SameDeployment,
}

/// Where in the gateway's own doors a caller was refused. Everything else is told by the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// On the way to or from the upstream, or in the plugin.
    Attempt,
    /// The gateway's own checks refused the request before any attempt.
    Door,
    /// No deployment could be tried: all are cooling down or ruled out.
    Router,
}

/// One failure of a call. `message` is for the client; `log` never leaves the house.
#[derive(Debug, Clone)]
pub struct Fault {
    pub kind: ErrorKind,
    pub blame: Blame,
    pub retry: Retry,
    pub at: At,
    /// For the client. Says the cure where there is one.
    pub message: String,
    /// For the log, when there is more to say than the client may hear.
    pub log: Option<String>,
    /// The upstream's status code, if it gave one.
    pub status: Option<u16>,
    /// How long the upstream asks to wait.
    pub retry_after: Option<Duration>,
    /// `error.param` of the answer.
    pub param: Option<String>,
    /// `error.code` of the answer, where it is not the status.
    pub code: Option<String>,
    /// `error.type` of the answer, where the status does not decide it.
    pub type_name: Option<&'static str>,
    /// The provider's own error document, as far as the client may see it.
    pub detail: Option<Value>,
    /// The provider that failed, for LiteLLM's error messages.
    pub provider: Option<String>,
    /// Headers of the answer beside those that the kind decides.
    pub headers: Vec<(&'static str, String)>,
    /// Whether the failure is the plugin's own doing (trap, broken contract): counts against
    /// its version.
    pub plugin_at_fault: bool,
    /// The plugin handed over what the contract or its grants do not allow.
    pub is_breach: bool,
    /// What was begun at the deployment would be done twice elsewhere: nobody else is asked.
    pub bound: bool,
    /// What it says may quote what was asked: it is for the client, and the log has its kind.
    pub is_quiet: bool,
}

impl Fault {
    fn new(kind: ErrorKind, blame: Blame, at: At, message: impl Into<String>) -> Self {
        Self {
            kind,
            blame,
            retry: kind.retry(),
            at,
            message: message.into(),
            log: None,
            status: None,
            retry_after: None,
            param: None,
            code: None,
            type_name: None,
            detail: None,
            provider: None,
            headers: Vec::new(),
            plugin_at_fault: false,
            is_breach: false,
            bound: false,
            is_quiet: false,
        }
    }

    /// The caller asked for what cannot be.
    pub fn caller(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            retry: Retry::Never,
            ..Self::new(kind, Blame::Caller, At::Door, message)
        }
    }

    /// The upstream failed or refused.
    pub fn upstream(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, Blame::Upstream, At::Attempt, message)
    }

    /// The operator has to change something: a missing key, a host not granted.
    pub fn operator(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            retry: Retry::NextDeployment,
            ..Self::new(kind, Blame::Operator, At::Attempt, message)
        }
    }

    /// We failed. The client hears `message`; `log` says what really happened.
    pub fn ours(message: impl Into<String>, log: impl Into<String>) -> Self {
        Self {
            log: Some(log.into()),
            ..Self::new(ErrorKind::Internal, Blame::Us, At::Attempt, message)
        }
    }

    /// The plugin broke the contract.
    pub fn plugin(message: impl Into<String>) -> Self {
        Self {
            plugin_at_fault: true,
            is_breach: true,
            ..Self::new(ErrorKind::Internal, Blame::Us, At::Attempt, message)
        }
    }

    /// The plugin wants what it may not, although it may be the operator who has to act.
    #[must_use]
    pub fn breaching(mut self) -> Self {
        self.is_breach = true;
        self
    }

    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    #[must_use]
    pub fn with_type(mut self, name: &'static str) -> Self {
        self.type_name = Some(name);
        self
    }

    #[must_use]
    pub fn with_log(mut self, log: impl Into<String>) -> Self {
        self.log = Some(log.into());
        self
    }

    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    #[must_use]
    pub fn at(mut self, at: At) -> Self {
        self.at = at;
        self
    }

    /// Whether another deployment may be asked, of this group or of another.
    pub fn may_move(&self) -> bool {
        self.at != At::Door && !self.bound
    }

    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

/// In place of what a quiet fault says.
pub const QUIET: &str = "what the upstream said is not shown (`redact_messages_in_exceptions`)";

/// Longest text of a fault in the log, in bytes.
const LOGGED: usize = 2000;

/// For the log: one line, whatever an upstream wrote.
impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self.is_quiet {
            true => QUIET,
            false => self.log.as_deref().unwrap_or(&self.message),
        };
        let shown = text.get(..text.floor_char_boundary(LOGGED)).unwrap_or(text);
        write!(out, "{}: ", self.kind.as_str())?;
        for (at, line) in shown.split(char::is_control).enumerate() {
            let gap = if at > 0 { " " } else { "" };
            write!(out, "{gap}{line}")?;
        }
        if shown.len() < text.len() {
            write!(out, "... ({} bytes)", text.len())?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_as_it_is_written() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_contract(kind.as_str()), kind);
        }
    }

    #[test]
    fn a_quiet_fault_tells_the_log_its_kind_and_the_client_everything() {
        let mut fault = Fault::upstream(ErrorKind::InvalidRequest, "bad: `my secret prompt`");
        fault.is_quiet = true;
        assert_eq!(fault.to_string(), format!("invalid-request: {QUIET}"));
        assert_eq!(fault.message, "bad: `my secret prompt`");
    }

    #[test]
    fn a_fault_is_one_line_of_the_log_and_no_long_one() {
        let text = format!("no\r\nINFO forged\u{1b}[31m{}", "é".repeat(5000));
        let shown = Fault::upstream(ErrorKind::Upstream, text).to_string();
        assert!(!shown.contains(char::is_control) && shown.len() < LOGGED + 100);
        assert!(shown.starts_with("upstream: no  INFO forged") && shown.ends_with(" bytes)"));
    }

    #[test]
    fn an_unknown_kind_counts_as_upstream() {
        assert_eq!(ErrorKind::from_contract("weather"), ErrorKind::Upstream);
    }
}

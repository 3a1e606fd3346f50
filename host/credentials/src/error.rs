//! Why a request could not be authenticated.

use std::time::Duration;

use crate::secret::Secret;

/// Longest piece of a token server's answer that is repeated, in characters.
const LONGEST_QUOTE: usize = 300;

/// Shorter values are words that stand in texts for other reasons.
const SECRET_LENGTH: usize = 8;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The operator has to set something, or what is set cannot be read.
    Missing,
    /// The token server knows us and says no.
    Refused,
    /// The token server did not answer, or not now.
    Unreachable,
    /// What it answered is no token.
    Malformed,
    /// A way of authentication that this gateway does not have.
    Unsupported,
    /// A fault of this gateway.
    Internal,
}

/// No credential. The message is for the operator: it says the cure and shows no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    /// How long the token server asks to wait.
    pub retry_after: Option<Duration>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(Kind::Missing, message)
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// Whether the same question may be answered otherwise a moment later.
    pub const fn is_passing(&self) -> bool {
        matches!(self.kind, Kind::Unreachable | Kind::Malformed)
    }

    /// Takes out values that a token server may have repeated.
    pub(crate) fn without(mut self, secrets: &[&Secret]) -> Self {
        for secret in secrets.iter().map(|it| it.reveal().trim()) {
            if secret.len() >= SECRET_LENGTH && self.message.contains(secret) {
                self.message = self.message.replace(secret, "***");
            }
        }
        self
    }
}

/// What a server said, short and on one line.
pub(crate) fn quote(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    match words.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{}...", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

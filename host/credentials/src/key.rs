//! What a token depends on, as one number. Secrets go in and cannot be read out.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// Names a cached token: two are the same exactly if everything was the same that they were made
/// from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Key")
    }
}

/// A key, being made.
pub struct KeyMaker(Sha256);

impl Key {
    /// Begins a key. Different kinds of tokens never share one.
    pub fn of(kind: &str) -> KeyMaker {
        KeyMaker(Sha256::new()).text(kind)
    }
}

impl KeyMaker {
    /// Each text is told with its length, so that `ab`, `c` is not `a`, `bc`.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// None is not the empty text.
    #[must_use]
    pub fn maybe(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text("+").text(text),
            None => self.text("-"),
        }
    }

    #[must_use]
    pub fn secret(self, secret: Option<&Secret>) -> Self {
        self.maybe(secret.map(Secret::reveal))
    }

    /// What another key stands for.
    #[must_use]
    pub fn key(mut self, key: Key) -> Self {
        self.0.update(key.0);
        self
    }

    pub fn done(self) -> Key {
        Key(self.0.finalize().into())
    }
}

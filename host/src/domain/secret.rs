//! Text that must not be seen.

use std::fmt;
use std::sync::Arc;

/// A secret value. It has no `Serialize`, and printing it prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the wire. Grep for this name to see every use.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_careless_log_line_shows_nothing() {
        assert_eq!(format!("{:?}", Some(Secret::new("sk-live"))), "Some(***)");
    }
}

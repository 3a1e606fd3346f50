//! What came of a batch.

use std::collections::{BTreeMap, BTreeSet};

use sluice_sdk::Error;
use sluice_sdk::fault::{self, kind};

/// The records of a batch by what came of them, by their places.
#[derive(Debug, Default)]
pub struct Outcome {
    pub taken: BTreeSet<usize>,
    /// With the reason.
    pub refused: BTreeMap<usize, String>,
    pub left: BTreeSet<usize>,
    /// Why some are left.
    pub error: Option<Error>,
}

impl Outcome {
    pub fn refuse(&mut self, record: usize, why: impl Into<String>) {
        self.refused.insert(record, why.into());
    }

    /// Nothing if the service has every record. Where some are left, the error by which they are to
    /// be sent again, even if others were refused; else that some are refused, for good.
    pub fn into_result(self) -> Result<(), Error> {
        let of = self.taken.len() + self.refused.len() + self.left.len();
        if !self.left.is_empty() {
            let late = self.error;
            let mut error =
                late.unwrap_or_else(|| fault::error(kind::UPSTREAM, "the service took a part"));
            error.message = format!(
                "{} of {of} records are left: {}",
                self.left.len(),
                error.message
            );
            return Err(error);
        }
        let Some(why) = self.refused.values().next() else {
            return Ok(());
        };
        let count = self.refused.len();
        let message = format!("{count} of {of} records were refused: {why}");
        let mut error = fault::error(kind::INVALID_REQUEST, message);
        error.retry = Some(false);
        Err(error)
    }
}

//! Where the rows go: the border to the database, which this room does not know.

use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::domain::SpendRow;

/// A record's number in its journal. Later records have greater ones, also after a restart.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Mark(pub(super) u64);

impl Mark {
    /// Before every record.
    pub const ZERO: Self = Self(0);

    /// As a database column keeps it.
    pub fn to_row(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// From its column; a negative number is none of ours and counts as zero.
    pub fn from_row(mark: i64) -> Self {
        Self(u64::try_from(mark).unwrap_or(0))
    }
}

/// Rows to store in one transaction.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The journal they come from ([`super::Journal::id`]).
    pub journal: &'a str,
    /// In the order of their marks. May be empty: then only the mark is stored.
    pub rows: &'a [SpendRow],
    /// With this batch every row of the journal up to here is stored.
    pub through: Mark,
}

/// Why a batch was not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// The database cannot be reached, or is busy: the same batch is sent again later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database refuses what is in the batch, and always will. It is sent in halves until the
    /// row is found that is to blame.
    #[error("the database refuses a row: {0}")]
    Rejected(String),
}

/// Stores spend.
pub trait Sink: Send + Sync {
    /// Stores a batch in one transaction: each row whose call id is not yet there, what it adds to
    /// the accounts of its payers, and `through` as the mark of `journal` (never lowered). A batch
    /// may come twice, whole or in other pieces: what is stored already is left alone.
    fn settle(&self, batch: Batch<'_>) -> impl Future<Output = Result<(), SinkError>> + Send;
}

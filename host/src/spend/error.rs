//! What can go wrong in the journal.

use std::io;
use std::path::PathBuf;

/// Why the journal could not start, or did not take a record.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process holds the directory.
    #[error(
        "the journal directory {directory} is in use by process {holder}: give each replica a directory of its own"
    )]
    InUse { directory: PathBuf, holder: String },
    /// The directory or a file in it refuses.
    #[error("the journal cannot {action} {path}")]
    Path {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The disk took nothing of this record. A settled row is kept in memory for the database all
    /// the same.
    #[error("the journal cannot be written")]
    Write(#[source] io::Error),
    /// The disk took nothing of this row, and the memory for such rows is full: the row of this
    /// call is lost. While the process lives its call stands as open.
    #[error(
        "the spend of call {call_id} is lost: the journal cannot be written and memory is full"
    )]
    Lost {
        call_id: String,
        #[source]
        source: io::Error,
    },
    /// A record longer than the journal's limit, in bytes.
    #[error("a record of {0} bytes is too long for the journal")]
    TooLong(usize),
    /// A record that JSON cannot express.
    #[error("a record cannot be written as JSON")]
    Encode(#[from] serde_json::Error),
    /// The call was opened before and has not been settled.
    #[error("call {0} is open already")]
    AlreadyOpen(String),
    /// The call was never opened, or has been settled.
    #[error("call {0} is not open")]
    NotOpen(String),
}

impl JournalError {
    pub(super) fn path(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Path {
            action,
            path,
            source,
        }
    }
}

/// The database's answer is older than what the journal has handed over since: read it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database was read before the last hand-over of the journal")]
pub struct Stale;

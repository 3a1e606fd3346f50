//! What an operator can choose about the journal.

use std::path::PathBuf;
use std::time::Duration;

/// What becomes of calls while the disk takes no records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenUnwritable {
    /// Answer them. Their rows wait in memory for the database; a kill loses those.
    Serve,
    /// `open`, `top_up` and `settle` fail, and so shall the call.
    Refuse,
}

/// LiteLLM's `proxy_batch_write_at`, unless configured.
pub const WRITE_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub struct Settings {
    /// The replica's own; made with mode 0700 where it is missing.
    pub directory: PathBuf,
    /// A power loss or a lost disk loses at most what was written in this time.
    pub sync_every: Duration,
    /// `proxy_batch_write_at`: rows reach the database at the latest after this time.
    pub write_every: Duration,
    /// Rows of one batch; as many waiting rows start one before its time.
    pub batch_rows: usize,
    /// A batch ends when its rows have this length in the journal, in bytes.
    pub batch_bytes: u64,
    /// A file of the journal is closed at this length, in bytes.
    pub segment_bytes: u64,
    /// Waiting rows are kept in memory up to this sum of their lengths in the journal, in bytes;
    /// the others are read from the disk again.
    pub memory_bytes: u64,
    /// The database's answer to one batch is waited for this long.
    pub sink_timeout: Duration,
    /// The wait after a first failure of the database; it doubles with each further one.
    pub retry_first: Duration,
    /// The longest such wait.
    pub retry_longest: Duration,
    /// A shutdown waits this long for the database. What is left waits on the disk.
    pub shutdown: Duration,
    pub when_unwritable: WhenUnwritable,
}

impl Settings {
    /// The defaults. `write_every` is LiteLLM's; the other numbers are ours.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            sync_every: Duration::from_secs(1),
            write_every: WRITE_EVERY,
            batch_rows: 5000,
            batch_bytes: 8 << 20,
            segment_bytes: 16 << 20,
            memory_bytes: 32 << 20,
            sink_timeout: Duration::from_secs(30),
            retry_first: Duration::from_secs(1),
            retry_longest: Duration::from_secs(60),
            shutdown: Duration::from_secs(10),
            when_unwritable: WhenUnwritable::Serve,
        }
    }
}

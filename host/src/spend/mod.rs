//! Spend, from the end of a call to the database: the journal.
//!
//! A call is written down when it begins and when it ends, in a file of this replica, before its
//! answer's last byte leaves. A task brings the rows to the database in batches and deletes the
//! files that are done with. What is guaranteed when stands in `docs/spend.md`.
//!
//! This room must not know the database (it sees a [`Sink`]), prices (a row comes with its cost)
//! nor budgets (they read [`Journal::pending`]).

mod book;
mod directory;
mod disk;
mod error;
mod flusher;
mod frame;
mod journal;
mod record;
mod replay;
mod settings;
mod sink;
mod tail;
#[cfg(test)]
mod tests;

pub use error::{JournalError, Stale};
pub use flusher::Drained;
pub use journal::{Counts, Gauges, Journal, Pending};
pub use record::{Opened, ToppedUp};
pub use replay::Recovered;
pub use settings::{Settings, WRITE_EVERY, WhenUnwritable};
pub use sink::{Batch, Mark, Sink, SinkError};

//! The records of finished requests, as callbacks are handed them, and how they are delivered.
//!
//! A record is LiteLLM's `StandardLoggingPayload`. Records come from a gateway of any version, so
//! nothing here fails because one member is missing or of another type: it counts as not there, and
//! the rest of the record goes out.
//!
//! [`Record`] reads one, [`Moment`] writes its times, [`ids`] gives names that are the same each
//! time a batch is repeated, [`shrink`] brings what is too large below a service's limit, and
//! [`deliver`] sends a batch in parts, halves what is too large, and keeps what has arrived apart
//! from what has to be sent again.
#![deny(missing_docs)]

mod deliver;
#[cfg(any(test, feature = "testing"))]
pub mod fixtures;
#[cfg(feature = "testing")]
pub mod golden;
pub mod ids;
mod memory;
mod outcome;
mod record;
mod reply;
mod shrink;
mod time;

pub use deliver::{Limits, MOST_REQUESTS, Piece, TIMEOUT_MS, deliver, joined};
pub use record::{Record, without_nulls};
pub use reply::{Fate, Reply, error_of, judge};
pub use shrink::shrink;
pub use time::Moment;

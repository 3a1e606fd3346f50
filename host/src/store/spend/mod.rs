//! What calls cost: one row a call with its lines, the accounts of who pays, and sums by day.

mod accounts;
mod bodies;
mod brought;
mod counts;
mod doc;
mod filter;
mod leases;
mod marks;
mod paces;
mod read;
mod rollups;
mod settle;
mod usage;
mod windows;

use std::borrow::Cow;

use sha2::{Digest, Sha256};

pub use accounts::{Account, TOTAL, WHOLE};
pub use brought::{BroughtDay, BroughtSum};
pub use counts::{CachedCalls, FailedCalls, TagUse, TagUsers};
pub use filter::{SpendFilter, SpendPlace, SpendSort};
pub use leases::{LEASE_MS, LeaseAsk, LeaseOf, Leased};
pub use paces::{FailedKind, Pace};
pub use settle::Settled;
pub use usage::{Dimension, UsageFilter, UsageRow, UsageSums};
pub use windows::NextWindow;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The UTC day of a time, counted from 1970.
pub fn day_of(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

/// Longest text in an index, in bytes. PostgreSQL refuses index entries beyond 2.7 KB, and the
/// widest index has five such texts.
const MOST_INDEXED: usize = 256;

/// A text that clients choose, as it goes into an index: one that is too long is cut and ends in
/// its own hash, so that two of them stay two.
fn indexed(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST_INDEXED {
        return Cow::Borrowed(text);
    }
    let mut end = 128;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let hash = super::migrate::hex(&Sha256::digest(text.as_bytes()));
    Cow::Owned(format!("{}…{hash}", text.get(..end).unwrap_or_default()))
}

/// An id of an entity, as tables hold it.
pub fn stored_id(id: &str) -> Cow<'_, str> {
    indexed(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_stays_itself() {
        let long = "é".repeat(1_000);
        let other = format!("{long}!");
        assert!(indexed(&long).len() <= MOST_INDEXED);
        assert_ne!(indexed(&long), indexed(&other));
        assert_eq!(indexed("short"), "short");
    }

    #[test]
    fn days_begin_at_midnight_before_1970_too() {
        assert_eq!((day_of(0), day_of(DAY_MS - 1), day_of(-1)), (0, 0, -1));
    }
}

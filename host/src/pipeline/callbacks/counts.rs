//! What became of the records of one callback since the start, all tenants together.

use std::sync::atomic::{AtomicU64, Ordering};

/// In records.
#[derive(Debug, Default)]
pub struct Counts {
    pub delivered: AtomicU64,
    /// Given up: its log does not take them.
    pub failed: AtomicU64,
    /// There was no room, or no time at the end.
    pub dropped: AtomicU64,
    /// Sent again; each time.
    pub retried: AtomicU64,
}

impl Counts {
    /// Adds records to one of them.
    pub fn add(to: &AtomicU64, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        to.fetch_add(records, Ordering::Relaxed);
    }

    /// The counts with their names.
    pub fn outcomes(&self) -> [(&'static str, u64); 4] {
        [
            ("delivered", &self.delivered),
            ("failed", &self.failed),
            ("dropped", &self.dropped),
            ("retried", &self.retried),
        ]
        .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}

//! What happened to the plugins: the last entries for an operator to read, and how often.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Entries that are kept.
const ENTRIES: usize = 100;

/// What happened to a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Loaded,
    Refused,
    Removed,
    RolledBack,
    /// Its file is gone, and it goes on serving.
    Kept,
}

impl What {
    pub const ALL: [Self; 5] = [
        Self::Loaded,
        Self::Refused,
        Self::Removed,
        Self::RolledBack,
        Self::Kept,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Refused => "refused",
            Self::Removed => "removed",
            Self::RolledBack => "rolled-back",
            Self::Kept => "kept",
        }
    }
}

/// One line of the reload log.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub at: SystemTime,
    /// The plugin's name, or its file's where it did not come to say one.
    pub plugin: String,
    pub digest: String,
    pub what: What,
    pub detail: String,
}

/// The reload log.
#[derive(Debug, Default)]
pub struct Journal {
    entries: Mutex<VecDeque<LogEntry>>,
    counts: [AtomicU64; What::ALL.len()],
}

impl Journal {
    pub fn note(&self, plugin: &str, digest: &str, what: What, detail: impl Into<String>) {
        let places = What::ALL.iter().zip(&self.counts);
        for (_, count) in places.filter(|(place, _)| **place == what) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let entry = LogEntry {
            at: SystemTime::now(),
            plugin: plugin.to_owned(),
            digest: digest.to_owned(),
            what,
            detail: detail.into(),
        };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == ENTRIES {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// Whether this is what was noted last of this plugin and digest.
    pub fn said_last(&self, plugin: &str, digest: &str, detail: &str) -> bool {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = |it: &&LogEntry| it.plugin == plugin && it.digest == digest;
        entries
            .iter()
            .rev()
            .find(of_it)
            .is_some_and(|it| it.detail == detail)
    }

    /// The entries, newest first.
    pub fn entries(&self) -> Vec<LogEntry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().rev().cloned().collect()
    }

    /// How often each thing happened since the start.
    pub fn counts(&self) -> impl Iterator<Item = (What, u64)> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        What::ALL.into_iter().zip(self.counts.iter().map(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_entries_make_room_and_the_counts_go_on() {
        let journal = Journal::default();
        for number in 0..150 {
            journal.note("acme", &number.to_string(), What::Loaded, "");
        }
        let entries = journal.entries();
        assert_eq!(entries.len(), 100);
        assert_eq!(entries.first().map(|it| it.digest.as_str()), Some("149"));
        let loaded = journal.counts().find(|(what, _)| *what == What::Loaded);
        assert_eq!(loaded, Some((What::Loaded, 150)));
    }
}

//! What changed lately, so that what is cached can be asked whether it still holds.
//!
//! Each change gets the next number. A cached value remembers the number that was current when
//! its reading began: it holds if none of its sources has a later one. As long as nothing at all
//! changed, that is one comparison.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::auth::grant::Source;

/// Changes that are remembered one by one; beyond it everything cached is read again once.
const REMEMBERED: usize = 50_000;

/// The changes since the start.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The number of the newest change.
    newest: AtomicU64,
    marked: RwLock<Marked>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Marked {
    /// The number of the newest change by mark.
    of: HashMap<u64, u64>,
    /// Whatever was read before this one counts as changed.
    floor: u64,
}

/// When a value was read, and from what.
#[derive(Debug)]
pub(super) struct Reading {
    /// The newest change when the reading began.
    began: u64,
    /// The newest change up to which it is known to hold.
    holds: AtomicU64,
    marks: Box<[u64]>,
}

impl Changes {
    /// The number to remember before a reading begins.
    pub(super) fn newest(&self) -> u64 {
        self.newest.load(Ordering::Acquire)
    }

    /// A reading that began at `began` and used these rows.
    pub(super) fn reading(&self, began: u64, sources: &[Source]) -> Reading {
        Reading {
            began,
            holds: AtomicU64::new(began),
            marks: sources.iter().map(|it| self.mark_of(it)).collect(),
        }
    }

    /// Whether nothing that was read has changed since.
    pub(super) fn hold(&self, reading: &Reading) -> bool {
        let newest = self.newest();
        if reading.holds.load(Ordering::Acquire) >= newest {
            return true;
        }
        let marked = self.marked.read().unwrap_or_else(PoisonError::into_inner);
        let later = |mark| marked.of.get(mark).is_some_and(|at| *at > reading.began);
        if marked.floor > reading.began || reading.marks.iter().any(later) {
            return false;
        }
        drop(marked);
        reading.holds.fetch_max(newest, Ordering::AcqRel);
        true
    }

    /// These rows changed or went.
    pub(super) fn mark<'s>(&self, sources: impl IntoIterator<Item = &'s Source>) {
        let marks: Vec<u64> = sources.into_iter().map(|it| self.mark_of(it)).collect();
        let mut marked = self.marked.write().unwrap_or_else(PoisonError::into_inner);
        let number = self.newest().saturating_add(1);
        for mark in marks {
            marked.of.insert(mark, number);
        }
        if marked.of.len() > REMEMBERED {
            marked.of.clear();
            marked.floor = number;
        }
        self.newest.store(number, Ordering::Release);
    }

    /// Nobody knows what changed: everything did.
    pub(super) fn mark_all(&self) {
        let mut marked = self.marked.write().unwrap_or_else(PoisonError::into_inner);
        let number = self.newest().saturating_add(1);
        marked.of.clear();
        marked.floor = number;
        self.newest.store(number, Ordering::Release);
    }

    /// Two sources may share one by chance; then one is read again for nothing.
    fn mark_of(&self, source: &Source) -> u64 {
        self.hasher.hash_one((&*source.kind, &*source.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(id: &str) -> Source {
        Source::new("team", id)
    }

    #[test]
    fn a_reading_falls_with_its_sources_only() {
        let changes = Changes::default();
        let reading = changes.reading(changes.newest(), &[source("a"), source("b")]);
        changes.mark([&source("c")]);
        assert!(changes.hold(&reading) && changes.hold(&reading));
        changes.mark([&source("b")]);
        assert!(!changes.hold(&reading));
    }

    #[test]
    fn a_change_during_the_reading_counts() {
        let changes = Changes::default();
        let began = changes.newest();
        changes.mark([&source("a")]);
        let reading = changes.reading(began, &[source("a")]);
        assert!(!changes.hold(&reading));
        let again = changes.reading(changes.newest(), &[source("a")]);
        assert!(changes.hold(&again));
    }

    #[test]
    fn more_changes_than_are_remembered_make_everything_stale() {
        let changes = Changes::default();
        let reading = changes.reading(changes.newest(), &[source("a")]);
        for at in 0..=REMEMBERED {
            changes.mark([&source(&at.to_string())]);
        }
        assert!(!changes.hold(&reading));
        let reading = changes.reading(changes.newest(), &[source("a")]);
        assert!(changes.hold(&reading));
        changes.mark_all();
        assert!(!changes.hold(&reading));
    }
}

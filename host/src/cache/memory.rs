//! Answers in this process, bounded by their bytes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;

use super::entry::Entry;
use super::key::Key;

/// Kept answers of this process. The answers that are asked for most stay when room runs out.
#[derive(Debug, Clone)]
pub struct Memory {
    held: moka::sync::Cache<Key, Arc<Entry>>,
}

impl Memory {
    pub fn new(max_bytes: u64) -> Self {
        let held = moka::sync::Cache::builder()
            .max_capacity(max_bytes)
            .weigher(weight)
            .expire_after(Ends)
            .build();
        Self { held }
    }

    pub fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.held.get(key)
    }

    pub fn put(&self, key: Key, entry: Arc<Entry>) {
        self.held.insert(key, entry);
    }

    /// Forgets answers; how many of them there were.
    pub fn delete(&self, keys: &[Key]) -> u64 {
        let gone = keys.iter().filter_map(|key| self.held.remove(key));
        u64::try_from(gone.count()).unwrap_or(u64::MAX)
    }

    /// Forgets every answer; how many there were, about.
    pub fn clear(&self) -> u64 {
        let count = self.size().0;
        self.held.invalidate_all();
        self.held.run_pending_tasks();
        count
    }

    /// How many answers there are, and their bytes.
    pub fn size(&self) -> (u64, u64) {
        self.held.run_pending_tasks();
        (self.held.entry_count(), self.held.weighted_size())
    }
}

fn weight(key: &Key, entry: &Arc<Entry>) -> u32 {
    u32::try_from(key.as_str().len() + entry.bytes()).unwrap_or(u32::MAX)
}

/// An answer takes room until its own end.
struct Ends;

impl Ends {
    fn after(entry: &Entry) -> Option<Duration> {
        let left = entry.expires_ms.saturating_sub(entry.stored_ms);
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }
}

impl Expiry<Key, Arc<Entry>> for Ends {
    fn expire_after_create(&self, _: &Key, entry: &Arc<Entry>, _: Instant) -> Option<Duration> {
        Self::after(entry)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Arc<Entry>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Self::after(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::whole;
    use super::*;

    fn key(number: usize) -> Key {
        Key::parse(&format!("sluice:cache:{number:064x}"), None).unwrap()
    }

    #[test]
    fn what_is_held_stays_within_its_bytes() {
        let (memory, most) = (Memory::new(100_000), 100_000);
        for number in 0..500 {
            let entry = whole(&"x".repeat(1_000), 0, 60_000);
            memory.put(key(number), Arc::new(entry));
            if number % 50 == 0 {
                assert!(memory.size().1 <= most, "{:?}", memory.size());
            }
        }
        let (count, bytes) = memory.size();
        assert!(count > 10 && bytes <= most, "{count} {bytes}");
        memory.put(key(0), Arc::new(whole(&"x".repeat(200_000), 0, 60_000)));
        assert!(memory.size().1 <= most && memory.get(&key(0)).is_none());
    }

    #[test]
    fn answers_are_forgotten_by_name_and_all_together() {
        let memory = Memory::new(1 << 20);
        for number in 0..3 {
            memory.put(key(number), Arc::new(whole("x", 0, 60_000)));
        }
        assert_eq!(memory.delete(&[key(0), key(9)]), 1);
        assert!(memory.get(&key(0)).is_none() && memory.get(&key(1)).is_some());
        assert_eq!(memory.clear(), 2);
        assert_eq!(memory.size(), (0, 0));
    }

    #[test]
    fn an_answer_that_has_ended_is_not_given() {
        let memory = Memory::new(1 << 20);
        memory.put(key(1), Arc::new(whole("x", 5, 5)));
        assert!(memory.get(&key(1)).is_none());
    }
}

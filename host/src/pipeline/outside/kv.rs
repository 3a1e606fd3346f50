//! `kv`: what plugins keep for a while, in memory. A plugin sees what is its own and its tenant's,
//! and a plugin that keeps much pushes out only its own.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sluice_engine::{Kv, Pending};
use tokio::time::Instant;

/// What one plugin keeps, in bytes; about.
const MOST_BYTES: usize = 8 << 20;
const MOST_ENTRIES: usize = 50_000;
/// What an entry takes beside its key and its value.
const BESIDE: usize = 96;
const LONGEST_KEY: usize = 512;
const LONGEST_VALUE: usize = 64 << 10;
/// Nothing is kept for longer; a time of 0 is this one.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The stores of all plugins. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shelves {
    by_plugin: Arc<Mutex<HashMap<String, Arc<Mutex<Kept>>>>>,
}

/// A plugin's store as one tenant's calls see it.
#[derive(Debug, Clone)]
pub struct Shelf {
    kept: Arc<Mutex<Kept>>,
    tenant: Arc<str>,
}

type Place = (Arc<str>, String);

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Place, Entry>,
    /// In the order in which they came; one that is gone may still stand here.
    order: VecDeque<Place>,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct Entry {
    value: Vec<u8>,
    until: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelves {
    /// The store of a plugin for one tenant.
    pub fn of(&self, plugin: &str, tenant: &str) -> Shelf {
        let mut all = lock(&self.by_plugin);
        let kept = all.entry(plugin.to_owned()).or_default();
        Shelf {
            kept: Arc::clone(kept),
            tenant: tenant.into(),
        }
    }

    /// Entries and bytes of all plugins.
    pub fn size(&self) -> (usize, usize) {
        let all: Vec<_> = lock(&self.by_plugin).values().cloned().collect();
        all.iter().fold((0, 0), |(entries, bytes), kept| {
            let kept = lock(kept);
            (entries + kept.entries.len(), bytes + kept.bytes)
        })
    }
}

impl Kept {
    fn get(&mut self, place: &Place) -> Option<&Entry> {
        let found = self.entries.get(place)?;
        if found.until <= Instant::now() {
            self.remove(place);
            return None;
        }
        self.entries.get(place)
    }

    fn remove(&mut self, place: &Place) {
        if let Some(entry) = self.entries.remove(place) {
            self.bytes = self.bytes.saturating_sub(size(place, &entry));
        }
    }

    fn put(&mut self, place: Place, entry: Entry) {
        self.remove(&place);
        let bytes = size(&place, &entry);
        while self.bytes + bytes > MOST_BYTES || self.entries.len() >= MOST_ENTRIES {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.remove(&oldest);
        }
        self.bytes += bytes;
        self.order.push_back(place.clone());
        self.entries.insert(place, entry);
        // Those that were written again stand here twice.
        if self.order.len() > self.entries.len().saturating_mul(2) + 64 {
            let entries = &self.entries;
            let mut seen = std::collections::HashSet::new();
            let mut order: VecDeque<Place> = std::mem::take(&mut self.order);
            order.retain(|it| entries.contains_key(it) && seen.insert(it.clone()));
            self.order = order;
        }
    }
}

fn size((tenant, key): &Place, entry: &Entry) -> usize {
    tenant.len() + key.len() + entry.value.len() + BESIDE
}

fn until(ttl_seconds: u32) -> Instant {
    let asked = Duration::from_secs(u64::from(ttl_seconds));
    let time = match asked.is_zero() {
        true => LONGEST,
        false => asked.min(LONGEST),
    };
    Instant::now() + time
}

impl Shelf {
    fn place(&self, key: String) -> Option<Place> {
        (key.len() <= LONGEST_KEY).then(|| (Arc::clone(&self.tenant), key))
    }

    fn read(&self, key: String) -> Option<Vec<u8>> {
        let place = self.place(key)?;
        lock(&self.kept).get(&place).map(|it| it.value.clone())
    }

    /// What is too long is not kept: values are lost without notice.
    fn write(&self, key: String, value: Vec<u8>, ttl_seconds: u32) {
        let Some(place) = self.place(key).filter(|_| value.len() <= LONGEST_VALUE) else {
            return;
        };
        let until = until(ttl_seconds);
        lock(&self.kept).put(place, Entry { value, until });
    }

    /// A sum keeps the time that it began with: what is counted are windows.
    fn count(&self, key: String, delta: i64, ttl_seconds: u32) -> i64 {
        let Some(place) = self.place(key) else {
            return delta;
        };
        let mut kept = lock(&self.kept);
        let (before, until) = match kept.get(&place) {
            Some(entry) => (number(&entry.value), entry.until),
            None => (0, until(ttl_seconds)),
        };
        let sum = before.saturating_add(delta);
        let value = sum.to_string().into_bytes();
        kept.put(place, Entry { value, until });
        sum
    }
}

/// A sum, as its digits. What is none counts as 0.
fn number(value: &[u8]) -> i64 {
    let text = std::str::from_utf8(value).ok();
    text.and_then(|it| it.parse().ok()).unwrap_or(0)
}

impl Kv for Shelf {
    fn get(&self, key: String) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(std::future::ready(self.read(key)))
    }

    fn set(&self, key: String, value: Vec<u8>, ttl_seconds: u32) -> Pending<'_, ()> {
        self.write(key, value, ttl_seconds);
        Box::pin(std::future::ready(()))
    }

    fn add(&self, key: String, delta: i64, ttl_seconds: u32) -> Pending<'_, i64> {
        Box::pin(std::future::ready(self.count(key, delta, ttl_seconds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn what_is_kept_is_the_plugins_and_the_tenants_own() {
        let shelves = Shelves::default();
        let ours = shelves.of("a", "team:1");
        ours.write(key("k"), b"v".to_vec(), 0);
        assert_eq!(shelves.of("a", "team:1").read(key("k")).unwrap(), b"v");
        for (plugin, tenant) in [("a", "team:2"), ("b", "team:1")] {
            assert!(shelves.of(plugin, tenant).read(key("k")).is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_gone_after_its_time_and_a_sum_keeps_its_first() {
        let shelf = Shelves::default().of("a", "t");
        shelf.write(key("k"), b"v".to_vec(), 10);
        assert_eq!(shelf.count(key("n"), 2, 10), 2);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(shelf.count(key("n"), 3, 10), 5);
        assert!(shelf.read(key("k")).is_some());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(shelf.read(key("k")).is_none());
        assert_eq!(shelf.count(key("n"), 1, 10), 1);
    }

    #[test]
    fn who_keeps_much_pushes_out_only_its_own() {
        let shelves = Shelves::default();
        let (greedy, modest) = (shelves.of("a", "t"), shelves.of("b", "t"));
        modest.write(key("k"), b"v".to_vec(), 0);
        for at in 0..1000 {
            greedy.write(format!("{at}"), vec![0; 32 << 10], 0);
        }
        assert!(greedy.read(key("0")).is_none() && greedy.read(key("999")).is_some());
        assert!(modest.read(key("k")).is_some());
        assert!(shelves.size().1 < 2 * MOST_BYTES);
        greedy.write(key("large"), vec![0; LONGEST_VALUE + 1], 0);
        assert!(greedy.read(key("large")).is_none());
    }

    #[test]
    fn one_entry_that_is_written_again_and_again_takes_no_more_room() {
        let shelf = Shelves::default().of("a", "t");
        for _ in 0..10_000 {
            shelf.count(key("n"), 1, 60);
        }
        let kept = lock(&shelf.kept);
        assert!(kept.entries.len() == 1 && kept.order.len() < 100);
    }
}

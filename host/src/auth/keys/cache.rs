//! A bounded memory in front of the store: one reading at a time for each name, unknown names
//! remembered too, and what is remembered serves on for a while when the store does not answer.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::changes::{Changes, Reading};
use crate::auth::grant::Source;

/// A value that can be kept.
pub(super) trait Cached: Send + Sync + 'static {
    /// The rows it was read from.
    fn sources(&self) -> &[Source];
    /// About how many bytes it holds.
    fn weight(&self) -> usize;
}

/// How long what is remembered holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Until it is read again.
    pub ttl: Duration,
    /// The same for names that nobody knows.
    pub unknown_ttl: Duration,
    /// Bytes.
    pub max_bytes: u64,
    /// How old it may be when the store does not answer; zero: as `ttl` says.
    pub outage_age: Duration,
}

/// The store did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub Arc<str>);

/// Unknown names that are remembered; each is about 200 bytes.
const UNKNOWN_NAMES: u64 = 20_000;

/// Readings that run at the same time: a flood of wrong keys takes no more of the store.
const READINGS: usize = 32;

/// How long one reading may wait and take.
const READING_TIMEOUT: Duration = Duration::from_secs(3);

/// While the store is down it is asked this often on behalf of what is remembered.
const PROBE_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Cache<V: Cached> {
    known: moka::sync::Cache<Arc<str>, Arc<Entry<V>>>,
    unknown: moka::sync::Cache<Arc<str>, Arc<Entry<V>>>,
    lanes: Mutex<HashMap<Arc<str>, Arc<Lane>>>,
    changes: Arc<Changes>,
    readings: Semaphore,
    /// When the store last failed, or was last tried since.
    down: Mutex<Option<Instant>>,
    terms: ArcSwap<Terms>,
}

struct Entry<V> {
    value: Option<Arc<V>>,
    read_at: Instant,
    reading: Reading,
}

/// Those who wait for one name. It holds the last failure, which they share.
#[derive(Default)]
struct Lane(tokio::sync::Mutex<Option<(Instant, Unreachable)>>);

enum Look<V> {
    Fresh(Option<Arc<V>>),
    /// Too old, but nothing says that it changed.
    Old(Arc<Entry<V>>),
    Missing,
}

impl<V: Cached> Cache<V> {
    pub(super) fn new(terms: Terms, changes: Arc<Changes>) -> Self {
        Self {
            known: moka::sync::Cache::builder()
                .weigher(|name: &Arc<str>, entry: &Arc<Entry<V>>| {
                    let value = entry.value.as_ref().map_or(0, |value| value.weight());
                    let bytes = value.saturating_add(name.len()).saturating_add(240);
                    u32::try_from(bytes).unwrap_or(u32::MAX)
                })
                .max_capacity(terms.max_bytes)
                .build(),
            unknown: moka::sync::Cache::new(UNKNOWN_NAMES),
            lanes: Mutex::default(),
            changes,
            readings: Semaphore::new(READINGS),
            down: Mutex::default(),
            terms: ArcSwap::from_pointee(terms),
        }
    }

    /// How long what is remembered holds from now on; the size stays.
    pub(super) fn set_terms(&self, terms: Terms) {
        self.terms.store(Arc::new(terms));
    }

    /// The value of a name, remembered or read by `read`. None: nobody knows the name, which is
    /// remembered until one of
    /// `sources` changes.
    pub(super) async fn get<F, T>(
        &self,
        name: &str,
        sources: impl Fn() -> Vec<Source>,
        read: F,
    ) -> Result<Option<Arc<V>>, Unreachable>
    where
        F: FnOnce() -> T,
        T: Future<Output = Result<Option<V>, Unreachable>>,
    {
        let old = match self.look(name) {
            Look::Fresh(value) => return Ok(value),
            Look::Old(entry) => Some(entry),
            Look::Missing => None,
        };
        let old = old.filter(|entry| self.may_serve(entry));
        if let Some(entry) = &old
            && !self.may_probe()
        {
            return Ok(entry.value.clone());
        }
        self.read(name, sources, read, old).await
    }

    async fn read<F, T>(
        &self,
        name: &str,
        sources: impl Fn() -> Vec<Source>,
        read: F,
        old: Option<Arc<Entry<V>>>,
    ) -> Result<Option<Arc<V>>, Unreachable>
    where
        F: FnOnce() -> T,
        T: Future<Output = Result<Option<V>, Unreachable>>,
    {
        let asked_at = Instant::now();
        let lane = self.enter(name);
        let mut failed = lane.lane.0.lock().await;
        if let Look::Fresh(value) = self.look(name) {
            return Ok(value);
        }
        let shared = failed.as_ref().filter(|(at, _)| *at >= asked_at);
        if let Some((_, why)) = shared {
            return served(old, why.clone());
        }
        let began = self.changes.newest();
        let reading = async {
            let closed = |_| Unreachable("the key check is shutting down".into());
            let _permit = self.readings.acquire().await.map_err(closed)?;
            read().await
        };
        let late = || Unreachable("the database took too long to answer".into());
        let answer = timeout(READING_TIMEOUT, reading).await;
        match answer.unwrap_or_else(|_| Err(late())) {
            Ok(value) => {
                *self.down.lock().unwrap_or_else(PoisonError::into_inner) = None;
                *failed = None;
                let value = value.map(Arc::new);
                self.keep(name, sources, began, value.clone());
                Ok(value)
            }
            Err(why) => {
                let now = Instant::now();
                *self.down.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                *failed = Some((now, why.clone()));
                served(old, why)
            }
        }
    }

    fn keep(
        &self,
        name: &str,
        sources: impl Fn() -> Vec<Source>,
        began: u64,
        value: Option<Arc<V>>,
    ) {
        let name: Arc<str> = name.into();
        let entry = Arc::new(Entry {
            reading: match &value {
                Some(value) => self.changes.reading(began, value.sources()),
                None => self.changes.reading(began, &sources()),
            },
            read_at: Instant::now(),
            value,
        });
        if entry.value.is_some() {
            self.unknown.invalidate(&name);
            self.known.insert(name, entry);
        } else {
            self.known.invalidate(&name);
            self.unknown.insert(name, entry);
        }
    }

    fn look(&self, name: &str) -> Look<V> {
        let entry = self.known.get(name).or_else(|| self.unknown.get(name));
        let Some(entry) = entry.filter(|entry| self.changes.hold(&entry.reading)) else {
            return Look::Missing;
        };
        let ttl = match entry.value {
            Some(_) => self.terms.load().ttl,
            None => self.terms.load().unknown_ttl,
        };
        if entry.read_at.elapsed() < ttl {
            Look::Fresh(entry.value.clone())
        } else {
            Look::Old(entry)
        }
    }

    /// Whether an old entry may stand in for a store that does not answer.
    fn may_serve(&self, entry: &Entry<V>) -> bool {
        entry.value.is_some() && entry.read_at.elapsed() < self.terms.load().outage_age
    }

    /// Whether this call asks the store on behalf of what is remembered: always while the store
    /// is well, once in a while when it is not.
    fn may_probe(&self) -> bool {
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *down {
            Some(tried) if tried.elapsed() < PROBE_EVERY => false,
            Some(tried) => {
                *tried = Instant::now();
                true
            }
            None => true,
        }
    }

    fn enter(&self, name: &str) -> Ticket<'_, V> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let name: Arc<str> = name.into();
        let lane = Arc::clone(lanes.entry(Arc::clone(&name)).or_default());
        Ticket {
            cache: self,
            name,
            lane,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.known.entry_count()
    }
}

/// What is remembered, else the failure.
fn served<V>(old: Option<Arc<Entry<V>>>, why: Unreachable) -> Result<Option<Arc<V>>, Unreachable> {
    match old {
        Some(entry) => Ok(entry.value.clone()),
        None => Err(why),
    }
}

/// A place in a lane; the last one out closes it.
struct Ticket<'c, V: Cached> {
    cache: &'c Cache<V>,
    name: Arc<str>,
    lane: Arc<Lane>,
}

impl<V: Cached> Drop for Ticket<'_, V> {
    fn drop(&mut self) {
        let lanes = &self.cache.lanes;
        let mut lanes = lanes.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and ours: nobody else waits.
        if Arc::strong_count(&self.lane) <= 2 {
            lanes.remove(&self.name);
        }
    }
}

impl<V: Cached> fmt::Debug for Cache<V> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cache")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

//! Answers that were given once, kept for the same question: in memory or in a Redis that replicas
//! share. The room knows no operations, no callers and no HTTP; the pipeline says what a question
//! is, whose the answer is and whether it is one to keep. A cache that is gone is as good as an
//! empty one: no call ever fails by it.

mod canonical;
mod entry;
mod flight;
mod key;
mod memory;
mod remote;
mod report;
mod wish;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::config::defaults::LONGEST_CACHE_TTL;
use crate::config::{CachePlace, CacheShare, Caching};
use crate::telemetry::metrics::Metrics;

pub use canonical::items;
pub use entry::{Entry, Kept, Part, Recording};
pub use flight::{Lead, Turn};
pub use key::{Asked, Key, Namer};
pub use wish::Wish;

use flight::Flights;
use memory::Memory;
use remote::Redis;

/// Answers on their way to Redis at the same time; with more of them the next ones are not kept.
const WRITES: usize = 256;

/// Kept answers. Clones share everything.
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

struct Inner {
    state: ArcSwap<State>,
    flights: Flights,
    metrics: Metrics,
    writers: TaskTracker,
    writes: Arc<Semaphore>,
}

struct State {
    caching: Caching,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Memory(Memory),
    Redis(Redis),
}

impl Place {
    fn new(caching: &Caching, metrics: &Metrics) -> Self {
        match &caching.place {
            CachePlace::Memory => Self::Memory(Memory::new(caching.max_bytes)),
            CachePlace::Redis(address) => Self::Redis(Redis::new(address, metrics.clone())),
        }
    }
}

/// What the cache does for one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// An answer that is kept is given.
    pub reads: bool,
    /// The answer is kept.
    pub keeps: bool,
    /// Calls that are the same wait for each other.
    pub coalesces: bool,
    pub share: CacheShare,
    /// Of the config, before every key.
    pub namespace: Option<String>,
    ttl: Duration,
    max_age: Option<Duration>,
    max_entry_bytes: usize,
}

/// Why Redis did not do what an operator asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Redis does not answer: {0}")]
pub struct Unreachable(String);

/// What an operator sees of the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    pub on: bool,
    /// `local` or `redis`.
    pub kind: &'static str,
    /// `host:port` of a Redis.
    pub address: Option<String>,
    pub namespace: String,
    /// Answers and their bytes, in memory.
    pub size: Option<(u64, u64)>,
}

impl Cache {
    pub fn new(caching: &Caching, metrics: Metrics) -> Self {
        let state = State {
            caching: caching.clone(),
            place: Place::new(caching, &metrics),
        };
        Self {
            inner: Arc::new(Inner {
                state: ArcSwap::from_pointee(state),
                flights: Flights::default(),
                metrics,
                writers: TaskTracker::new(),
                writes: Arc::new(Semaphore::new(WRITES)),
            }),
        }
    }

    /// Takes over changed settings. What is kept stays, unless its place changes.
    pub fn configure(&self, caching: &Caching) {
        let before = self.inner.state.load();
        if before.caching == *caching {
            return;
        }
        let stays =
            before.caching.place == caching.place && before.caching.max_bytes == caching.max_bytes;
        let place = match &before.place {
            place if stays => place.clone(),
            _ => Place::new(caching, &self.inner.metrics),
        };
        self.inner.state.store(Arc::new(State {
            caching: caching.clone(),
            place,
        }));
    }

    /// What is done for a call of this operation. None: nothing.
    pub fn plan(&self, operation: &str, wish: &Wish) -> Option<Plan> {
        let state = self.inner.state.load();
        let caching = &state.caching;
        let wanted = wish.use_cache.unwrap_or(!caching.on_request);
        let listed = caching.operations.as_ref();
        let supported = listed.is_none_or(|list| list.contains(&operation));
        if !caching.on || !wanted || !supported {
            return None;
        }
        let ttl = wish.ttl.unwrap_or(caching.ttl).min(LONGEST_CACHE_TTL);
        let plan = Plan {
            reads: !wish.no_cache && wish.max_age != Some(Duration::ZERO),
            keeps: !wish.no_store && millis(ttl) > 0,
            coalesces: caching.coalesce,
            share: caching.share,
            namespace: caching.namespace.clone(),
            ttl,
            max_age: wish.max_age,
            max_entry_bytes: caching.max_entry_bytes,
        };
        (plan.reads || plan.keeps).then_some(plan)
    }

    /// The answers that are kept under these keys and hold, each in its key's place.
    pub async fn get(&self, plan: &Plan, keys: &[Key], now_ms: i64) -> Vec<Option<Arc<Entry>>> {
        if !plan.reads {
            return vec![None; keys.len()];
        }
        let state = self.inner.state.load_full();
        let found = match &state.place {
            Place::Memory(memory) => keys.iter().map(|key| memory.get(key)).collect(),
            Place::Redis(redis) => redis.get(keys).await,
        };
        let max_age = plan.max_age.map(millis);
        let holds = |it: &Arc<Entry>| it.holds(now_ms, max_age);
        found.into_iter().map(|it| it.filter(holds)).collect()
    }

    /// Keeps answers, if they are not too large. In Redis they are a moment later.
    pub fn put(&self, plan: &Plan, entries: Vec<(Key, Arc<Entry>)>) {
        let small = |it: &(Key, Arc<Entry>)| it.1.bytes() <= plan.max_entry_bytes;
        let entries: Vec<_> = entries.into_iter().filter(small).collect();
        if !plan.keeps || entries.is_empty() {
            return;
        }
        let state = self.inner.state.load_full();
        match &state.place {
            Place::Memory(memory) => {
                for (key, entry) in entries {
                    memory.put(key, entry);
                }
            }
            Place::Redis(redis) => {
                let Ok(place) = Arc::clone(&self.inner.writes).try_acquire_owned() else {
                    self.inner.metrics.cache_failure("full");
                    return;
                };
                let redis = redis.clone();
                self.inner.writers.spawn(async move {
                    redis.put(&entries).await;
                    drop(place);
                });
            }
        }
    }

    /// Leads the calls of this key, or waits for the one that does.
    pub async fn turn(&self, key: &Key) -> Turn {
        self.inner.flights.turn(key).await
    }

    /// How a call was served: `hit`, `miss`, `partial` (some inputs of several) or `joined`.
    pub fn count(&self, operation: &'static str, outcome: &'static str) {
        self.inner.metrics.cache_lookup(operation, outcome);
    }

    /// Forgets answers by their keys; how many there were. Keys of other namespaces are none.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn delete(&self, keys: &[String]) -> Result<u64, Unreachable> {
        let state = self.inner.state.load_full();
        let namespace = state.caching.namespace.as_deref();
        let own = |it: &String| Key::parse(it, namespace);
        let keys: Vec<Key> = keys.iter().filter_map(own).collect();
        match &state.place {
            Place::Memory(memory) => Ok(memory.delete(&keys)),
            Place::Redis(redis) => redis.delete(&keys).await,
        }
    }

    /// Forgets every answer of the namespace; how many there were.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn clear(&self) -> Result<u64, Unreachable> {
        let state = self.inner.state.load_full();
        match &state.place {
            Place::Memory(memory) => Ok(memory.clear()),
            Place::Redis(redis) => redis.clear(prefix(&state.caching)).await,
        }
    }

    /// Whether answers can be kept.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn ping(&self) -> Result<(), Unreachable> {
        let state = self.inner.state.load_full();
        match &state.place {
            Place::Memory(_) => Ok(()),
            Place::Redis(redis) => redis.ping().await,
        }
    }

    /// What Redis says of itself, by name. None: answers are in memory.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn info(&self) -> Result<Option<Vec<(String, String)>>, Unreachable> {
        let state = self.inner.state.load_full();
        match &state.place {
            Place::Memory(_) => Ok(None),
            Place::Redis(redis) => redis.info().await.map(Some),
        }
    }

    pub fn sight(&self) -> Sight {
        let state = self.inner.state.load();
        let (kind, address, size) = match &state.place {
            Place::Memory(memory) => ("local", None, Some(memory.size())),
            Place::Redis(redis) => ("redis", Some(redis.shown().to_owned()), None),
        };
        Sight {
            on: state.caching.on,
            kind,
            address,
            namespace: prefix(&state.caching).to_owned(),
            size,
        }
    }

    /// Waits for what is being written to Redis.
    pub async fn close(&self) {
        self.inner.writers.close();
        self.inner.writers.wait().await;
    }
}

impl Plan {
    /// When an answer that is kept now has to go.
    pub fn expires_ms(&self, now_ms: i64) -> i64 {
        now_ms.saturating_add(millis(self.ttl))
    }

    /// More than this is not kept, in bytes.
    pub const fn max_entry_bytes(&self) -> usize {
        self.max_entry_bytes
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Cache")
    }
}

fn prefix(caching: &Caching) -> &str {
    caching.namespace.as_deref().unwrap_or(key::PREFIX)
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;

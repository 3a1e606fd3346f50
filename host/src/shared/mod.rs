//! What replicas share through a Redis: the count of limits, how deployments are doing, and words
//! between them. The room keeps nothing that must outlive a Redis: all of it is counted anew, or
//! told again, when it is back.

mod limits;
mod standings;
mod words;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use crate::config::Config;
use crate::redis_link::{Link, Words};

pub use limits::HOLD;
pub use standings::{Doing, EXCHANGE_EVERY};
pub use words::Word;

/// Before every key, where no namespace is configured.
const PREFIX: &str = "sluice";

const WORDS: Words = Words {
    lost: "Redis does not answer: until it is back each replica counts limits by itself, as its part \
           of them, and learns nothing of the others' deployments",
    back: "Redis is back: limits and deployments are shared again",
    refused: "Redis refuses what replicas share",
};

/// The longest time after which a Redis that was lost is asked again: limits are looser without it.
const ASKED_EVERY: Duration = Duration::from_secs(2);

/// What replicas share. Clones share it too.
#[derive(Clone)]
pub struct Shared {
    inner: Arc<Inner>,
}

struct Inner {
    link: Link,
    prefix: String,
    /// Of this run of the process alone.
    replica: String,
    /// Replicas that Redis knows.
    here: AtomicU64,
    /// Replicas that the database knows.
    on_database: AtomicU64,
    /// Told when this replica changed the database.
    news: Notify,
}

/// How it is with what is shared, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// `host:port`.
    pub address: String,
    pub up: bool,
    pub failures: u64,
    pub replicas: u64,
}

impl Shared {
    /// None: the config names no Redis, so each replica is for itself. Connects with the first use.
    pub fn new(config: &Config) -> Option<Self> {
        let address = config.shared_redis()?;
        let namespace = config.caching.namespace.as_deref();
        let link = Link::new(address, WORDS).asked_every(ASKED_EVERY);
        Some(Self::over(link, namespace.unwrap_or(PREFIX)))
    }

    fn over(link: Link, prefix: &str) -> Self {
        Self {
            inner: Arc::new(Inner {
                link,
                prefix: prefix.to_owned(),
                replica: format!("{:032x}", rand::random::<u128>()),
                here: AtomicU64::new(1),
                on_database: AtomicU64::new(1),
                news: Notify::new(),
            }),
        }
    }

    /// So many gateways run on the database: what is known of replicas while Redis is gone.
    pub fn set_on_database(&self, count: u64) {
        self.inner.on_database.store(count, Ordering::Relaxed);
    }

    /// Replicas that are known, this one among them.
    pub fn replicas(&self) -> u64 {
        let here = self.inner.here.load(Ordering::Relaxed);
        if self.inner.link.is_up() {
            return here.max(1);
        }
        let on_database = self.inner.on_database.load(Ordering::Relaxed);
        here.max(on_database).max(1)
    }

    pub fn sight(&self) -> Sight {
        let link = &self.inner.link;
        Sight {
            address: link.shown().to_owned(),
            up: link.is_up(),
            failures: link.failures(),
            replicas: self.replicas(),
        }
    }

    fn key(&self, what: &str, name: &str) -> String {
        format!("{}:{what}:{name}", self.inner.prefix)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Shared({})", self.inner.link.shown())
    }
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;

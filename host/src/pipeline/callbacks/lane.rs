//! One callback with the settings of one tenant: what waits for it, and in which batches it goes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::counts::Counts;
use super::set::Ready;
use crate::config::CallbackDelivery;
use crate::domain::Fault;

/// Bytes of one batch; at least one record.
const BATCH_BYTES: usize = 4 << 20;

/// What a record is made of.
pub trait Tale: Send + Sync {
    /// What it takes in memory, about.
    fn bytes(&self) -> usize;

    /// The record; `content`: with what was said.
    fn tell(&self, content: bool) -> BoxFuture<'_, String>;
}

/// Who is told, or why nobody is.
pub type Address = Result<Arc<Ready>, Fault>;

pub struct Lane {
    /// The callback's name in the config, or in the metadata of a key or a team.
    pub name: Arc<str>,
    /// Whose it is: `operator`, `team:…`, `key:…`.
    pub tenant: Arc<str>,
    pub counts: Arc<Counts>,
    address: ArcSwap<Address>,
    delivery: ArcSwap<CallbackDelivery>,
    waiting: Mutex<Waiting>,
    /// Records that were taken to be carried.
    carried: AtomicUsize,
    /// Something came, or is otherwise now.
    pub stirred: Notify,
    /// Nothing comes any more.
    closed: AtomicBool,
    /// It was said that records are dropped.
    pub is_dropping: AtomicBool,
}

struct Waiting {
    tales: VecDeque<(Arc<dyn Tale>, Instant)>,
    bytes: usize,
    /// When the last one came.
    used: Instant,
}

impl Lane {
    pub fn new(
        (name, tenant): (&str, &str),
        address: Address,
        delivery: CallbackDelivery,
        counts: Arc<Counts>,
    ) -> Self {
        Self {
            name: name.into(),
            tenant: tenant.into(),
            counts,
            address: ArcSwap::from_pointee(address),
            delivery: ArcSwap::from_pointee(delivery),
            waiting: Mutex::new(Waiting {
                tales: VecDeque::new(),
                bytes: 0,
                used: Instant::now(),
            }),
            carried: AtomicUsize::new(0),
            stirred: Notify::new(),
            closed: AtomicBool::new(false),
            is_dropping: AtomicBool::new(false),
        }
    }

    /// Who is told now.
    pub fn address(&self) -> Arc<Address> {
        self.address.load_full()
    }

    /// The next batch goes by this.
    pub fn readdress(&self, address: Address) {
        if let (Ok(now), Ok(new)) = (&*self.address(), &address)
            && Arc::ptr_eq(now, new)
        {
            return;
        }
        if let Ok(ready) = &address {
            self.delivery.store(Arc::new(ready.delivery));
        }
        self.address.store(Arc::new(address));
        self.stirred.notify_one();
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub fn delivery(&self) -> CallbackDelivery {
        **self.delivery.load()
    }

    /// Nothing comes any more: its worker ends when all is gone.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.stirred.notify_one();
    }

    /// Lets a record wait; the oldest that wait give way.
    pub fn push(&self, tale: Arc<dyn Tale>) {
        let most = self.delivery();
        let mut waiting = self.waiting();
        waiting.used = Instant::now();
        waiting.bytes = waiting.bytes.saturating_add(tale.bytes());
        let now = waiting.used;
        waiting.tales.push_back((tale, now));
        let mut dropped = 0;
        while waiting.tales.len() > most.queue_records
            || (waiting.bytes > most.queue_bytes && waiting.tales.len() > 1)
        {
            dropped += usize::from(waiting.pop().is_some());
        }
        drop(waiting);
        if dropped > 0 {
            Counts::add(&self.counts.dropped, dropped);
            if !self.is_dropping.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    callback = %self.name, tenant = %self.tenant,
                    "records are dropped: more wait for the callback than may"
                );
            }
        }
        self.stirred.notify_one();
    }

    /// The next batch, when it is due: it is full, its oldest record has waited for long enough, or
    /// `stop` says that nobody waits any more. None: nothing is left, and nothing comes.
    pub async fn next(&self, stop: &CancellationToken) -> Option<Vec<Arc<dyn Tale>>> {
        loop {
            let most = self.delivery();
            let hurries = stop.is_cancelled() || self.closed.load(Ordering::Relaxed);
            let due = {
                let mut waiting = self.waiting();
                let full = waiting.tales.len() >= most.batch || waiting.bytes >= BATCH_BYTES;
                let due = waiting.tales.front().map(|(_, since)| *since + most.flush);
                if due.is_some_and(|it| full || hurries || it <= Instant::now()) {
                    let batch = waiting.take(most.batch);
                    self.carried.store(batch.len(), Ordering::Relaxed);
                    return Some(batch);
                }
                due
            };
            if due.is_none() && hurries {
                return None;
            }
            let ripe = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = ripe => {}
                () = self.stirred.notified() => {}
                () = stop.cancelled(), if !hurries => {}
            }
        }
    }

    /// Of those that were taken, so many are done with.
    pub fn done(&self, records: usize) {
        let order = Ordering::Relaxed;
        let less = |it: usize| Some(it.saturating_sub(records));
        let _ = self.carried.fetch_update(order, order, less);
    }

    /// Records and bytes that wait, those that are being carried among the records.
    pub fn held(&self) -> (usize, usize) {
        let waiting = self.waiting();
        let carried = self.carried.load(Ordering::Relaxed);
        (waiting.tales.len() + carried, waiting.bytes)
    }

    /// Whether nothing came since then and nothing waits.
    pub fn idles_since(&self, then: Instant) -> bool {
        self.held().0 == 0 && self.waiting().used < then
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn pop(&mut self) -> Option<Arc<dyn Tale>> {
        let (tale, _) = self.tales.pop_front()?;
        self.bytes = self.bytes.saturating_sub(tale.bytes());
        Some(tale)
    }

    fn take(&mut self, most: usize) -> Vec<Arc<dyn Tale>> {
        let (mut batch, mut bytes) = (Vec::new(), 0usize);
        while let Some((next, _)) = self.tales.front().filter(|_| batch.len() < most) {
            bytes = bytes.saturating_add(next.bytes());
            if !batch.is_empty() && bytes > BATCH_BYTES {
                break;
            }
            batch.extend(self.pop());
        }
        batch
    }
}

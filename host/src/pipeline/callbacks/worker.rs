//! Brings the batches of a lane to its callback, one after the other, until they are taken or given
//! up.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::RngExt as _;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::counts::Counts;
use super::lane::{Lane, Tale};

/// The wait after a first failure; it doubles with each further one.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// The longest that a log may ask to wait.
const LONGEST_ASKED: Duration = Duration::from_secs(300);
/// So often a batch may break its plugin before it is halved.
const TRAPS: u32 = 3;

/// Hands a batch over.
pub trait Carry: Send + Sync {
    fn carry<'a>(
        &'a self,
        lane: &'a Lane,
        records: &'a [String],
    ) -> BoxFuture<'a, Result<(), Failed>>;
}

/// A batch was not taken.
#[derive(Debug)]
pub struct Failed {
    pub next: Next,
    /// How long the log asks to wait.
    pub after: Option<Duration>,
    pub why: String,
}

/// What another try can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The same batch may be taken later.
    Again,
    /// It broke the plugin: perhaps one of its records does.
    Broke,
    /// One of its records is not taken, whenever.
    Never,
}

/// Works until the lane is closed, or `stop` is there and all was tried once more.
pub async fn run(lane: Arc<Lane>, carrier: Arc<dyn Carry>, stop: CancellationToken) {
    let mut worker = Worker {
        lane: &lane,
        carrier: &*carrier,
        stop: &stop,
        failing: false,
        losing: false,
    };
    while let Some(batch) = lane.next(&stop).await {
        worker.bring(batch).await;
    }
}

struct Worker<'w> {
    lane: &'w Lane,
    carrier: &'w dyn Carry,
    stop: &'w CancellationToken,
    /// It was said that it fails.
    failing: bool,
    /// It was said that records are given up.
    losing: bool,
}

/// How a part of a batch came out.
enum Came {
    Taken,
    /// Given up.
    Lost(String),
    /// Its halves may be taken.
    Halves,
}

impl Worker<'_> {
    async fn bring(&mut self, batch: Vec<Arc<dyn Tale>>) {
        let content = match &*self.lane.address() {
            Ok(ready) => ready.content,
            Err(_) => false,
        };
        let mut records = Vec::with_capacity(batch.len());
        for tale in batch {
            records.push(tale.tell(content).await);
        }
        let since = Instant::now();
        let mut parts = vec![records];
        while let Some(mut part) = parts.pop() {
            match self.bring_part(&part, since).await {
                Came::Taken => self.taken(part.len()),
                Came::Lost(why) => self.lost(part.len(), &why),
                Came::Halves => {
                    let later = part.split_off(part.len().div_ceil(2));
                    // Oldest first.
                    parts.extend([later, part]);
                }
            }
        }
    }

    async fn bring_part(&mut self, part: &[String], since: Instant) -> Came {
        let (mut tries, mut traps) = (0u32, 0u32);
        loop {
            let Err(failed) = self.carrier.carry(self.lane, part).await else {
                return Came::Taken;
            };
            traps += u32::from(failed.next == Next::Broke);
            if failed.next == Next::Never || traps >= TRAPS {
                return match part.len() {
                    0 | 1 => Came::Lost(failed.why),
                    _ => Came::Halves,
                };
            }
            self.fails(&failed.why);
            let ends = self.stop.is_cancelled() || self.lane.is_closed();
            if ends || since.elapsed() >= self.lane.delivery().patience {
                return Came::Lost(failed.why);
            }
            let pause = failed.after.map(|it| it.min(LONGEST_ASKED));
            let pause = pause.unwrap_or_else(|| backoff(tries));
            tries = tries.saturating_add(1);
            self.wait(pause).await;
            Counts::add(&self.lane.counts.retried, part.len());
        }
    }

    /// Until the pause is over, or something is otherwise: other settings, another version, the end.
    async fn wait(&self, pause: Duration) {
        let address = self.lane.address();
        let over = sleep(pause);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return,
                () = self.stop.cancelled() => return,
                // More records are no news.
                () = self.lane.stirred.notified() => {
                    if !Arc::ptr_eq(&address, &self.lane.address()) {
                        return;
                    }
                }
            }
        }
    }

    fn fails(&mut self, why: &str) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::warn!(
                callback = %self.lane.name, tenant = %self.lane.tenant,
                "a callback does not take its records, which wait: {why}"
            );
        }
    }

    fn taken(&mut self, records: usize) {
        self.lane.done(records);
        Counts::add(&self.lane.counts.delivered, records);
        self.lane.is_dropping.store(false, Ordering::Relaxed);
        self.losing = false;
        if std::mem::take(&mut self.failing) {
            tracing::info!(
                callback = %self.lane.name, tenant = %self.lane.tenant,
                "a callback takes its records again"
            );
        }
    }

    fn lost(&mut self, records: usize, why: &str) {
        self.lane.done(records);
        let counts = &self.lane.counts;
        match self.stop.is_cancelled() {
            true => Counts::add(&counts.dropped, records),
            false => Counts::add(&counts.failed, records),
        }
        if !std::mem::replace(&mut self.losing, true) {
            tracing::warn!(
                callback = %self.lane.name, tenant = %self.lane.tenant,
                "records are given up: {why}"
            );
        }
    }
}

/// A quarter more or less, so that those that failed together do not come together.
fn backoff(tries: u32) -> Duration {
    let doubled = FIRST.saturating_mul(2u32.saturating_pow(tries.min(16)));
    doubled
        .min(LONGEST)
        .mul_f64(rand::rng().random_range(0.75..1.25))
}

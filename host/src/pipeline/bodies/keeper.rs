//! Brings bodies to the database, beside the calls.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::domain::CallBodies;
use crate::store::{Store, StoreError};

use super::super::fleet::Line;
use super::super::guards::LogGuard;
use super::super::request::ClientRequest;
use super::BodySettings;
use super::recording::Recording;
use super::room::{Part, Room};

/// After the first call that waits: one transaction for many calls.
const EVERY: Duration = Duration::from_secs(1);
/// Of one transaction, in memory; at least one call.
const BATCH_BYTES: u64 = 4 << 20;
/// Calls of one transaction.
const BATCH: usize = 256;
/// The wait after a first failure of the database; it doubles with each further one.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(60);
/// A shutdown waits so long for the database.
const SHUTDOWN: Duration = Duration::from_secs(8);

/// Keeps the bodies of calls. Cheap to clone.
#[derive(Clone, Default)]
pub struct Bodies {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    room: Room,
    /// Bounded by the room that each of them takes.
    waiting: Mutex<VecDeque<Recording>>,
    ready: Notify,
    counts: Counts,
    /// Whether it was said that bodies are lost.
    losing: AtomicBool,
}

/// What became of bodies since the start, in calls.
#[derive(Debug, Default)]
pub struct Counts {
    pub stored: AtomicU64,
    pub lost: AtomicU64,
}

impl Bodies {
    /// Lays aside the bodies of a call that begins; None: they are not wanted, or there is no room.
    pub fn begin(
        &self,
        settings: Option<BodySettings>,
        request: &ClientRequest,
        started_ms: i64,
    ) -> Option<Recording> {
        let settings = settings?;
        if request.controls.no_log && !settings.ignores_no_log {
            return None;
        }
        let part = self.inner.room.part();
        let recording = Recording::begin(settings, request, started_ms, part);
        if recording.is_none() {
            self.lost(1, "too many wait for the database");
        }
        recording
    }

    /// The call has ended, answered by a deployment if by any: its bodies wait for the database.
    pub fn keep(&self, mut recording: Recording, line: Option<Arc<Line>>) {
        recording.ended(line);
        self.waiting().push_back(recording);
        self.inner.ready.notify_one();
    }

    pub fn counts(&self) -> &Counts {
        &self.inner.counts
    }

    pub fn held_bytes(&self) -> u64 {
        self.inner.room.taken()
    }

    /// Brings bodies to the database until `stop`, then once what is left.
    pub async fn run(&self, store: &Store, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let next = async {
                self.inner.ready.notified().await;
                sleep(EVERY).await;
            };
            stop.run_until_cancelled(next).await;
            while !stop.is_cancelled() && self.write_some(store, stop).await {}
        }
        let rest = async { while self.write_some(store, stop).await {} };
        if timeout(SHUTDOWN, rest).await.is_err() {
            let left = mem::take(&mut *self.waiting()).len();
            self.lost(left, "the database did not take them before the end");
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Recording>> {
        let waiting = self.inner.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }

    /// The first that wait, as many as one transaction takes.
    fn first(&self) -> Vec<Recording> {
        let mut waiting = self.waiting();
        let (mut calls, mut bytes) = (0, 0u64);
        while let Some(next) = waiting.get(calls).filter(|_| calls < BATCH) {
            bytes = bytes.saturating_add(next.held_bytes());
            if calls > 0 && bytes > BATCH_BYTES {
                break;
            }
            calls += 1;
        }
        waiting.drain(..calls).collect()
    }

    /// Writes the first that wait; false: none did.
    async fn write_some(&self, store: &Store, stop: &CancellationToken) -> bool {
        let first = self.first();
        if first.is_empty() {
            return false;
        }
        let count = first.len();
        let make = move || first.into_iter().map(Recording::bodies).collect();
        let made = tokio::task::spawn_blocking(make).await;
        let made: Result<Vec<(CallBodies, Option<LogGuard>, Part)>, _> = made;
        match made {
            Ok(made) => {
                let (mut bodies, mut parts) = (Vec::new(), Vec::new());
                for (one, guard, part) in made {
                    bodies.push(match guard {
                        Some(guard) => guard.masked(one).await,
                        None => one,
                    });
                    parts.push(part);
                }
                self.store(store, &bodies, stop).await;
            }
            Err(cause) => self.lost(count, &cause.to_string()),
        }
        true
    }

    /// Waits for a database that is out of reach; what it refuses is gone.
    async fn store(&self, store: &Store, bodies: &[CallBodies], stop: &CancellationToken) {
        let mut pause = RETRY_FIRST;
        loop {
            match store.keep_bodies(bodies).await {
                Ok(()) => return self.stored(bodies.len()),
                Err(cause) if cause.is_outage() && !stop.is_cancelled() => {
                    if pause == RETRY_FIRST {
                        tracing::warn!(%cause, "bodies of calls wait for the database");
                    }
                    stop.run_until_cancelled(sleep(pause)).await;
                    pause = (pause * 2).min(RETRY_LONGEST);
                }
                Err(cause) => return self.one_by_one(store, bodies, cause).await,
            }
        }
    }

    /// So that only those are gone that are refused.
    async fn one_by_one(&self, store: &Store, bodies: &[CallBodies], cause: StoreError) {
        if bodies.len() < 2 || cause.is_outage() {
            return self.lost(bodies.len(), &cause.to_string());
        }
        for one in bodies {
            match store.keep_bodies(std::slice::from_ref(one)).await {
                Ok(()) => self.stored(1),
                Err(cause) => self.lost(1, &cause.to_string()),
            }
        }
    }

    fn stored(&self, calls: usize) {
        let counts = &self.inner.counts;
        counts.stored.fetch_add(count(calls), Ordering::Relaxed);
        if self.inner.losing.swap(false, Ordering::Relaxed) {
            tracing::info!("bodies of calls are stored again");
        }
    }

    /// Counts each, and says it once until some are stored again.
    fn lost(&self, calls: usize, why: &str) {
        let counts = &self.inner.counts;
        counts.lost.fetch_add(count(calls), Ordering::Relaxed);
        if calls > 0 && !self.inner.losing.swap(true, Ordering::Relaxed) {
            tracing::warn!("bodies of calls are not stored: {why}; their spend is");
        }
    }
}

fn count(calls: usize) -> u64 {
    u64::try_from(calls).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::request::Operation;
    use crate::store::tests::{Place, run};
    use bytes::Bytes;

    const SETTINGS: BodySettings = BodySettings {
        redacts: false,
        ignores_no_log: false,
        longest_text: 100,
    };

    fn request(more: &str) -> ClientRequest {
        let body = format!(r#"{{"model":"m","messages":[]{more}}}"#);
        ClientRequest::parse(Operation::Chat, Bytes::from(body), None, Vec::new()).unwrap()
    }

    /// Runs the keeper as a process that is asked to stop at once.
    async fn brought(bodies: &Bodies, store: &Store) {
        let stop = CancellationToken::new();
        stop.cancel();
        bodies.run(store, &stop).await;
    }

    #[test]
    fn nothing_is_laid_aside_unless_it_is_wanted() {
        let bodies = Bodies::default();
        let plain = request("");
        let opted_out = request(r#","no-log":true"#);
        assert!(bodies.begin(None, &plain, 1).is_none());
        assert!(bodies.begin(Some(SETTINGS), &opted_out, 1).is_none());
        assert_eq!(bodies.counts().lost.load(Ordering::Relaxed), 0);
        let strict = BodySettings {
            ignores_no_log: true,
            ..SETTINGS
        };
        assert!(bodies.begin(Some(strict), &opted_out, 1).is_some());
        assert!(bodies.begin(Some(SETTINGS), &plain, 1).is_some());
    }

    #[tokio::test]
    async fn what_waits_at_the_end_is_brought_to_the_database() {
        run(Place::sqlite().await, async |store| {
            let bodies = Bodies::default();
            let mut ids = Vec::new();
            for at in 0..150 {
                let request = request("");
                ids.push(request.id.as_str().to_owned());
                bodies.keep(bodies.begin(Some(SETTINGS), &request, at).unwrap(), None);
            }
            brought(&bodies, store).await;
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            assert_eq!(store.spend_bodies(&ids).await.unwrap().len(), 150);
            assert_eq!(bodies.counts().stored.load(Ordering::Relaxed), 150);
            assert_eq!(bodies.held_bytes(), 0);
        })
        .await;
    }

    #[tokio::test]
    async fn a_database_that_is_gone_costs_the_bodies_and_holds_up_nothing() {
        let place = Place::sqlite().await.unwrap();
        let store = place.open().await;
        store.close().await;
        let bodies = Bodies::default();
        bodies.keep(bodies.begin(Some(SETTINGS), &request(""), 1).unwrap(), None);
        brought(&bodies, &store).await;
        assert_eq!(bodies.counts().lost.load(Ordering::Relaxed), 1);
        assert_eq!(bodies.held_bytes(), 0);
        place.remove(store).await;
    }
}

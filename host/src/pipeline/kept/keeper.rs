//! Brings responses to the database, beside the calls. Until it has them they are found in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::super::bodies::{Part, Room};
use crate::domain::{Fault, StoredResponse};
use crate::store::{Store, StoreError};

/// Of one transaction; at least one response.
const BATCH_BYTES: usize = 4 << 20;
const BATCH: usize = 256;
/// The wait after a first failure of the database; it doubles with each further one.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(60);
/// A shutdown waits so long for the database.
const SHUTDOWN: Duration = Duration::from_secs(8);
/// What a response takes in memory beside its texts.
const BESIDE: usize = 512;

/// Keeps responses. Cheap to clone.
#[derive(Clone, Default)]
pub struct Responses {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    room: Room,
    waiting: Mutex<Waiting>,
    ready: Notify,
    /// Held while some are written or forgotten: what is forgotten does not come back.
    writing: tokio::sync::Mutex<()>,
    /// Held while one is booked: of two who see it end, the second finds it booked.
    booking: tokio::sync::Mutex<()>,
    counts: Counts,
    /// Whether it was said that responses are lost.
    losing: AtomicBool,
}

/// Those that the database has not yet, bounded by the room that each of them takes.
#[derive(Default)]
struct Waiting {
    /// One that was forgotten may still stand here.
    order: VecDeque<String>,
    by_id: HashMap<String, (Arc<StoredResponse>, Part)>,
}

/// What became of responses since the start.
#[derive(Debug, Default)]
pub struct Counts {
    pub stored: AtomicU64,
    pub lost: AtomicU64,
}

impl Responses {
    /// Takes a response, which is found from now on; false: there is no room for it.
    pub fn keep(&self, response: StoredResponse) -> bool {
        let mut part = self.inner.room.part();
        if !part.grow(response.bytes().saturating_add(BESIDE)) {
            self.lost(1, "too many wait for the database");
            return false;
        }
        let id = response.id.clone();
        let mut waiting = self.waiting();
        if !waiting.by_id.contains_key(&id) {
            waiting.order.push_back(id.clone());
            waiting.by_id.insert(id, (Arc::new(response), part));
        }
        drop(waiting);
        self.inner.ready.notify_one();
        true
    }

    /// A response by its id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn find(
        &self,
        store: &Store,
        id: &str,
    ) -> Result<Option<Arc<StoredResponse>>, StoreError> {
        if let Some((found, _)) = self.waiting().by_id.get(id) {
            return Ok(Some(Arc::clone(found)));
        }
        Ok(store.response(id).await?.map(Arc::new))
    }

    /// Forgets a response.
    ///
    /// # Errors
    /// The database does not forget it.
    pub async fn forget(&self, store: &Store, id: &str) -> Result<(), StoreError> {
        let _writing = self.inner.writing.lock().await;
        store.forget_response(id).await?;
        self.waiting().by_id.remove(id);
        Ok(())
    }

    /// Books a response whose account is still open: by `book`, which is given the account. False:
    /// there is none.
    ///
    /// # Errors
    /// It cannot be booked, or the database cannot be asked.
    pub async fn book(
        &self,
        store: &Store,
        id: &str,
        book: impl FnOnce(&str) -> Result<(), Fault> + Send,
    ) -> Result<bool, Fault> {
        let _booking = self.inner.booking.lock().await;
        let found = self.find(store, id).await;
        let found = found.map_err(|cause| unbooked(&cause))?;
        let Some(account) = found.as_ref().and_then(|it| it.account.as_deref()) else {
            return Ok(false);
        };
        book(account)?;
        let _writing = self.inner.writing.lock().await;
        if let Some((waiting, _)) = self.waiting().by_id.get_mut(id) {
            *waiting = Arc::new(StoredResponse {
                account: None,
                ..StoredResponse::clone(waiting)
            });
        }
        let closed = store.response_is_booked(id).await;
        closed.map_err(|cause| unbooked(&cause))?;
        Ok(true)
    }

    pub fn counts(&self) -> &Counts {
        &self.inner.counts
    }

    pub fn held_bytes(&self) -> u64 {
        self.inner.room.taken()
    }

    /// Brings responses to the database until `stop`, then those that are left.
    pub async fn run(&self, store: &Store, stop: &CancellationToken) {
        let mut pause = RETRY_FIRST;
        while !stop.is_cancelled() {
            match self.write_some(store).await {
                Ok(true) => pause = RETRY_FIRST,
                Ok(false) => {
                    stop.run_until_cancelled(self.inner.ready.notified()).await;
                }
                Err(cause) => {
                    if pause == RETRY_FIRST {
                        tracing::warn!(%cause, "responses wait for the database");
                    }
                    stop.run_until_cancelled(sleep(pause)).await;
                    pause = (pause * 2).min(RETRY_LONGEST);
                }
            }
        }
        let rest = async { while matches!(self.write_some(store).await, Ok(true)) {} };
        // Either it is done, or what is left is counted below.
        let _in_time = timeout(SHUTDOWN, rest).await;
        let left = std::mem::take(&mut *self.waiting()).by_id.len();
        self.lost(left, "the database did not take them before the end");
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        let waiting = self.inner.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }

    /// The first that wait, as many as one transaction takes. They go on waiting.
    fn first(&self) -> Vec<Arc<StoredResponse>> {
        let mut waiting = self.waiting();
        let Waiting { order, by_id } = &mut *waiting;
        order.retain(|id| by_id.contains_key(id));
        let (mut first, mut bytes) = (Vec::new(), 0usize);
        for (response, _) in order.iter().filter_map(|id| by_id.get(id)).take(BATCH) {
            bytes = bytes.saturating_add(response.bytes());
            if !first.is_empty() && bytes > BATCH_BYTES {
                break;
            }
            first.push(Arc::clone(response));
        }
        first
    }

    /// Writes the first that wait; false: none did.
    ///
    /// # Errors
    /// The database is out of reach: they go on waiting. What it refuses is gone.
    async fn write_some(&self, store: &Store) -> Result<bool, StoreError> {
        let _writing = self.inner.writing.lock().await;
        let first = self.first();
        if first.is_empty() {
            return Ok(false);
        }
        match store.keep_responses(&first).await {
            Ok(()) => self.stored(&first),
            Err(cause) if cause.is_outage() => return Err(cause),
            Err(_) => {
                for one in &first {
                    match store.keep_responses(std::slice::from_ref(one)).await {
                        Ok(()) => self.stored(std::slice::from_ref(one)),
                        Err(cause) if cause.is_outage() => return Err(cause),
                        Err(cause) => {
                            self.waiting().by_id.remove(&one.id);
                            self.lost(1, &cause.to_string());
                        }
                    }
                }
            }
        }
        Ok(true)
    }

    fn stored(&self, responses: &[Arc<StoredResponse>]) {
        let mut waiting = self.waiting();
        for response in responses {
            waiting.by_id.remove(&response.id);
        }
        drop(waiting);
        let counts = &self.inner.counts;
        counts
            .stored
            .fetch_add(count(responses.len()), Ordering::Relaxed);
        if self.inner.losing.swap(false, Ordering::Relaxed) {
            tracing::info!("responses are stored again");
        }
    }

    /// Counts each, and says it once until some are stored again.
    fn lost(&self, responses: usize, why: &str) {
        let counts = &self.inner.counts;
        counts.lost.fetch_add(count(responses), Ordering::Relaxed);
        if responses > 0 && !self.inner.losing.swap(true, Ordering::Relaxed) {
            tracing::warn!("responses are not stored: {why}");
        }
    }
}

/// Whoever asks again finds it, and the row that may be written twice counts once.
fn unbooked(cause: &StoreError) -> Fault {
    let message = "the database does not answer for stored responses; try again";
    Fault::ours(message, cause.to_string())
}

fn count(responses: usize) -> u64 {
    u64::try_from(responses).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ResponsePlace;
    use crate::store::tests::{Place, response, run};

    fn one(id: &str) -> StoredResponse {
        StoredResponse::clone(&response(id))
    }

    /// Runs the keeper as a process that is asked to stop at once.
    async fn brought(responses: &Responses, store: &Store) {
        let stop = CancellationToken::new();
        stop.cancel();
        responses.run(store, &stop).await;
    }

    async fn kept(store: &Store) {
        let responses = Responses::default();
        for at in 0..300 {
            assert!(responses.keep(one(&format!("resp_{at}"))));
        }
        let found = responses.find(store, "resp_299").await.unwrap().unwrap();
        assert_eq!(*found, one("resp_299"));
        assert!(responses.find(store, "resp_300").await.unwrap().is_none());
        responses.forget(store, "resp_7").await.unwrap();
        brought(&responses, store).await;
        assert_eq!((responses.held_bytes(), responses.first().len()), (0, 0));
        let counts = responses.counts();
        assert_eq!(counts.stored.load(Ordering::Relaxed), 299);
        assert_eq!(counts.lost.load(Ordering::Relaxed), 0);
        assert!(responses.find(store, "resp_0").await.unwrap().is_some());
        assert!(store.response("resp_299").await.unwrap().is_some());
        assert!(responses.find(store, "resp_7").await.unwrap().is_none());
        responses.forget(store, "resp_0").await.unwrap();
        assert!(responses.find(store, "resp_0").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_response_is_found_before_it_is_stored_and_after_and_gone_once_forgotten() {
        run(Place::sqlite().await, async |store| kept(store).await).await;
        run(Place::postgres().await, async |store| kept(store).await).await;
    }

    #[tokio::test]
    async fn a_response_is_booked_once_before_it_is_stored_and_after() {
        let place = Place::sqlite().await.unwrap();
        let store = place.open().await;
        let responses = Responses::default();
        for id in ["resp_1", "resp_2"] {
            responses.keep(StoredResponse {
                account: Some(id.to_owned()),
                ..one(id)
            });
        }
        let mut booked = Vec::new();
        let fails = |_: &str| Err(Fault::ours("no", "disk"));
        assert!(responses.book(&store, "resp_1", fails).await.is_err());
        for id in ["resp_1", "resp_1", "resp_none"] {
            let book = |account: &str| {
                booked.push(account.to_owned());
                Ok(())
            };
            responses.book(&store, id, book).await.unwrap();
        }
        brought(&responses, &store).await;
        for id in ["resp_1", "resp_2", "resp_2"] {
            let book = |account: &str| {
                booked.push(account.to_owned());
                Ok(())
            };
            responses.book(&store, id, book).await.unwrap();
        }
        assert_eq!(booked, ["resp_1", "resp_2"]);
        place.remove(store).await;
    }

    #[tokio::test]
    async fn a_database_that_is_gone_costs_what_waits_at_the_end_and_holds_up_nothing() {
        let place = Place::sqlite().await.unwrap();
        let store = place.open().await;
        store.close().await;
        let responses = Responses::default();
        assert!(responses.keep(one("resp_1")));
        assert!(responses.find(&store, "resp_1").await.unwrap().is_some());
        brought(&responses, &store).await;
        assert_eq!(responses.counts().lost.load(Ordering::Relaxed), 1);
        assert_eq!(responses.held_bytes(), 0);
        place.remove(store).await;
    }

    #[test]
    fn what_finds_no_room_is_not_taken_and_counted() {
        let responses = Responses::default();
        let long = |id: &str| StoredResponse {
            place: ResponsePlace::Here {
                input: "x".repeat(40 << 20),
                response: String::new(),
            },
            ..one(id)
        };
        assert!(responses.keep(long("resp_1")));
        assert!(!responses.keep(long("resp_2")));
        assert!(responses.keep(one("resp_3")));
        assert_eq!(responses.counts().lost.load(Ordering::Relaxed), 1);
    }
}

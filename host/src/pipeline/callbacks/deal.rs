//! Deals notes out to the lanes of those who are told of them.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::counts::Counts;
use super::heard::Note;
use super::hub::Inner;
use super::lane::{Lane, Tale};
use super::own::{self, Own, Wishes};
use super::set::Sinks;
use super::worker::{self, Carry};
use crate::auth::{Grant, Keys};
use crate::config::Callback;
use crate::domain::KeyHash;
use crate::pipeline::accounting::now_ms;
use crate::store::SaltKey;

/// Whose the callbacks of the config are.
pub const OPERATOR: &str = "operator";
/// A shutdown waits so long for callbacks.
const SHUTDOWN: Duration = Duration::from_secs(8);
/// Lanes of keys and teams at once.
const MOST_TENANTS: usize = 500;
/// A lane of a tenant without records ends after this.
const IDLE: Duration = Duration::from_secs(600);
const SWEEP: Duration = Duration::from_secs(60);
/// Callers whose wishes are remembered.
const MOST_WISHES: usize = 10_000;

/// Callback, tenant, and the state of a tenant's settings.
type Key = (String, String, u64);

pub struct Dealer {
    inner: Arc<Inner>,
    carrier: Arc<dyn Carry>,
    keys: Keys,
    salt: SaltKey,
    lanes: HashMap<Key, (Arc<Lane>, Option<Callback>)>,
    /// By where the grant lies, which nobody else does while its weak pointer is kept.
    wishes: HashMap<usize, (Weak<Grant>, Arc<Wishes>)>,
    workers: TaskTracker,
    /// Workers try once more and end.
    ending: CancellationToken,
    /// It was said that there are too many lanes.
    is_full: bool,
}

impl Dealer {
    pub fn new(inner: Arc<Inner>, carrier: Arc<dyn Carry>, (keys, salt): (Keys, SaltKey)) -> Self {
        Self {
            inner,
            carrier,
            keys,
            salt,
            lanes: HashMap::new(),
            wishes: HashMap::new(),
            workers: TaskTracker::new(),
            ending: CancellationToken::new(),
            is_full: false,
        }
    }

    /// Deals until `stop`, then waits for the lanes as long as a shutdown may.
    pub async fn run(mut self, stop: &CancellationToken) {
        let mut sweep = interval(SWEEP);
        let inner = Arc::clone(&self.inner);
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                () = inner.inbox.came.notified() => self.deal_all().await,
                () = inner.changed.notified() => self.readdress(),
                _ = sweep.tick() => self.sweep(),
            }
        }
        let rest = async {
            self.deal_all().await;
            self.ending.cancel();
            self.workers.close();
            self.workers.wait().await;
        };
        if timeout(SHUTDOWN, rest).await.is_err() {
            self.leave();
        }
    }

    /// What is left at the end.
    fn leave(&self) {
        for lane in self.inner.lanes().iter() {
            let (records, _) = lane.held();
            if records > 0 {
                Counts::add(&lane.counts.dropped, records);
                tracing::warn!(
                    callback = %lane.name, tenant = %lane.tenant, records,
                    "records were not taken before the end, and are dropped"
                );
            }
        }
    }

    async fn deal_all(&mut self) {
        while let Some(note) = self.inner.inbox.pop() {
            let Some(sinks) = self.inner.sinks.load_full() else {
                continue;
            };
            self.deal(note, &sinks).await;
        }
    }

    async fn deal(&mut self, note: Note, sinks: &Arc<Sinks>) {
        let grant = match &note.about.grant {
            Some(grant) => Some(Arc::clone(grant)),
            None if note.about.is_later => self.grant_of(&note).await,
            None => None,
        };
        // What was booked later was not asked for before.
        let silent = grant.as_deref().is_some_and(own::is_silent);
        if silent && !sinks.config().money.rows.ignores_no_log {
            return;
        }
        let wishes = match &grant {
            Some(grant) => self.wishes_of(grant, sinks),
            None => Arc::default(),
        };
        let succeeded = note.succeeded();
        let off = match sinks.config().money.rows.keeps_callbacks {
            true => Vec::new(),
            false => note.about.callbacks_off.clone(),
        };
        let is_off = |name: &str| off.iter().any(|it| it.eq_ignore_ascii_case(name));
        let note: Arc<dyn Tale> = Arc::new(note);
        for (sink, ready) in sinks.told(succeeded) {
            if wishes.leave(&sink.entry.name) && !is_off(&sink.entry.name) {
                let key = (sink.entry.name.clone(), OPERATOR.to_owned(), 0);
                let address = Ok(Arc::clone(ready));
                let lane = self.lane(key, || (address, ready.delivery), None);
                lane.push(Arc::clone(&note));
            }
        }
        let own = wishes.own.iter().filter(|it| it.entry.tells(succeeded));
        for own in own.filter(|it| !is_off(&it.entry.name)) {
            if let Some(lane) = self.lane_of(own, &wishes.tenant, sinks) {
                lane.push(Arc::clone(&note));
            }
        }
    }

    /// The holder of the key of a row that was booked without a call.
    async fn grant_of(&self, note: &Note) -> Option<Arc<Grant>> {
        let hash = KeyHash::new(note.row.key_hash.as_str());
        // Where the database does not answer, nobody knows of callbacks of its own.
        self.keys.grant(&hash, now_ms()).await.ok().flatten()
    }

    fn wishes_of(&mut self, grant: &Arc<Grant>, sinks: &Sinks) -> Arc<Wishes> {
        let place = Arc::as_ptr(grant) as usize;
        if let Some((_, wishes)) = self.wishes.get(&place) {
            return Arc::clone(wishes);
        }
        let wishes = Arc::new(Wishes::of(grant, &self.salt, sinks));
        if self.wishes.len() >= MOST_WISHES {
            self.wishes.clear();
        }
        let known = (Arc::downgrade(grant), Arc::clone(&wishes));
        self.wishes.insert(place, known);
        wishes
    }

    /// The lane of a tenant's callback; None: there are too many, or no plugin has it.
    fn lane_of(&mut self, own: &Own, tenant: &str, sinks: &Sinks) -> Option<Arc<Lane>> {
        let key = (own.entry.name.clone(), tenant.to_owned(), own.digest);
        if let Some((lane, _)) = self.lanes.get(&key) {
            return Some(Arc::clone(lane));
        }
        let ready = match sinks.ready(&own.entry, true) {
            Ok(ready) => Arc::new(ready),
            Err(fault) => {
                tracing::debug!(callback = %own.entry.name, tenant, %fault, "a callback is not called");
                return None;
            }
        };
        let counts = self.inner.counts(&own.entry.name);
        let tenants = self.lanes.values().filter(|(_, own)| own.is_some()).count();
        if tenants >= MOST_TENANTS {
            Counts::add(&counts.dropped, 1);
            if !std::mem::replace(&mut self.is_full, true) {
                tracing::warn!(
                    "records are dropped: more than {MOST_TENANTS} keys and teams have callbacks at once"
                );
            }
            return None;
        }
        let delivery = ready.delivery;
        Some(self.lane(key, || (Ok(ready), delivery), Some(own.entry.clone())))
    }

    fn lane(
        &mut self,
        key: Key,
        address: impl FnOnce() -> (super::lane::Address, crate::config::CallbackDelivery),
        own: Option<Callback>,
    ) -> Arc<Lane> {
        if let Some((lane, _)) = self.lanes.get(&key) {
            return Arc::clone(lane);
        }
        let (address, delivery) = address();
        let counts = self.inner.counts(&key.0);
        let lane = Arc::new(Lane::new((&key.0, &key.1), address, delivery, counts));
        self.inner.lanes().push(Arc::clone(&lane));
        let (carrier, ending) = (Arc::clone(&self.carrier), self.ending.clone());
        self.workers
            .spawn(worker::run(Arc::clone(&lane), carrier, ending));
        self.lanes.insert(key, (Arc::clone(&lane), own));
        lane
    }

    /// Other callbacks, or other versions of their plugins, are in force.
    fn readdress(&mut self) {
        let Some(sinks) = self.inner.sinks.load_full() else {
            return;
        };
        self.wishes.clear();
        self.lanes.retain(|_, (lane, own)| {
            let ready = match own {
                Some(entry) => Some(sinks.ready(entry, true).map(Arc::new)),
                None => sinks.of_lane(lane).map(|it| it.ready.clone()),
            };
            match ready {
                Some(address) => lane.readdress(address),
                // It was switched off: what waits goes once more by what was.
                None => lane.close(),
            }
            !lane.is_closed()
        });
        self.keep_open();
    }

    fn sweep(&mut self) {
        let Some(then) = Instant::now().checked_sub(IDLE) else {
            return;
        };
        self.lanes.retain(|_, (lane, own)| {
            if own.is_some() && lane.idles_since(then) {
                lane.close();
            }
            !lane.is_closed()
        });
        self.wishes.retain(|_, (grant, _)| grant.strong_count() > 0);
        self.is_full = false;
        self.keep_open();
    }

    /// Metrics tell of a lane that was closed until it is empty.
    fn keep_open(&self) {
        let mut lanes = self.inner.lanes();
        lanes.retain(|it| !it.is_closed() || it.held().0 > 0);
    }
}

//! Who listens, and what they are told on the way there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::carry::Carrier;
use super::counts::Counts;
use super::deal::Dealer;
use super::heard::{About, Came, Heard, Note};
use super::inbox::Inbox;
use super::lane::Lane;
use super::own;
use super::set::Sinks;
use crate::auth::{Caller, Keys};
use crate::domain::{Fault, SpendRow};
use crate::pipeline::accounting::Source;
use crate::pipeline::bodies::{BodySettings, Recording, Room};
use crate::pipeline::request::ClientRequest;
use crate::store::SaltKey;

/// Longest text of a record, in characters.
const LONGEST_TEXT: usize = 1_000_000;

/// Tells callbacks of calls. Cheap to clone.
#[derive(Clone, Default)]
pub struct Callbacks {
    pub(super) inner: Arc<Inner>,
}

/// A number: metric name, kind, help, labels, value.
type Number = (
    &'static str,
    &'static str,
    &'static str,
    Vec<(&'static str, String)>,
    f64,
);

#[derive(Default)]
pub(super) struct Inner {
    /// None: nothing is known yet.
    pub sinks: ArcSwapOption<Sinks>,
    /// Other sinks are in force.
    pub changed: Notify,
    pub inbox: Inbox,
    room: Room,
    counts: Mutex<HashMap<Arc<str>, Arc<Counts>>>,
    /// Belongs to the door: only it knows how errors are written.
    status_of: OnceLock<fn(&Fault) -> u16>,
    pub lanes: Mutex<Vec<Arc<Lane>>>,
}

impl Inner {
    /// The counts of a callback.
    pub fn counts(&self, name: &str) -> Arc<Counts> {
        let mut all = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(name.into()).or_default())
    }

    pub fn lanes(&self) -> MutexGuard<'_, Vec<Arc<Lane>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Callbacks {
    /// Puts callbacks in force: those of the config at once, those of keys and teams soon.
    pub fn take_over(&self, sinks: &Arc<Sinks>) {
        self.inner.sinks.store(Some(Arc::clone(sinks)));
        for lane in self.inner.lanes().iter() {
            if let Some(sink) = sinks.of_lane(lane) {
                lane.readdress(sink.ready.clone());
            }
        }
        self.inner.changed.notify_one();
    }

    /// Says which status a client gets for a fault.
    pub fn set_status_of(&self, status_of: fn(&Fault) -> u16) {
        // It is the same each time.
        let _ = self.inner.status_of.set(status_of);
    }

    /// The status that a client gets for a fault.
    pub fn status_of(&self, fault: &Fault) -> u16 {
        let status_of = self.inner.status_of.get();
        status_of.map_or(500, |status_of| status_of(fault))
    }

    /// A call begins; None: nobody is told of it.
    pub fn listen(
        &self,
        caller: &Caller,
        request: &ClientRequest,
        source: &Source,
        started_ms: i64,
    ) -> Option<Box<Heard>> {
        let sinks = self.inner.sinks.load();
        let sinks = sinks.as_ref()?;
        let grant = caller.grant();
        if !sinks.listen() && !grant.is_some_and(|it| own::has_any(it)) {
            return None;
        }
        let config = sinks.config();
        let rows = &config.money.rows;
        let silent = request.controls.no_log || grant.is_some_and(|it| own::is_silent(it));
        if silent && !rows.ignores_no_log {
            return None;
        }
        let settings = BodySettings {
            redacts: rows.redacts,
            ignores_no_log: rows.ignores_no_log,
            longest_text: LONGEST_TEXT,
        };
        let part = self.inner.room.part();
        let mut about = About::of(caller, request, source);
        about.hides_holders = config.general.seeing.hides_callers;
        Some(Box::new(Heard {
            recording: Recording::begin(settings, request, started_ms, part),
            about,
        }))
    }

    /// The call has ended.
    pub fn ended(&self, heard: Heard, row: SpendRow, came: Came) {
        self.inner.inbox.push(heard.ended(row, came));
    }

    /// A row was booked that stands for no call: a batch, a response of the background.
    pub fn booked(&self, row: &SpendRow) {
        let sinks = self.inner.sinks.load();
        let Some(sinks) = sinks.as_ref() else {
            return;
        };
        let mut about = About::of_row(row);
        about.hides_holders = sinks.config().general.seeing.hides_callers;
        let note = Note::new((row.clone(), Came::default()), about, None);
        self.inner.inbox.push(note);
    }

    /// Tells callbacks until `stop`, then what is left.
    pub async fn run(
        self,
        carrier: Carrier,
        (keys, salt): (Keys, SaltKey),
        stop: CancellationToken,
    ) {
        let dealer = Dealer::new(Arc::clone(&self.inner), Arc::new(carrier), (keys, salt));
        dealer.run(&stop).await;
    }

    /// The numbers of this moment.
    pub fn numbers(&self) -> Vec<Number> {
        const RECORDS: &str = "sluice_callback_records_total";
        let inner = &self.inner;
        let label = |name: &str| vec![("callback", name.to_owned())];
        let mut all = Vec::new();
        let counts: Vec<_> = {
            let counts = inner.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let counts = counts.iter();
            counts
                .map(|(name, it)| (Arc::clone(name), it.outcomes()))
                .collect()
        };
        for (name, outcomes) in counts {
            for (outcome, count) in outcomes {
                let mut labels = label(&name);
                labels.push(("outcome", outcome.to_owned()));
                let help = "What became of records of calls";
                all.push((RECORDS, "counter", help, labels, float(count)));
            }
            let [_, (_, failed), (_, dropped), _] = outcomes;
            all.push((
                "litellm_callback_logging_failures_metric_total",
                "counter",
                "What a callback did not take",
                vec![("callback_name", name.to_string())],
                float(failed.saturating_add(dropped)),
            ));
        }
        let lost = inner.inbox.dropped();
        let labels = vec![
            ("callback", String::new()),
            ("outcome", "dropped".to_owned()),
        ];
        let help = "What became of records of calls";
        all.push((RECORDS, "counter", help, labels, float(lost)));
        let lanes = inner.lanes().clone();
        let mut held: HashMap<&str, (usize, usize)> = HashMap::new();
        for lane in &lanes {
            let (records, bytes) = lane.held();
            let sum = held.entry(&lane.name).or_default();
            *sum = (sum.0 + records, sum.1 + bytes);
        }
        for (name, (records, bytes)) in held {
            let help = "Records that wait for a callback, or are on their way";
            let name_of = "sluice_callback_queue_records";
            all.push((name_of, "gauge", help, label(name), records as f64));
            let help = "Memory of records that wait for a callback";
            let name_of = "sluice_callback_queue_bytes";
            all.push((name_of, "gauge", help, label(name), bytes as f64));
        }
        all.push((
            "sluice_callback_lanes",
            "gauge",
            "Queues of callbacks, one for each tenant that has it",
            Vec::new(),
            lanes.len() as f64,
        ));
        all
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are floats")]
const fn float(it: u64) -> f64 {
    it as f64
}

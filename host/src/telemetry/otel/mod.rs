//! Traces and metrics for an OpenTelemetry collector.
//!
//! Calls are not measured while they run: what is known of a call when it ends is put into a
//! bounded queue as one record, and one task makes spans and metrics of it and sends them. A
//! collector that is slow or gone costs records, which are counted, and never a call's time. Where
//! nothing is exported there is no queue, and a call asks for it once.

mod carry;
pub mod context;
mod export;
mod meters;
pub mod record;
pub mod sampler;
#[cfg(test)]
mod samples;
mod spans;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::Secret;

use context::{Context, Parent};
use record::{Record, Trace};
use sampler::Sampler;

pub use carry::{Carried, Carry};
pub use export::ExportError;

/// Ended calls that wait for the exporter at most; one takes about 1 KiB, with content up to 64.
const QUEUE: usize = 4096;

/// How it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Grpc,
    /// HTTP with protobuf bodies.
    Http,
}

/// Where everything goes, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub protocol: Protocol,
    /// Whole addresses. None: that signal is off.
    pub traces: Option<String>,
    pub metrics: Option<String>,
    pub headers: Vec<(String, Secret)>,
    pub service_name: String,
    pub resource: Vec<(String, String)>,
    pub sampler: Sampler,
    /// What was said is sent along.
    pub content: bool,
    /// Whose a call was is sent along.
    pub callers: bool,
    /// Of one request.
    pub timeout: Duration,
    pub metrics_every: Duration,
}

/// What became of records since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records of which everything was sent.
    pub sent: u64,
    /// Records that found no room in the queue.
    pub dropped: u64,
    /// Batches of spans or metrics that the collector did not take.
    pub failures: u64,
    /// Waiting now.
    pub waiting: u64,
}

/// Takes records of calls. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Otel {
    /// None: nothing is exported.
    inner: Option<Arc<Inner>>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    /// What was asked and answered is exported now.
    content: AtomicBool,
    /// Whose a call was is exported now.
    callers: AtomicBool,
    queue: mpsc::Sender<Record>,
    waiting: Mutex<Option<mpsc::Receiver<Record>>>,
    sent: AtomicU64,
    dropped: AtomicU64,
    failures: AtomicU64,
}

impl Otel {
    pub fn new(settings: Settings) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self {
            inner: Some(Arc::new(Inner {
                content: AtomicBool::new(settings.content),
                callers: AtomicBool::new(settings.callers),
                settings,
                queue,
                waiting: Mutex::new(Some(waiting)),
                sent: AtomicU64::default(),
                dropped: AtomicU64::default(),
                failures: AtomicU64::default(),
            })),
        }
    }

    /// Whether anything is exported.
    pub fn is_on(&self) -> bool {
        self.inner.is_some()
    }

    /// Whether what was said is exported.
    pub fn wants_content(&self) -> bool {
        let inner = self.inner.as_ref();
        inner.is_some_and(|it| it.content.load(Ordering::Relaxed) && it.settings.traces.is_some())
    }

    /// Whether traces say whose a call was.
    pub fn tells_callers(&self) -> bool {
        let inner = self.inner.as_ref();
        inner.is_some_and(|it| it.callers.load(Ordering::Relaxed))
    }

    /// Whether traces of calls that begin from now on say whose they are.
    pub fn let_callers(&self, may: bool) {
        if let Some(inner) = &self.inner {
            inner.callers.store(may, Ordering::Relaxed);
        }
    }

    /// Whether what is said from now on is exported, where the environment asks for it.
    pub fn let_content(&self, may: bool) {
        if let Some(inner) = &self.inner {
            let content = may && inner.settings.content;
            inner.content.store(content, Ordering::Relaxed);
        }
    }

    /// The trace of a call that begins, below the one that its client names. None: no traces are
    /// exported.
    pub fn begin(&self, traceparent: Option<&str>, tracestate: Option<&str>) -> Option<Box<Trace>> {
        let inner = self.inner.as_ref()?;
        inner.settings.traces.as_ref()?;
        let parent = traceparent.and_then(Parent::parse);
        let mut context = Context::below(parent, tracestate, false);
        context.sampled = inner.settings.sampler.samples(parent, context.trace);
        Some(Box::new(Trace {
            context,
            started: SystemTime::now(),
            attempts: Vec::new(),
            asked: None,
        }))
    }

    /// A call has ended.
    pub fn end(&self, record: impl FnOnce() -> Record) {
        let Some(inner) = &self.inner else {
            return;
        };
        let Ok(place) = inner.queue.try_reserve() else {
            let before = inner.dropped.fetch_add(1, Ordering::Relaxed);
            if before == 0 {
                tracing::warn!("traces are dropped: {QUEUE} calls wait for the collector already");
            }
            return;
        };
        let mut record = record();
        record.trace = record.trace.filter(|it| it.context.sampled);
        place.send(record);
    }

    pub fn counts(&self) -> Counts {
        let Some(inner) = &self.inner else {
            return Counts::default();
        };
        let read = |it: &AtomicU64| it.load(Ordering::Relaxed);
        let waiting = QUEUE.saturating_sub(inner.queue.capacity());
        Counts {
            sent: read(&inner.sent),
            dropped: read(&inner.dropped),
            failures: read(&inner.failures),
            waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
        }
    }

    /// Sends records until `stop`, then those that wait.
    ///
    /// # Errors
    /// The exporter cannot be set up.
    pub async fn run(
        self,
        carry: Arc<dyn Carry>,
        stop: CancellationToken,
    ) -> Result<(), ExportError> {
        let Some(inner) = self.inner else {
            return Ok(());
        };
        let waiting = &inner.waiting;
        let taken = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match taken {
            Some(waiting) => export::run(&inner, waiting, carry, stop).await,
            None => Ok(()),
        }
    }
}

//! A loaded plugin.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wasmtime::component::InstancePre;

use crate::breaker::Breaker;
use crate::clock::timed;
use crate::error::{CallError, LoadError};
use crate::guest_log::GuestLog;
use crate::inspect::{Inspection, Kind};
use crate::limits::{Isolation, Limits, Settings};
use crate::pool::{Guest, Pool, Template};
use crate::session::Session;
use crate::stats::{Counters, Meter, Stats};
use crate::store::State;

/// A component, ready to be called. Cheap to clone; its instances end with the last clone.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    name: Arc<str>,
    digest: String,
    inspection: Inspection,
    template: Template,
    pub(crate) settings: Settings,
    pool: Pool,
    turns: Arc<Semaphore>,
    /// Instances that client calls may hold between two exports.
    holds: Arc<Semaphore>,
    breaker: Breaker,
    pub(crate) counters: Arc<Counters>,
}

impl Plugin {
    pub(crate) fn new(
        name: &str,
        digest: String,
        inspection: Inspection,
        pre: InstancePre<State>,
        settings: Settings,
    ) -> Result<Self, LoadError> {
        let template = Template::new(pre, &inspection)
            .map_err(|cause| LoadError::Link(format!("{cause:#}")))?;
        Ok(Self::of(name, digest, inspection, template, settings))
    }

    fn of(
        name: &str,
        digest: String,
        inspection: Inspection,
        template: Template,
        settings: Settings,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                name: name.into(),
                digest,
                inspection,
                template,
                pool: Pool::default(),
                turns: Arc::new(Semaphore::new(settings.limits.concurrency.max(1))),
                holds: Arc::new(Semaphore::new(settings.limits.max_held)),
                settings,
                breaker: Breaker::new(),
                counters: Arc::default(),
            }),
        }
    }

    /// The same component under another name and other limits, with instances and numbers of its
    /// own. Nothing is compiled.
    #[must_use]
    pub fn renamed(&self, name: &str, settings: Settings) -> Self {
        let inner = &self.inner;
        let (digest, inspection) = (inner.digest.clone(), inner.inspection.clone());
        Self::of(name, digest, inspection, inner.template.clone(), settings)
    }

    /// The name it was loaded under.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// SHA-256 of the component, in lower-case hex.
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// The version of the contract it was built for.
    pub fn contract_version(&self) -> &str {
        &self.inner.inspection.version
    }

    /// What it imports and exports.
    pub fn inspection(&self) -> &Inspection {
        &self.inner.inspection
    }

    /// Which world it was built for.
    pub fn kind(&self) -> Kind {
        self.inner.inspection.kind
    }

    /// Whether a guardrail looks at answers while they stream.
    pub fn looks_at_streams(&self) -> bool {
        self.inner.template.stream.is_some()
    }

    /// How it is run.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Its numbers at this moment.
    pub fn stats(&self) -> Stats {
        self.inner.counters.snapshot(self.inner.pool.idle())
    }

    /// How long its circuit stays open: it broke in most of its last calls.
    pub fn open_for(&self) -> Option<Duration> {
        self.inner.breaker.open_for()
    }

    /// Counts something that it handed over and that the host may not take. What that is, the host
    /// knows: the engine sees no hosts, secrets or answers.
    pub fn count_breach(&self) {
        self.inner.counters.count_breach();
    }

    /// Its counters, to be read also when it is gone.
    pub fn meter(&self) -> Meter {
        Meter(Arc::clone(&self.inner.counters))
    }

    /// The life of one client call. Under [`Isolation::Call`] it holds the instance.
    pub fn session(&self) -> Session {
        Session::new(Arc::clone(&self.inner))
    }

    /// The plugin's `describe` document, in an instance of its own.
    pub async fn describe(&self) -> Result<String, CallError> {
        self.session().describe().await
    }
}

impl Inner {
    pub(crate) const fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    pub(crate) fn plugin_name(&self) -> String {
        self.name.to_string()
    }

    /// Refuses calls that begin while the circuit is open. Those under way go on: what they wait
    /// for is paid already.
    pub(crate) fn may_begin(&self) -> Result<(), CallError> {
        match self.breaker.open_for() {
            None => Ok(()),
            Some(left) => Err(self.count(CallError::Open {
                plugin: self.plugin_name(),
                seconds: left.as_secs() + 1,
            })),
        }
    }

    /// Waits for this call's turn.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, CallError> {
        let turns = Arc::clone(&self.turns);
        if let Ok(permit) = Arc::clone(&turns).try_acquire_owned() {
            return Ok(permit);
        }
        let started = Instant::now();
        let limits = self.limits();
        let waited = tokio::time::timeout(limits.wait, turns.acquire_owned()).await;
        self.counters.count_waited(started.elapsed());
        match waited {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(self.count(CallError::Busy {
                plugin: self.plugin_name(),
                limit: limits.concurrency,
            })),
        }
    }

    /// A warm instance, or a new one.
    pub(crate) async fn guest(&self, warm: bool) -> Result<Guest, CallError> {
        if let Some(guest) = self.pool.take().filter(|_| warm) {
            return Ok(guest);
        }
        let limits = self.limits();
        let counters = Arc::clone(&self.counters);
        let log = GuestLog::new(Arc::clone(&self.name), limits.log_line_bytes, counters);
        let mut store = State::store(self.template.pre.engine(), limits, log);
        store.set_epoch_deadline(1);
        let yields = store.data().yields();
        let making = self.template.instantiate(store, &self.counters);
        let (plugin, export) = (self.plugin_name(), "its start");
        let error = match timed(making, limits.wall, &yields).await.0 {
            Some(Ok(guest)) => return Ok(guest),
            // The others have them all: not this plugin's fault.
            Some(Err(cause)) if cause.is::<wasmtime::PoolConcurrencyLimitError>() => {
                CallError::Full { plugin }
            }
            Some(Err(cause)) if is_trap(&cause, wasmtime::Trap::Interrupt) => {
                let limit_ms = limits.cpu.as_millis();
                CallError::OutOfTime {
                    plugin,
                    export,
                    limit_ms,
                }
            }
            Some(Err(cause)) => {
                let what = format!("{cause:#}");
                CallError::Start { plugin, what }
            }
            None => {
                let limit_ms = limits.wall.as_millis();
                CallError::TooSlow {
                    plugin,
                    export,
                    limit_ms,
                }
            }
        };
        Err(self.count(error))
    }

    /// Takes an instance back after a call that went well.
    pub(crate) fn give_back(&self, guest: Guest) {
        if self.settings.isolation == Isolation::Pooled {
            self.pool.put(guest, self.limits());
        }
    }

    /// The right to hold an instance between two exports, if not too many calls hold one.
    pub(crate) fn hold(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.holds).try_acquire_owned().ok()
    }

    pub(crate) fn count(&self, error: CallError) -> CallError {
        self.counters.count_error(&error);
        let is_broken = error.trap().is_some() || matches!(error, CallError::Start { .. });
        if is_broken && self.breaker.trapped(self.counters.calls()) {
            tracing::error!(plugin.name = %self.name, plugin.digest = %self.digest, %error,
                "the plugin broke in most of its last calls; it is not asked for a while");
        }
        error
    }

    /// What a failed call means, by what its store saw.
    pub(crate) fn explain(
        &self,
        cause: &wasmtime::Error,
        state: &State,
        export: &'static str,
        budget: Duration,
    ) -> CallError {
        let plugin = self.plugin_name();
        let limits = self.limits();
        let trap = cause.downcast_ref::<wasmtime::Trap>();
        let text = format!("{cause:#}");
        let error = if state.time.exceeded {
            CallError::OutOfTime {
                plugin,
                export,
                limit_ms: budget.as_millis(),
            }
        } else if is_trap(cause, wasmtime::Trap::StackOverflow) {
            CallError::StackOverflow { plugin, export }
        } else if text.contains("fuel allocated for hostcalls") {
            CallError::OutputTooLarge {
                plugin,
                export,
                limit: limits.output_bytes,
            }
        } else if state.memory.refused {
            CallError::OutOfMemory {
                plugin,
                export,
                limit_mib: limits.memory_bytes >> 20,
            }
        } else {
            let what = trap.map_or(text, ToString::to_string);
            CallError::Crashed {
                plugin,
                export,
                what,
            }
        };
        tracing::debug!(plugin.name = %self.name, %error, backtrace = %format!("{cause:?}"), "a guest broke");
        self.count(error)
    }
}

fn is_trap(cause: &wasmtime::Error, trap: wasmtime::Trap) -> bool {
    cause.downcast_ref::<wasmtime::Trap>() == Some(&trap)
}

//! A loaded plugin.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::InstancePre;

use crate::error::{CallError, LoadError};
use crate::guest_log::GuestLog;
use crate::inspect::Inspection;
use crate::limits::{Isolation, Limits, Settings};
use crate::pool::{Guest, Pool, Template};
use crate::session::Session;
use crate::stats::{Counters, Stats};
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
        let template = Template::new(pre).map_err(|cause| LoadError::Link(format!("{cause:#}")))?;
        let turns = Arc::new(Semaphore::new(settings.limits.concurrency.max(1)));
        Ok(Self {
            inner: Arc::new(Inner {
                name: name.into(),
                digest,
                inspection,
                template,
                settings,
                pool: Pool::default(),
                turns,
                counters: Arc::default(),
            }),
        })
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

    /// How it is run.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Its numbers at this moment.
    pub fn stats(&self) -> Stats {
        self.inner.counters.snapshot(self.inner.pool.idle())
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
        let dropped = Arc::clone(&self.counters.dropped_log_lines);
        let log = GuestLog::new(Arc::clone(&self.name), limits.log_line_bytes, dropped);
        let made = self.template.instantiate(limits, log, &self.counters).await;
        made.map_err(|cause| {
            let what = format!("{cause:#}");
            self.count(CallError::Start {
                plugin: self.plugin_name(),
                what,
            })
        })
    }

    /// Takes an instance back after a call that went well.
    pub(crate) fn give_back(&self, guest: Guest) {
        if self.settings.isolation == Isolation::Pooled {
            self.pool.put(guest, self.limits());
        }
    }

    pub(crate) fn count(&self, error: CallError) -> CallError {
        self.counters.count_error(&error);
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
        } else if trap == Some(&wasmtime::Trap::StackOverflow) {
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

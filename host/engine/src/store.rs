//! What stands behind one instance: its limits, its empty WASI world, its log, the call's files.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wasmtime::{ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::contract::bindings::sluice::plugin::{files, host, types};
use crate::guest_log::{GuestLog, Loudness};
use crate::limits::Limits;
use crate::outside::Outside;
use crate::session::Files;
use crate::wasi::Asked;

/// Most random bytes a guest gets at once, as the contract says.
const MAX_RANDOM: u32 = 4096;

pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) log: GuestLog,
    pub(crate) files: Files,
    pub(crate) outside: Outside,
    pub(crate) memory: Memory,
    pub(crate) time: Time,
    /// Whether a call has begun in it: what a language's runtime asks for while it starts is not
    /// the plugin's doing.
    called: bool,
}

/// In place of the clock while a guest yields: it wants a processor, and waits for nothing else.
const YIELDS: u64 = u64::MAX;

/// Tells a guest that yields from one that waits for the host.
#[derive(Clone)]
pub(crate) struct Yields(Arc<AtomicU64>);

impl Yields {
    pub(crate) fn now(&self) -> bool {
        self.0.load(Ordering::Relaxed) == YIELDS
    }
}

/// Linear memory: how much there may be, and how much there was.
pub(crate) struct Memory {
    limit: usize,
    used: usize,
    pub(crate) refused: bool,
}

/// Processor time of the running call, as the thread's own clock counts it: a guest that waits for
/// a processor on a busy machine spends nothing.
pub(crate) struct Time {
    budget: Duration,
    used: Duration,
    /// The thread's clock when the guest was last given a processor, in nanoseconds. It is read
    /// from a call's first tick on: most calls end before it, and reading it costs as much as
    /// some of them.
    running_since: Option<u64>,
    /// The same, written when the guest goes on after a yield, perhaps on another thread; 0: it
    /// did not yield since the last look.
    resumed: Arc<AtomicU64>,
    pub(crate) exceeded: bool,
}

impl State {
    /// A store for one instance of a plugin.
    pub(crate) fn store(engine: &wasmtime::Engine, limits: &Limits, log: GuestLog) -> Store<Self> {
        let wasi = WasiCtxBuilder::new()
            .stdout(log.clone())
            .stderr(log.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let state = Self {
            wasi,
            table: ResourceTable::new(),
            log,
            files: Files::default(),
            outside: Outside::default(),
            memory: Memory {
                limit: limits.memory_bytes,
                used: 0,
                refused: false,
            },
            time: Time {
                budget: limits.cpu,
                used: Duration::ZERO,
                running_since: None,
                resumed: Arc::default(),
                exceeded: false,
            },
            called: false,
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(limits.output_bytes);
        store.set_max_component_handles(1000);
        store.epoch_deadline_callback(|mut context| Ok(context.data_mut().time.tick()));
        store
    }

    /// A call begins: its own time, its own lines.
    pub(crate) fn begin(&mut self, budget: Duration) {
        self.time.budget = budget;
        self.time.used = Duration::ZERO;
        self.time.running_since = None;
        self.time.resumed.store(0, Ordering::Relaxed);
        self.time.exceeded = false;
        self.memory.refused = false;
        self.called = true;
    }

    /// The guest asked WASI for what it does not get.
    pub(crate) fn asked(&mut self, what: Asked) {
        if self.called {
            self.log.asked(what);
        }
    }

    pub(crate) fn yields(&self) -> Yields {
        Yields(Arc::clone(&self.time.resumed))
    }

    pub(crate) fn memory_used(&self) -> usize {
        self.memory.used
    }
}

impl Time {
    /// The guest ran into a tick.
    fn tick(&mut self) -> UpdateDeadline {
        let now = thread_nanos();
        let resumed = self.resumed.swap(0, Ordering::Relaxed);
        let since = if resumed == 0 {
            self.running_since
        } else {
            Some(resumed)
        };
        if let Some(since) = since {
            self.used += Duration::from_nanos(now.saturating_sub(since));
        }
        self.running_since = Some(now);
        if self.used >= self.budget {
            self.exceeded = true;
            return UpdateDeadline::Interrupt;
        }
        self.resumed.store(YIELDS, Ordering::Relaxed);
        let resumed = Arc::clone(&self.resumed);
        UpdateDeadline::YieldCustom(
            1,
            Box::pin(async move {
                tokio::task::yield_now().await;
                resumed.store(thread_nanos(), Ordering::Relaxed);
            }),
        )
    }
}

/// This thread's processor time.
#[cfg(unix)]
fn thread_nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    (now.tv_sec as u64).saturating_mul(1_000_000_000) + now.tv_nsec as u64
}

/// Without a clock of the thread's own: real time.
#[cfg(not(unix))]
fn thread_nanos() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_nanos() as u64)
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.limit {
            self.refused = true;
            return Ok(false);
        }
        self.used = self.used.max(desired);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= 100_000)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl types::Host for State {}

impl host::Host for State {
    fn log(&mut self, level: host::Level, message: String) {
        let loudness = match level {
            host::Level::Trace => Loudness::Trace,
            host::Level::Debug => Loudness::Debug,
            host::Level::Info => Loudness::Info,
            host::Level::Warn => Loudness::Warn,
            host::Level::Error => Loudness::Error,
        };
        self.log.line(loudness, &message);
    }

    fn now_ms(&mut self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |elapsed| elapsed.as_millis() as u64)
    }

    fn random(&mut self, len: u32) -> Vec<u8> {
        let mut bytes = vec![0; len.min(MAX_RANDOM) as usize];
        // Without entropy the guest gets nothing rather than zeros.
        if getrandom::fill(&mut bytes).is_err() {
            Vec::new()
        } else {
            bytes
        }
    }
}

impl files::Host for State {
    fn read(&mut self, file: u32, offset: u64, len: u32) -> Result<Vec<u8>, types::Error> {
        self.files
            .read(file, offset, len)
            .ok_or_else(|| types::Error {
                kind: "not-found".into(),
                message: format!("this call has no file {file}"),
                status: None,
                retry: None,
                retry_after_ms: None,
                detail: None,
            })
    }
}

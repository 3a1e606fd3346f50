//! Counters of one plugin, read at any time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::{CallError, Trap};
use crate::wasi::Asked;

/// The counters themselves.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) calls: AtomicU64,
    refusals: AtomicU64,
    crashed: AtomicU64,
    out_of_time: AtomicU64,
    out_of_memory: AtomicU64,
    stack_overflow: AtomicU64,
    too_large: AtomicU64,
    breaches: AtomicU64,
    busy: AtomicU64,
    not_asked: AtomicU64,
    asked_environment: AtomicU64,
    asked_files: AtomicU64,
    asked_sockets: AtomicU64,
    cpu_micros: AtomicU64,
    wait_micros: AtomicU64,
    pub(crate) memory_high_water: AtomicU64,
    pub(crate) instances_made: AtomicU64,
    pub(crate) instances_alive: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    log_lines: AtomicU64,
    dropped_log_lines: AtomicU64,
}

/// How often a guest broke, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrapCounts {
    pub crashed: u64,
    pub out_of_time: u64,
    pub out_of_memory: u64,
    pub stack_overflow: u64,
}

/// How often a guest asked WASI for what no guest gets, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WasiCounts {
    pub environment: u64,
    pub files: u64,
    pub sockets: u64,
}

/// A plugin's numbers at one moment. Times are sums.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stats {
    pub calls: u64,
    /// Calls that ended in the plugin's own error.
    pub refusals: u64,
    pub traps: TrapCounts,
    /// Answers or states beyond their limit.
    pub too_large: u64,
    /// What it handed over and the host may not take: against the contract, or beyond its grants.
    pub breaches: u64,
    /// Calls that found no free instance in time.
    pub busy: u64,
    /// Calls that were not made, as the plugin's circuit was open or it has no such export.
    pub not_asked: u64,
    /// What it asked of WASI, and did not get.
    pub wasi: WasiCounts,
    /// Time guests computed.
    pub cpu: Duration,
    /// Time calls waited for an instance.
    pub wait: Duration,
    /// Largest memory of any instance, in bytes.
    pub memory_high_water: u64,
    pub instances_made: u64,
    pub instances_alive: u64,
    pub instances_idle: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Lines that reached the log.
    pub log_lines: u64,
    pub dropped_log_lines: u64,
}

impl Stats {
    /// The numbers of two versions of a plugin, or of two moments of one, together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            refusals: self.refusals + other.refusals,
            traps: TrapCounts {
                crashed: self.traps.crashed + other.traps.crashed,
                out_of_time: self.traps.out_of_time + other.traps.out_of_time,
                out_of_memory: self.traps.out_of_memory + other.traps.out_of_memory,
                stack_overflow: self.traps.stack_overflow + other.traps.stack_overflow,
            },
            too_large: self.too_large + other.too_large,
            breaches: self.breaches + other.breaches,
            busy: self.busy + other.busy,
            not_asked: self.not_asked + other.not_asked,
            wasi: WasiCounts {
                environment: self.wasi.environment + other.wasi.environment,
                files: self.wasi.files + other.wasi.files,
                sockets: self.wasi.sockets + other.wasi.sockets,
            },
            cpu: self.cpu + other.cpu,
            wait: self.wait + other.wait,
            memory_high_water: self.memory_high_water.max(other.memory_high_water),
            instances_made: self.instances_made + other.instances_made,
            instances_alive: self.instances_alive + other.instances_alive,
            instances_idle: self.instances_idle + other.instances_idle,
            bytes_in: self.bytes_in + other.bytes_in,
            bytes_out: self.bytes_out + other.bytes_out,
            log_lines: self.log_lines + other.log_lines,
            dropped_log_lines: self.dropped_log_lines + other.dropped_log_lines,
        }
    }
}

/// A plugin's counters, which keeps neither its code nor its instances alive.
#[derive(Debug, Clone)]
pub struct Meter(pub(crate) Arc<Counters>);

impl Meter {
    /// Its numbers at this moment. Idle instances are the plugin's own to know.
    pub fn read(&self) -> Stats {
        self.0.snapshot(0)
    }
}

fn add(counter: &AtomicU64, value: u64) {
    counter.fetch_add(value, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counters {
    pub(crate) fn count_waited(&self, time: Duration) {
        add(&self.wait_micros, time.as_micros() as u64);
    }

    pub(crate) fn count_call(&self, cpu: Duration, bytes_in: usize) {
        add(&self.calls, 1);
        add(&self.cpu_micros, cpu.as_micros() as u64);
        add(&self.bytes_in, bytes_in as u64);
    }

    /// Calls so far.
    pub(crate) fn calls(&self) -> u64 {
        get(&self.calls)
    }

    pub(crate) fn count_output(&self, bytes: usize) {
        add(&self.bytes_out, bytes as u64);
    }

    pub(crate) fn count_refusal(&self) {
        add(&self.refusals, 1);
    }

    pub(crate) fn count_breach(&self) {
        add(&self.breaches, 1);
    }

    /// What a guest asked of WASI in vain. Returns whether it is the first time.
    pub(crate) fn count_asked(&self, what: Asked) -> bool {
        let counter = match what {
            Asked::Environment => &self.asked_environment,
            Asked::Files => &self.asked_files,
            Asked::Sockets => &self.asked_sockets,
        };
        counter.fetch_add(1, Ordering::Relaxed) == 0
    }

    pub(crate) fn count_memory(&self, bytes: usize) {
        self.memory_high_water
            .fetch_max(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_log_line(&self, is_written: bool) {
        add(
            if is_written {
                &self.log_lines
            } else {
                &self.dropped_log_lines
            },
            1,
        );
    }

    pub(crate) fn count_error(&self, error: &CallError) {
        let counter = match (error.trap(), error) {
            (Some(Trap::Crash), _) => &self.crashed,
            (Some(Trap::OutOfTime), _) => &self.out_of_time,
            (Some(Trap::OutOfMemory), _) => &self.out_of_memory,
            (Some(Trap::StackOverflow), _) => &self.stack_overflow,
            (None, CallError::Busy { .. } | CallError::Full { .. }) => &self.busy,
            (None, CallError::Open { .. } | CallError::NotExported { .. }) => &self.not_asked,
            (None, CallError::Start { .. }) => &self.crashed,
            (None, _) => &self.too_large,
        };
        add(counter, 1);
    }

    pub(crate) fn snapshot(&self, idle: usize) -> Stats {
        Stats {
            calls: get(&self.calls),
            refusals: get(&self.refusals),
            traps: TrapCounts {
                crashed: get(&self.crashed),
                out_of_time: get(&self.out_of_time),
                out_of_memory: get(&self.out_of_memory),
                stack_overflow: get(&self.stack_overflow),
            },
            too_large: get(&self.too_large),
            breaches: get(&self.breaches),
            busy: get(&self.busy),
            not_asked: get(&self.not_asked),
            wasi: WasiCounts {
                environment: get(&self.asked_environment),
                files: get(&self.asked_files),
                sockets: get(&self.asked_sockets),
            },
            cpu: Duration::from_micros(get(&self.cpu_micros)),
            wait: Duration::from_micros(get(&self.wait_micros)),
            memory_high_water: get(&self.memory_high_water),
            instances_made: get(&self.instances_made),
            instances_alive: get(&self.instances_alive),
            instances_idle: idle as u64,
            bytes_in: get(&self.bytes_in),
            bytes_out: get(&self.bytes_out),
            log_lines: get(&self.log_lines),
            dropped_log_lines: get(&self.dropped_log_lines),
        }
    }
}

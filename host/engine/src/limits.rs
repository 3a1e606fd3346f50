//! What a plugin may use, and how its instances are kept apart.

use std::time::Duration;

/// Limits of one plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of an instance, in bytes.
    pub memory_bytes: usize,
    /// Time an export may compute for one call. Time spent waiting for a processor does not count.
    pub cpu: Duration,
    /// The same for `describe`.
    pub describe_cpu: Duration,
    /// How long a call that waits for the host may take. Only a guest that sleeps does: the
    /// contract has nothing to wait for, but WASI has clocks.
    pub wall: Duration,
    /// The `state` string a plugin may hand back, in bytes.
    pub state_bytes: usize,
    /// Everything a plugin may hand over in one call, in bytes.
    pub output_bytes: usize,
    /// Log lines of one call; more are counted and dropped.
    pub log_lines: u32,
    /// Longest log line, in bytes; the rest is cut.
    pub log_line_bytes: usize,
    /// Calls into the plugin at the same time.
    pub concurrency: usize,
    /// How long a call waits for its turn.
    pub wait: Duration,
    /// Calls after which a pooled instance is replaced.
    pub max_uses: u32,
    /// Memory above which a pooled instance is replaced after its call, in bytes.
    pub retire_bytes: usize,
    /// Instances that client calls hold under [`Isolation::Call`]; further calls get a fresh one
    /// for each export. Exports are pure, so that costs time only.
    pub max_held: usize,
    /// Idle instances that are kept.
    pub max_idle: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            cpu: Duration::from_millis(500),
            describe_cpu: Duration::from_secs(5),
            wall: Duration::from_secs(30),
            state_bytes: 1 << 20,
            output_bytes: 32 << 20,
            log_lines: 100,
            log_line_bytes: 8 << 10,
            concurrency: 256,
            wait: Duration::from_secs(10),
            max_uses: 1000,
            retire_bytes: 16 << 20,
            max_held: 64,
            max_idle: 8,
        }
    }
}

/// How long an instance lives. Exports are pure functions, so the three differ in cost and trust
/// only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Warm instances, each used by one call at a time.
    #[default]
    Pooled,
    /// One instance for the life of one client call.
    Call,
    /// One instance for each export invocation.
    Fresh,
}

impl Isolation {
    /// As the configuration spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pooled => "pooled",
            Self::Call => "call",
            Self::Fresh => "fresh",
        }
    }
}

/// How a plugin is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub limits: Limits,
    pub isolation: Isolation,
}

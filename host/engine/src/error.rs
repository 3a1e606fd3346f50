//! Why a plugin could not be loaded, and why a call into it failed.

/// The engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the WebAssembly engine could not be set up: {0}")]
    Wasmtime(String),
    #[error("the thread that counts time could not be started")]
    Ticker(#[source] std::io::Error),
    #[error("the cache directory {path}: {what}")]
    CacheDirectory { path: String, what: String },
}

/// A component was refused.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// It ends before what it begins: perhaps it is still being copied.
    #[error("not a WebAssembly component, or not the whole of one: {0}")]
    CutShort(String),
    #[error("a core WebAssembly module, not a component: build it for wasm32-wasip2")]
    CoreModule,
    #[error(
        "it exports no interface of the sluice:plugin contract (found: {found}; supported: {supported})"
    )]
    NoContract { found: String, supported: String },
    #[error("it is built for contract version {found}; this gateway runs {supported}")]
    Version { found: String, supported: String },
    #[error("it imports `{0}`, which a plugin of its kind does not get")]
    ForbiddenImport(String),
    #[error("it does not compile: {0}")]
    Compile(String),
    #[error("it does not fit the contract: {0}")]
    Link(String),
    #[error("it has {bytes} bytes; the limit is {limit}")]
    TooLarge { bytes: usize, limit: usize },
}

/// How a guest broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trap {
    /// `unreachable`: a panic or an abort; also bad memory accesses and the like.
    Crash,
    /// It computed, or waited, longer than its limit.
    OutOfTime,
    /// It wanted more memory than its limit.
    OutOfMemory,
    /// It recursed too deep.
    StackOverflow,
}

/// A call into a plugin failed. A refusal by the plugin (its own `error`) is not one of these.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    #[error("plugin `{plugin}` crashed in `{export}`: {what}")]
    Crashed {
        plugin: String,
        export: &'static str,
        what: String,
    },
    #[error("plugin `{plugin}` ran for longer than {limit_ms} ms in `{export}` and was stopped")]
    OutOfTime {
        plugin: String,
        export: &'static str,
        limit_ms: u128,
    },
    #[error(
        "plugin `{plugin}` slept in `{export}`, was not done after {limit_ms} ms, and was stopped"
    )]
    TooSlow {
        plugin: String,
        export: &'static str,
        limit_ms: u128,
    },
    #[error("plugin `{plugin}` wanted more than {limit_mib} MiB of memory in `{export}`")]
    OutOfMemory {
        plugin: String,
        export: &'static str,
        limit_mib: usize,
    },
    #[error("plugin `{plugin}` recursed too deep in `{export}`")]
    StackOverflow {
        plugin: String,
        export: &'static str,
    },
    #[error(
        "plugin `{plugin}` returned a state of {bytes} bytes from `{export}`; the limit is {limit}"
    )]
    StateTooLarge {
        plugin: String,
        export: &'static str,
        bytes: usize,
        limit: usize,
    },
    #[error("plugin `{plugin}` returned more than {limit} bytes from `{export}`")]
    OutputTooLarge {
        plugin: String,
        export: &'static str,
        limit: usize,
    },
    #[error("plugin `{plugin}` is busy: {limit} calls at a time, and none ended in time")]
    Busy { plugin: String, limit: usize },
    #[error("plugin `{plugin}` got no instance: all that the gateway can have are in use")]
    Full { plugin: String },
    #[error(
        "plugin `{plugin}` broke in most of its last calls and is not asked for another {seconds} s"
    )]
    Open { plugin: String, seconds: u64 },
    #[error("plugin `{plugin}` could not be started: {what}")]
    Start { plugin: String, what: String },
    #[error("plugin `{plugin}` has no `{export}`: it is of another kind")]
    NotExported {
        plugin: String,
        export: &'static str,
    },
}

impl CallError {
    /// The trap behind it, if the guest broke.
    pub const fn trap(&self) -> Option<Trap> {
        match self {
            Self::Crashed { .. } => Some(Trap::Crash),
            Self::OutOfTime { .. } | Self::TooSlow { .. } => Some(Trap::OutOfTime),
            Self::OutOfMemory { .. } => Some(Trap::OutOfMemory),
            Self::StackOverflow { .. } => Some(Trap::StackOverflow),
            _ => None,
        }
    }

    /// Whether this call shows that the plugin is broken. It was not asked where the machine is
    /// busy, or where its circuit is open.
    pub const fn is_plugins_fault(&self) -> bool {
        !matches!(
            self,
            Self::Busy { .. } | Self::Full { .. } | Self::Open { .. } | Self::NotExported { .. }
        )
    }
}

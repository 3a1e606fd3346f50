//! What the host gives to every plugin. In a native build (tests) the clock is the machine's or the test's,
//! the log is standard error and the random bytes are not random.

/// How loud a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Every step.
    Trace,
    /// For the plugin's author.
    Debug,
    /// What the plugin is doing; seldom.
    Info,
    /// Something was wrong, and the plugin coped.
    Warn,
    /// Someone must act.
    Error,
}

/// Writes to the gateway's log, with the plugin's name and the call's id.
pub fn log(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    {
        use crate::bindings::sluice::plugin::host::{Level as Wit, log};
        let level = match level {
            Level::Trace => Wit::Trace,
            Level::Debug => Wit::Debug,
            Level::Info => Wit::Info,
            Level::Warn => Wit::Warn,
            Level::Error => Wit::Error,
        };
        log(level, message);
    }
    #[cfg(not(target_arch = "wasm32"))]
    #[expect(clippy::print_stderr, reason = "a native build has no other log")]
    {
        eprintln!("{level:?} {message}");
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::sluice::plugin::host::now_ms();
    #[cfg(not(target_arch = "wasm32"))]
    return crate::native::played_now().unwrap_or_else(|| {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_millis() as u64)
    });
}

/// Random bytes, at most 4096.
pub fn random(len: u32) -> Vec<u8> {
    #[cfg(target_arch = "wasm32")]
    return crate::bindings::sluice::plugin::host::random(len);
    #[cfg(not(target_arch = "wasm32"))]
    return (0..len.min(4096)).map(|byte| byte as u8).collect();
}

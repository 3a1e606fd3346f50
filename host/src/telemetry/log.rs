//! The log: text for people, or one JSON object a line. A thread of its own writes it, so that a
//! reader that is slow or stands still holds up no call; lines that find no room are counted.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Lines that wait for the writer at most; more are dropped.
const MAX_WAITING_LINES: usize = 64_000;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogStyle {
    pub json: bool,
    pub debug: bool,
}

/// Lines that were dropped since the start, because the reader of the log did not keep up.
pub fn dropped_lines() -> usize {
    DROPPED.get().map_or(0, ErrorCounter::dropped_lines)
}

/// Installs the log for the process. `SLUICE_LOG` (an `EnvFilter`) overrules `debug`. What still
/// waits when the guard is dropped is written then.
pub fn install(style: LogStyle, filter: Option<&str>) -> WorkerGuard {
    let default = if style.debug {
        "info,sluice=debug,plugin=debug"
    } else {
        "info"
    };
    let filter = EnvFilter::new(filter.unwrap_or(default));
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(MAX_WAITING_LINES)
        .lossy(true)
        .thread_name("sluice-log")
        .finish(std::io::stderr());
    let _ = DROPPED.set(writer.error_counter());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    // A second installation (tests in one process) keeps the first.
    let _ = if style.json {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init()
    } else {
        let ansi = std::io::stderr().is_terminal();
        builder.with_target(false).with_ansi(ansi).try_init()
    };
    guard
}

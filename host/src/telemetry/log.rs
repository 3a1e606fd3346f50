//! The log: text for people, or one JSON object a line.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogStyle {
    pub json: bool,
    pub debug: bool,
}

/// Installs the log for the process. `SLUICE_LOG` (an `EnvFilter`) overrules `debug`.
pub fn install(style: LogStyle, filter: Option<&str>) {
    let default = if style.debug {
        "info,sluice=debug,plugin=debug"
    } else {
        "info"
    };
    let filter = EnvFilter::new(filter.unwrap_or(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
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
}

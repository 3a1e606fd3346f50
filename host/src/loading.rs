//! Loads the plugins of a config: where machine code is kept, the engine, and word of how far it is.
//! Components are compiled once for each machine, which takes longest of all that a first start does.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sluice_engine::{Engine, EngineConfig, EngineError};
use tokio::time::Instant;

use crate::config::{Config, Env};
use crate::pipeline::check_settings;
use crate::plugins::{Plugins, PluginsConfig, Progress};

/// The folder of machine code below a data directory.
const MACHINE_CODE: &str = "machine-code";
/// What takes no longer is not told of, and afterwards it is told so often.
const TOLD_EVERY: Duration = Duration::from_secs(2);

/// The plugins of a config, and the config that new versions of them are judged by.
///
/// # Errors
/// The engine does not start on this machine, or others may write where machine code is kept.
pub async fn start(
    config: &Arc<Config>,
    told: &(dyn Fn(Progress<'_>) + Send + Sync),
) -> Result<(Plugins, Arc<ArcSwap<Config>>), EngineError> {
    let data = data_directory(config);
    let engine = Engine::new(&engine_config(&data))?;
    let settings = PluginsConfig::of(&config.plugins, &data);
    let current = Arc::new(ArcSwap::new(Arc::clone(config)));
    let for_check = Arc::clone(&current);
    let check = Box::new(move |generation: &_| check_settings(&for_check.load(), generation));
    let bundled = sluice_bundled::PLUGINS;
    let plugins = Plugins::start(engine, settings, bundled, check, told).await;
    Ok((plugins, current))
}

/// Machine code is kept below this directory, and may have come with the program.
pub fn engine_config(data: &Path) -> EngineConfig {
    let env = Env::of_process(Path::new(""));
    EngineConfig {
        cache_dir: Some(data.join(MACHINE_CODE)),
        shipped_dir: env.text("SLUICE_MACHINE_CODE").map(PathBuf::from),
        ..EngineConfig::default()
    }
}

/// Where a config has the gateway keep what it makes.
pub fn data_directory(config: &Config) -> PathBuf {
    let named = config.plugins.data_directory.clone();
    named.unwrap_or_else(default_data_directory)
}

/// Where the gateway keeps what it makes, if the config does not say.
pub fn default_data_directory() -> PathBuf {
    let env = Env::of_process(Path::new(""));
    let home = env.text("SLUICE_DATA_DIR").map(PathBuf::from);
    let cache = || {
        env.text("XDG_CACHE_HOME")
            .map(|it| PathBuf::from(it).join("sluice"))
    };
    let fallback = || {
        env.text("HOME")
            .map(|it| PathBuf::from(it).join(".cache/sluice/data"))
    };
    home.or_else(cache)
        .or_else(fallback)
        .unwrap_or_else(|| PathBuf::from("sluice-data"))
}

/// Tells the log how far it is, if it takes long.
pub fn in_log() -> impl Fn(Progress<'_>) + Send + Sync {
    let due = every(TOLD_EVERY);
    move |progress| {
        let Progress { done, of, next } = progress;
        if due() && done < of {
            tracing::info!(
                done,
                of,
                next,
                "plugins are being compiled, once for this machine: {done} of {of} are loaded"
            );
        }
    }
}

/// Tells somebody at the terminal how far it is, in one line that is gone at the end. Nobody there:
/// nothing is told.
pub fn at_terminal() -> impl Fn(Progress<'_>) + Send + Sync {
    let is_watched = std::io::stderr().is_terminal();
    move |progress| {
        if is_watched {
            let _ = std::io::stderr().write_all(line(progress).as_bytes());
        }
    }
}

/// One line of a terminal, over the one before.
fn line(Progress { done, of, next }: Progress<'_>) -> String {
    const CLEAR: &str = "\r\x1b[K";
    match done < of {
        true => format!("{CLEAR}loading plugins: {done} of {of}, {next}"),
        false => CLEAR.to_owned(),
    }
}

/// Whether so much time has passed since the beginning, or since it was said last.
fn every(time: Duration) -> impl Fn() -> bool + Send + Sync {
    let last = Mutex::new(Instant::now());
    move || {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.elapsed() >= time;
        if is_due {
            *last = Instant::now();
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_is_told_of_now_and_then() {
        let due = every(Duration::from_secs(2));
        let mut said = Vec::new();
        for _ in 0..8 {
            tokio::time::advance(Duration::from_millis(900)).await;
            said.push(due());
        }
        assert_eq!(said.iter().filter(|it| **it).count(), 2);
        assert!(!said[0] && !said[1]);
    }

    #[test]
    fn a_terminal_has_one_line_that_is_gone_at_the_end() {
        let of = |done| {
            line(Progress {
                done,
                of: 3,
                next: "openai",
            })
        };
        assert!(of(1).starts_with('\r') && of(1).ends_with("1 of 3, openai"));
        assert!(!of(3).contains("openai"));
    }
}

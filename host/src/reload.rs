//! Changes while calls go on: of the config file, and of the plugins. All or nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config, Env, Taken};
use crate::http::Doors;
use crate::pipeline::Fleet;

/// Quiet time before the file is read, and the longest time until a change is seen without a
/// notification.
const DEBOUNCE: Duration = Duration::from_millis(300);
const POLL: Duration = Duration::from_secs(30);

/// Rebuilds the fleet.
#[derive(Clone)]
pub struct Reloader {
    path: PathBuf,
    env: Env,
    current: Arc<ArcSwap<Config>>,
    doors: Doors,
}

impl Reloader {
    pub fn new(path: PathBuf, env: Env, current: Arc<ArcSwap<Config>>, doors: Doors) -> Self {
        Self {
            path,
            env,
            current,
            doors,
        }
    }

    /// Puts the current config and the current plugins together anew.
    pub fn rebuild(&self) {
        let config = Arc::clone(&self.doors.pipeline.fleet().config);
        self.doors
            .pipeline
            .set_fleet(Fleet::build(config, &self.doors.plugins.table()));
    }

    /// Rebuilds with every change of the plugins.
    pub async fn follow_plugins(
        self,
        mut changes: tokio::sync::watch::Receiver<u64>,
        stop: CancellationToken,
    ) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                changed = changes.changed() => if changed.is_err() { break },
            }
            self.rebuild();
        }
    }

    /// Watches the config file until `stop`.
    pub async fn watch_file(self, stop: CancellationToken) {
        let (wake, mut woken) = mpsc::channel(1);
        let sender = wake.clone();
        let folder = self
            .path
            .parent()
            .filter(|it| !it.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let watcher = notify::recommended_watcher(move |_| {
            let _ = sender.try_send(());
        });
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        if let Err(cause) = &watcher {
            tracing::warn!(%cause, "the config file is only polled");
        }
        let mut seen = stamp(&self.path);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = woken.recv() => tokio::time::sleep(DEBOUNCE).await,
                () = tokio::time::sleep(POLL) => {}
            }
            while woken.try_recv().is_ok() {}
            let now = stamp(&self.path);
            if now.is_some() && now != seen {
                seen = now;
                self.reload().await;
            }
        }
    }

    async fn reload(&self) {
        let (path, env) = (self.path.clone(), self.env.clone());
        let read = tokio::task::spawn_blocking(move || Config::load(&path, env)).await;
        let read = read.unwrap_or_else(|cause| Err(config::ConfigError(cause.to_string())));
        let refused = |why: &str| {
            tracing::error!(config = %self.path.display(), "the changed config is not taken over: {why}");
            self.doors.metrics.config_reload("refused");
        };
        let (config, remarks) = match read {
            Ok(read) => read,
            Err(cause) => return refused(&cause.to_string()),
        };
        if config::has_errors(&remarks) {
            let wrong = remarks.iter().filter(|it| it.taken == Taken::Wrong);
            let wrong: Vec<String> = wrong
                .map(|it| format!("{}: {}", it.path, it.text))
                .collect();
            return refused(&wrong.join("; "));
        }
        let old = self.doors.pipeline.fleet();
        let lost_key = config.general.loopback_only().is_some()
            && old.config.general.loopback_only().is_none();
        if lost_key {
            return refused(
                "it has no master key of its own, but the gateway listens beyond loopback",
            );
        }
        let fleet = Fleet::build(config, &self.doors.plugins.table());
        let wrong = fleet.wrong_rows().into_iter();
        let wrong: Vec<String> = wrong
            .map(|(path, text)| format!("{path}: {text}"))
            .collect();
        if !wrong.is_empty() {
            return refused(&wrong.join("; "));
        }
        for warning in fleet.warnings() {
            tracing::warn!("{warning}");
        }
        self.current.store(Arc::clone(&fleet.config));
        self.doors.pipeline.set_fleet(fleet);
        // Files that only the old config spoke against are looked at again.
        self.doors.plugins.rescan();
        self.doors.metrics.config_reload("applied");
        tracing::info!(config = %self.path.display(), "the changed config is in force");
    }
}

fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

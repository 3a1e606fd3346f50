//! The plugins: loaded, watched, swapped while calls go on. The only room that loads components.
//!
//! A component comes from the binary or from a file, is prepared by itself (`prepare`), finds its
//! place among the others (`table`) and serves from then on (`install`). What fails is taken back
//! (`rollback`), and what was good is found again after a restart (`lastgood`).

pub mod describe;
mod directory;
mod draining;
pub mod examples;
mod history;
pub mod hook_examples;
mod install;
mod journal;
mod lastgood;
mod ledger;
mod numbers;
mod prepare;
mod reconfigure;
mod registry;
mod rollback;
pub mod row;
mod settings;
mod snapshot;
mod table;
#[cfg(test)]
pub mod tests;
mod trial;
pub mod trust;
mod upload;
mod wanting;
mod watch;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use sluice_engine::Engine;
use tokio::sync::Notify;
use tokio::sync::watch::{Receiver, Sender};
use tokio_util::task::TaskTracker;

pub use directory::{MAX_FILE_BYTES, list as list_components, read as read_component};
pub use journal::{LogEntry, What};
pub use prepare::{Arrival, InstallError};
pub use registry::{Generation, Hook, Outcome, Provider, Source, Table};
pub use settings::{Grant, PluginsConfig, RollbackRule};
pub use trial::Trial;
pub use upload::Earlier;
pub use wanting::Missing;

use crate::domain::{ErrorKind, Fault};

use draining::Draining;
use history::History;
use journal::Journal;
use lastgood::LastGood;
use ledger::Ledger;

/// Judges a new version by the deployments that use it: the reason against it, if there is one.
pub type SettingsCheck = dyn Fn(&Generation) -> Result<(), String> + Send + Sync;

/// Whether the config names this, as [`Table::names`] has it.
pub type InUse = dyn Fn(&str) -> bool + Send + Sync;

/// All plugins. Cheap to clone.
#[derive(Clone)]
pub struct Plugins {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    /// The operator's word in force.
    config: ArcSwap<PluginsConfig>,
    table: ArcSwap<Table>,
    check: Box<SettingsCheck>,
    /// Changes of the table, one at a time. Never held while a component compiles.
    changing: tokio::sync::Mutex<()>,
    last_good: LastGood,
    /// What an operator can go back to.
    history: History,
    /// By plugin name, the version before the last swap, while the new one may be taken back.
    previous: Mutex<BTreeMap<String, Arc<Generation>>>,
    /// The bundled plugins by name, for when a file that stands in for one is deleted.
    bundled: Mutex<BTreeMap<String, Arc<Generation>>>,
    /// The plugin files that stand in the directory.
    present: Mutex<HashSet<PathBuf>>,
    draining: Draining,
    journal: Journal,
    ledger: Ledger,
    /// Rollbacks under way.
    tasks: TaskTracker,
    /// Files in it that look half copied, with the bytes that they had.
    half: Mutex<BTreeMap<PathBuf, u64>>,
    /// Asks for a look at the directory.
    look: Notify,
    /// How many looks were asked for by [`Plugins::reload`], and how many of them are done.
    looks: Sender<(u64, u64)>,
    /// Counts up with every change of the table.
    changed: Sender<u64>,
    /// The change up to which new calls are served by the table.
    in_force: Sender<u64>,
}

/// How far loading the bundled plugins is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    pub done: usize,
    pub of: usize,
    /// The plugin that is loaded now; empty at the end.
    pub next: &'a str,
}

/// How long a look at the directory may take that somebody waits for.
const RELOAD: Duration = Duration::from_secs(120);

/// SHA-256 in lower-case hex.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A lock that a panic elsewhere does not spoil: what it guards is whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Plugins {
    /// Loads the bundled plugins. `check` judges new versions by the deployments that use them; `told` is
    /// told how far it is.
    pub async fn start(
        engine: Engine,
        config: PluginsConfig,
        bundled: &[sluice_bundled::Bundled],
        check: Box<SettingsCheck>,
        told: &(dyn Fn(Progress<'_>) + Send + Sync),
    ) -> Self {
        let plugins = Self {
            inner: Arc::new(Inner {
                engine,
                last_good: open_last_good(&config).await,
                history: open_history(&config).await,
                config: ArcSwap::from_pointee(config),
                table: ArcSwap::from_pointee(Table::default()),
                check,
                changing: tokio::sync::Mutex::default(),
                previous: Mutex::default(),
                bundled: Mutex::default(),
                present: Mutex::default(),
                draining: Draining::default(),
                journal: Journal::default(),
                ledger: Ledger::default(),
                tasks: TaskTracker::new(),
                half: Mutex::default(),
                look: Notify::new(),
                looks: Sender::default(),
                changed: Sender::new(0),
                in_force: Sender::new(0),
            }),
        };
        let of = bundled.len();
        for (done, plugin) in bundled.iter().enumerate() {
            let next = plugin.name;
            told(Progress { done, of, next });
            let arrival = Arrival {
                stem: plugin.name.to_owned(),
                digest: digest(plugin.wasm),
                bytes: bytes::Bytes::from_static(plugin.wasm),
                signatures: String::new(),
                source: Source::Bundled,
            };
            // A refusal is logged where it happens, and the others serve all the same.
            let _ = plugins.install(arrival, &|_| false).await;
        }
        let (done, next) = (of, "");
        told(Progress { done, of, next });
        plugins
    }

    /// The provider of this name, in the version that serves now.
    pub fn provider(&self, name: &str) -> Option<Arc<Provider>> {
        self.inner.table.load().providers.get(name).cloned()
    }

    /// What happened to plugins lately, the newest first.
    pub fn log(&self) -> Vec<LogEntry> {
        self.inner.journal.entries()
    }

    /// Every loaded plugin and provider.
    pub fn table(&self) -> Arc<Table> {
        self.inner.table.load_full()
    }

    /// Tells of every change of the table.
    pub fn changes(&self) -> Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// How many changes there were by now.
    pub fn changes_by_now(&self) -> u64 {
        *self.inner.changed.borrow()
    }

    /// New calls are served by a table that has all changes up to this one.
    pub fn put_in_force(&self, upto: u64) {
        self.inner.in_force.send_if_modified(|it| {
            let is_later = upto > *it;
            *it = upto.max(*it);
            is_later
        });
    }

    /// Waits until new calls are served by what the table has now.
    ///
    /// # Errors
    /// They are not within two minutes.
    pub async fn settled(&self) -> Result<(), Fault> {
        let (upto, mut in_force) = (self.changes_by_now(), self.inner.in_force.subscribe());
        let waited = in_force.wait_for(|it| *it >= upto);
        if tokio::time::timeout(RELOAD, waited).await.is_err() {
            tracing::warn!("a change of the plugins is not in force yet");
            let message = "the plugins were changed, but calls are not served by them yet: it takes \
                           longer than expected. The change stays and comes into force by itself; \
                           `GET /plugins` shows it, and the log says what holds it up";
            return Err(Fault::caller(ErrorKind::Overloaded, message).with_status(503));
        }
        Ok(())
    }

    /// Has the directory looked at now, also at files that were refused for what other files or
    /// the config said then.
    pub fn rescan(&self) {
        self.inner.look.notify_one();
    }

    /// Has the directory looked at, and waits until that is done.
    ///
    /// # Errors
    /// There is none, or the look takes longer than components may take to be judged.
    pub async fn reload(&self) -> Result<(), Fault> {
        let inner = &self.inner;
        if inner.config.load().directory.is_none() {
            let message = "there is no plugins directory: set `plugins.directory`";
            return Err(Fault::caller(ErrorKind::InvalidRequest, message));
        }
        let mut looks = inner.looks.subscribe();
        let mut number = 0;
        inner.looks.send_modify(|(asked, _)| {
            *asked += 1;
            number = *asked;
        });
        self.rescan();
        let done = looks.wait_for(|(_, done)| *done >= number);
        match tokio::time::timeout(RELOAD, done).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                let message = "the plugins directory is still being looked at; see `GET /plugins`";
                Err(Fault::caller(ErrorKind::Overloaded, message).with_status(503))
            }
        }
    }

    /// Work on the kept versions, which blocks.
    async fn on_disk(&self, work: impl FnOnce(&LastGood) + Send + 'static) {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || work(&inner.last_good)).await;
        if let Err(cause) = done {
            tracing::warn!(%cause, "the kept plugin versions could not be changed");
        }
    }
}

async fn open_history(config: &PluginsConfig) -> History {
    let directory = config.state_dir.clone();
    let opened = tokio::task::spawn_blocking(move || History::open(directory.as_deref()));
    opened.await.unwrap_or_else(|_| History::open(None))
}

async fn open_last_good(config: &PluginsConfig) -> LastGood {
    let directory = config.state_dir.clone();
    // Another version, or other limits, may judge a component otherwise.
    let judge = format!(
        "{} {} {:?}",
        env!("CARGO_PKG_VERSION"),
        sluice_engine::CONTRACT_VERSION,
        config.limits
    );
    let other = judge.clone();
    let opened = tokio::task::spawn_blocking(move || LastGood::open(directory.as_deref(), judge));
    opened.await.unwrap_or_else(|_| LastGood::open(None, other))
}

//! The plugins: loaded, watched, swapped while calls go on. The only room that loads components.

pub mod describe;
mod examples;
mod install;
mod keep;
mod registry;
mod rollback;
mod settings;
mod snapshot;
mod watch;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use sluice_engine::Engine;
use tokio::sync::watch::{Receiver, Sender};

pub use install::InstallError;
pub use registry::{Generation, Outcome, Provider, Source, Table};
pub use settings::{Grant, OperatorRow, PluginsConfig, RollbackRule};

use keep::Keep;
use rollback::Counts;

/// Entries of the reload log that are kept.
const LOG_ENTRIES: usize = 100;

/// Judges a new version by the deployments that use it: the reason against it, if there is one.
pub type SettingsCheck = dyn Fn(&Generation) -> Result<(), String> + Send + Sync;

/// All plugins. Cheap to clone.
#[derive(Clone)]
pub struct Plugins {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    config: PluginsConfig,
    table: ArcSwap<Table>,
    check: Box<SettingsCheck>,
    /// One change at a time.
    changing: tokio::sync::Mutex<Keep>,
    previous: Mutex<Vec<Previous>>,
    log: Mutex<VecDeque<LogEntry>>,
    /// Counts up with every change of the table.
    changed: Sender<u64>,
}

/// The version before the last swap of a plugin.
struct Previous {
    name: String,
    generation: Arc<Generation>,
}

/// One line of the reload log.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub at: SystemTime,
    pub plugin: String,
    pub digest: String,
    /// `loaded`, `refused`, `removed`, `rolled-back`, `kept`.
    pub what: &'static str,
    pub detail: String,
}

/// SHA-256 in lower-case hex.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Plugins {
    /// Loads the bundled plugins. `check` judges new versions by the deployments that use them.
    pub async fn start(
        engine: Engine,
        config: PluginsConfig,
        bundled: &[sluice_bundled::Bundled],
        check: Box<SettingsCheck>,
    ) -> Self {
        let keep = Keep::open(config.state_dir.as_deref());
        let plugins = Self {
            inner: Arc::new(Inner {
                engine,
                config,
                table: ArcSwap::from_pointee(Table::default()),
                check,
                changing: tokio::sync::Mutex::new(keep),
                previous: Mutex::new(Vec::new()),
                log: Mutex::new(VecDeque::new()),
                changed: Sender::new(0),
            }),
        };
        for plugin in bundled {
            let loaded = plugins
                .install(plugin.name, plugin.wasm.to_vec(), Source::Bundled)
                .await;
            if let Err(cause) = loaded {
                tracing::error!(plugin.name = plugin.name, %cause, "a bundled plugin was not loaded");
            }
        }
        plugins
    }

    /// The provider of this name, in the version that serves now.
    pub fn provider(&self, name: &str) -> Option<Arc<Provider>> {
        self.inner.table.load().providers.get(name).cloned()
    }

    /// Every loaded plugin and provider.
    pub fn table(&self) -> Arc<Table> {
        self.inner.table.load_full()
    }

    /// Tells of every change of the table.
    pub fn changes(&self) -> Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Loads a component and, if it is good, lets it serve.
    pub async fn install(
        &self,
        stem: &str,
        bytes: Vec<u8>,
        source: Source,
    ) -> Result<(), InstallError> {
        let inner = &self.inner;
        let digest = digest(&bytes);
        let mut keep = inner.changing.lock().await;
        let outcome = self
            .try_install(&mut keep, stem, &digest, bytes, source.clone())
            .await;
        match &outcome {
            Ok(name) => {
                tracing::info!(plugin.name = %name, plugin.digest = %digest, source = ?source, "plugin loaded");
                self.log(name, &digest, "loaded", String::new());
            }
            Err(cause) => {
                tracing::warn!(plugin.name = stem, plugin.digest = %digest, %cause, "plugin refused");
                self.log(stem, &digest, "refused", cause.to_string());
                let is_new = !matches!(
                    cause,
                    InstallError::Quarantined(_)
                        | InstallError::Read(_)
                        | InstallError::Pin { .. }
                        | InstallError::Clash(_)
                        | InstallError::Settings(_)
                );
                if is_new && matches!(source, Source::File(_)) {
                    keep.quarantine(&digest, &cause.to_string());
                }
            }
        }
        outcome.map(drop)
    }

    async fn try_install(
        &self,
        keep: &mut Keep,
        stem: &str,
        digest: &str,
        bytes: Vec<u8>,
        source: Source,
    ) -> Result<String, InstallError> {
        let inner = &self.inner;
        if let Some(reason) = keep.why_bad(digest) {
            return Err(InstallError::Quarantined(reason.to_owned()));
        }
        let file = match &source {
            Source::File(path) => path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned()),
            Source::Bundled => None,
        };
        let kept = file.as_ref().map(|_| bytes.clone());
        let generation =
            install::prepare(&inner.engine, &inner.config, stem, bytes, source).await?;
        (inner.check)(&generation).map_err(InstallError::Settings)?;
        let generation = Arc::new(generation);
        let name = generation.describe.name.clone();
        let table = install::insert(&inner.table.load(), &inner.config, &generation)?;
        let old = inner.table.load().plugins.get(&name).cloned();
        self.swap(table);
        self.remember(&name, old);
        if let (Some(file), Some(bytes)) = (file, kept) {
            keep.keep(&file, digest, &bytes);
        }
        Ok(name)
    }

    /// Takes a plugin out, or puts the bundled one of its name back.
    pub async fn remove(&self, path: &Path, in_use: &(dyn Fn(&str) -> bool + Send + Sync)) {
        let inner = &self.inner;
        let mut keep = inner.changing.lock().await;
        let table = inner.table.load_full();
        let source = Source::File(path.to_owned());
        let Some(generation) = table.plugins.values().find(|it| it.source == source) else {
            return;
        };
        let name = generation.describe.name.clone();
        if generation
            .describe
            .providers
            .iter()
            .any(|it| it.names().any(in_use))
        {
            tracing::warn!(plugin.name = %name, path = %path.display(), "the plugin's file is gone, but deployments use it: it goes on serving");
            self.log(
                &name,
                generation.plugin.digest(),
                "kept",
                "its file is gone".into(),
            );
            return;
        }
        let mut plugins = table.plugins.clone();
        plugins.remove(&name);
        if let Ok(table) = install::build(plugins, &inner.config) {
            self.swap(table);
            tracing::info!(plugin.name = %name, "plugin removed");
            self.log(&name, generation.plugin.digest(), "removed", String::new());
        }
        if let Some(file) = path.file_name() {
            keep.forget(&file.to_string_lossy());
        }
    }

    /// Counts how a call through a plugin ended, and takes a bad new version back.
    pub fn report(&self, generation: &Arc<Generation>, outcome: Outcome) {
        generation.outcomes.count(outcome);
        if outcome != Outcome::Fine && self.is_due(generation) {
            let plugins = self.clone();
            let generation = Arc::clone(generation);
            #[expect(
                clippy::disallowed_methods,
                reason = "it ends by itself, and a shutdown need not wait for it"
            )]
            tokio::spawn(async move { plugins.roll_back(&generation).await });
        }
    }

    fn is_due(&self, generation: &Generation) -> bool {
        let previous = self
            .inner
            .previous
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(old) = previous
            .iter()
            .find(|it| it.name == generation.describe.name)
        else {
            return false;
        };
        let age = generation.since.elapsed();
        rollback::is_due(
            self.inner.config.rollback,
            age,
            counts(generation),
            counts(&old.generation),
        )
    }

    async fn roll_back(&self, generation: &Arc<Generation>) {
        let inner = &self.inner;
        let mut keep = inner.changing.lock().await;
        let name = &generation.describe.name;
        let current = inner.table.load().plugins.get(name).cloned();
        let serves = current.is_some_and(|current| Arc::ptr_eq(&current, generation));
        let old = {
            let mut previous = inner
                .previous
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let at = previous
                .iter()
                .position(|it| it.name == *name)
                .filter(|_| serves);
            at.map(|at| previous.remove(at).generation)
        };
        let Some(old) = old else { return };
        let mut plugins = inner.table.load().plugins.clone();
        plugins.insert(name.clone(), old);
        let Ok(table) = install::build(plugins, &inner.config) else {
            return;
        };
        self.swap(table);
        let digest = generation.plugin.digest();
        let counts = counts(generation);
        let reason = format!(
            "rolled back after {} failures in {} calls",
            counts.failures + counts.invalid,
            counts.calls
        );
        keep.quarantine(digest, &reason);
        tracing::error!(plugin.name = %name, plugin.digest = digest, %reason, "the plugin's new version is taken back");
        self.log(name, digest, "rolled-back", reason);
    }

    fn remember(&self, name: &str, old: Option<Arc<Generation>>) {
        let mut previous = self
            .inner
            .previous
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        previous.retain(|it| {
            it.name != name
                && it.generation.since.elapsed() < self.inner.config.rollback.window * 100
        });
        if let Some(generation) = old {
            previous.push(Previous {
                name: name.to_owned(),
                generation,
            });
        }
    }

    fn swap(&self, table: Table) {
        self.inner.table.store(Arc::new(table));
        self.inner.changed.send_modify(|count| *count += 1);
    }

    fn log(&self, plugin: &str, digest: &str, what: &'static str, detail: String) {
        let mut log = self
            .inner
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if log.len() == LOG_ENTRIES {
            log.pop_front();
        }
        let (plugin, digest) = (plugin.to_owned(), digest.to_owned());
        log.push_back(LogEntry {
            at: SystemTime::now(),
            plugin,
            digest,
            what,
            detail,
        });
    }
}

fn counts(generation: &Generation) -> Counts {
    let get = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let outcomes = &generation.outcomes;
    Counts {
        calls: get(&outcomes.calls),
        failures: get(&outcomes.failures),
        invalid: get(&outcomes.invalid),
    }
}

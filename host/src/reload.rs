//! Changes while calls go on: of the config file, and of the plugins. All or nothing.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config, ReadFile, Remark, Stored, Taken};
use crate::held::{Held, Word};
use crate::http::Doors;
use crate::judge::{self, Judge, Judged};
use crate::pipeline::Fleet;
use crate::plugins::PluginsConfig;
use crate::price_tables::PriceTables;
use crate::services::Ground;

/// Quiet time before the file is read, and the longest time until a change is seen without a
/// notification.
const DEBOUNCE: Duration = Duration::from_millis(300);
const POLL: Duration = Duration::from_secs(30);
/// Looks at files that go on changing, until they are read as they are.
const MAX_LOOKS: usize = 100;

/// Rebuilds the fleet.
#[derive(Clone)]
pub struct Reloader {
    judge: Judge,
    held: Held,
    data: PathBuf,
    current: Arc<ArcSwap<Config>>,
    doors: Doors,
    ground: Ground,
    tables: PriceTables,
    /// What the database had when it was last taken over, as a digest: it has secrets.
    stored: Arc<Mutex<Option<u64>>>,
    /// Held while a fleet is built and put in force: of a new config and new plugins at the same
    /// time, neither may be lost.
    building: Arc<Mutex<()>>,
    /// One permit: of two readings the later one is newer, and must not be overtaken.
    reading: Arc<Semaphore>,
}

impl Reloader {
    /// `data` is where the gateway keeps what it makes, if the config does not say.
    pub fn new(
        (judge, held): (Judge, Held),
        data: PathBuf,
        current: Arc<ArcSwap<Config>>,
        doors: Doors,
        (ground, tables): (Ground, PriceTables),
    ) -> Self {
        Self {
            judge,
            held,
            data,
            current,
            doors,
            ground,
            tables,
            stored: Arc::default(),
            building: Arc::default(),
            reading: Arc::new(Semaphore::new(1)),
        }
    }

    /// Puts the current config and the current plugins together anew.
    pub fn rebuild(&self) {
        let _turn = self.turn();
        let (before, plugins) = (self.doors.pipeline.fleet(), &self.doors.plugins);
        let upto = plugins.changes_by_now();
        let after = Fleet::build(Arc::clone(&before.config), &plugins.table());
        say_new(&before, &after);
        self.doors.pipeline.set_fleet(after);
        plugins.put_in_force(upto);
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

    /// Watches the config file, and those that it includes, until `stop`.
    pub async fn watch_file(self, stop: CancellationToken) {
        let (wake, mut woken) = mpsc::channel(1);
        // It may have changed since it was read: the gateway took its time to start.
        let _ = wake.try_send(());
        let mut folders = Folders::new(wake);
        let mut seen = self.current.load().files.clone();
        // Why the last look was refused. The cure may lie outside of the files that are known: in
        // a file that only the refused config includes, or in a plugin that is still being loaded.
        let mut refused: Option<String> = None;
        loop {
            folders.watch(&seen);
            tokio::select! {
                () = stop.cancelled() => break,
                _ = woken.recv() => tokio::time::sleep(DEBOUNCE).await,
                () = tokio::time::sleep(POLL) => {}
            }
            while woken.try_recv().is_ok() {}
            let now = settled(&seen).await;
            if now == seen && refused.is_none() {
                continue;
            }
            let is_there = now.first().is_some_and(|(_, stamp)| stamp.is_some());
            let taken = if is_there {
                self.reload().await
            } else {
                Err("the file is gone".to_owned())
            };
            match taken {
                Ok(config) => (seen, refused) = (config.files.clone(), None),
                Err(why) => {
                    if now != seen || refused.as_ref() != Some(&why) {
                        self.refuse(&why);
                    }
                    (seen, refused) = (now, Some(why));
                }
            }
        }
    }

    /// Takes over what the database has beside the file, if there is anything.
    pub async fn take_stored(&self) -> Result<(), String> {
        let stored = self.read_stored().await?;
        if stored == Stored::default() {
            // It is in force already, and the first word of a change is no change.
            *self.taken() = Some(digest(&stored));
            return Ok(());
        }
        self.reload().await.map(drop)
    }

    /// Takes over what is changed through the API, here or on another replica, until `stop`.
    pub async fn follow_stored(self, word: Word, stop: CancellationToken) {
        let mut changed = word.changes();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                told = changed.changed() => if told.is_err() { break },
            }
            let (upto, anew) = (*changed.borrow_and_update(), word.is_anew());
            let done = async {
                let stored = self.read_stored().await?;
                // A change of our own is told again by the database.
                if !anew && *self.taken() == Some(digest(&stored)) {
                    return Ok(());
                }
                self.reload().await.map(drop)
            };
            let refused = done.await.err();
            if let Some(why) = &refused {
                self.refuse(why);
            }
            word.done(upto, refused.as_deref());
        }
        // Nobody waits for what is not done any more.
        word.done(u64::MAX, Some("the gateway stops"));
    }

    async fn read_stored(&self) -> Result<Stored, String> {
        self.held.read().await.map_err(|cause| cause.to_string())
    }

    fn taken(&self) -> MutexGuard<'_, Option<u64>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, why: &str) {
        let config = self.judge.path().display();
        tracing::error!(%config, "the changed config is not taken over: {why}");
        self.doors.metrics.config_reload("refused");
    }

    /// Takes the file over, or says why nothing of it is.
    async fn reload(&self) -> Result<Arc<Config>, String> {
        let turn = self.reading.acquire().await;
        let _turn = turn.map_err(|cause| cause.to_string())?;
        let stored = self.read_stored().await?;
        let seen = digest(&stored);
        let judged = self.judge.judge(stored).await;
        let Judged {
            config, understood, ..
        } = judged.map_err(|wrong| judge::in_words(&wrong))?;
        let old = self.doors.pipeline.fleet();
        let data = config.plugins.data_directory.as_ref();
        let plugins = PluginsConfig::of(&config.plugins, data.unwrap_or(&self.data));
        let taken = self.doors.plugins.reconfigure(plugins).await;
        taken.map_err(|cause| cause.to_string())?;
        {
            let _turn = self.turn();
            let fleet = Fleet::build(Arc::clone(&config), &self.doors.plugins.table());
            say_new(&old, &fleet);
            for needed in self.ground.needs_start(&old.config, &config) {
                tracing::warn!("config: {needed}");
            }
            self.current.store(Arc::clone(&config));
            self.doors.metrics.calls().show(understood.shown.clone());
            let export = config.general.seeing.export.as_ref();
            let content = export.is_some_and(|it| it.content);
            let otel = &self.doors.pipeline.watchers().otel;
            otel.let_content(content);
            otel.let_callers(!config.general.seeing.hides_callers);
            self.ground.settle(understood, &self.doors.manage);
            self.doors.pipeline.cache().configure(&config.caching);
            self.doors.pipeline.set_fleet(fleet);
            *self.taken() = Some(seen);
        }
        // Prices that cannot be read keep the old ones; the rest of the config holds.
        if let Err(why) = self.tables.configure(&config.money.prices).await {
            tracing::error!(%why, "the changed price table is not taken over");
        }
        // Files that only the old config spoke against are looked at again.
        self.doors.plugins.rescan();
        self.doors.metrics.config_reload("applied");
        tracing::info!(config = %self.judge.path().display(), "the changed config is in force");
        Ok(config)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.building.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be said of a fleet and its config that was not to be said of the one before.
fn say_new(before: &Fleet, after: &Fleet) {
    let known = &before.config.remarks;
    let loud = |it: &&Remark| matches!(it.taken, Taken::Unknown | Taken::Warning);
    for remark in after.config.remarks.iter().filter(loud) {
        if !known.contains(remark) {
            tracing::warn!("config: {} {}", remark.path, remark.text);
        }
    }
    let known = before.warnings();
    for warning in after.warnings().iter().filter(|it| !known.contains(it)) {
        tracing::warn!("{warning}");
    }
}

/// What tells one state of the database from another.
fn digest(stored: &Stored) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in [&stored.models, &stored.credentials, &stored.guardrails] {
        Value::from(part.as_slice()).to_string().hash(&mut hasher);
    }
    Value::from(stored.settings.clone())
        .to_string()
        .hash(&mut hasher);
    hasher.finish()
}

/// How the files look once none of them changes any more: half of a config that is being written
/// may well be a config.
async fn settled(files: &[ReadFile]) -> Vec<ReadFile> {
    let look = || -> Vec<ReadFile> {
        let now = |path: &PathBuf| (path.clone(), config::stamp(path));
        files.iter().map(|(path, _)| now(path)).collect()
    };
    let mut now = look();
    for _ in 0..MAX_LOOKS {
        if now == files {
            break;
        }
        tokio::time::sleep(DEBOUNCE).await;
        let later = look();
        if later == now {
            break;
        }
        now = later;
    }
    now
}

/// The folders in which the config's files lie, and those in which the files behind their links
/// do. Watching folders sees files that are replaced.
struct Folders {
    wake: mpsc::Sender<()>,
    watcher: Option<RecommendedWatcher>,
    watched: HashSet<PathBuf>,
}

impl Folders {
    fn new(wake: mpsc::Sender<()>) -> Self {
        let sender = wake.clone();
        let watcher = notify::recommended_watcher(move |_| {
            // Full: a look is pending already.
            let _ = sender.try_send(());
        });
        let watcher = watcher.inspect_err(|cause| {
            tracing::warn!(%cause, "the config file is only polled");
        });
        Self {
            wake,
            watcher: watcher.ok(),
            watched: HashSet::new(),
        }
    }

    fn watch(&mut self, files: &[ReadFile]) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let real = files
            .iter()
            .filter_map(|(path, _)| path.canonicalize().ok());
        for file in files.iter().map(|(path, _)| path.clone()).chain(real) {
            let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).to_owned();
            if self.watched.contains(&folder) {
                continue;
            }
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                // What happened before it was watched is looked for once.
                Ok(()) => drop(self.wake.try_send(())),
                Err(cause) => {
                    tracing::warn!(path = %folder.display(), %cause, "files of the config in this folder are only polled");
                }
            }
            self.watched.insert(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_still_being_written_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, "a").unwrap();
        let seen = vec![(path.clone(), config::stamp(&path))];
        std::fs::write(&path, "ab").unwrap();
        // A slow copy: a piece comes between any two looks, until it is done.
        let writing = async {
            let mut pieces = tokio::time::interval(DEBOUNCE / 2);
            for text in ["abc", "abcd"] {
                pieces.tick().await;
                std::fs::write(&path, text).unwrap();
            }
        };
        let ((), now) = tokio::join!(writing, settled(&seen));
        assert_eq!(now.first().and_then(|it| it.1).map(|it| it.0), Some(4));
    }

    #[tokio::test]
    async fn files_that_did_not_change_take_no_time() {
        let started = tokio::time::Instant::now();
        let seen = vec![(PathBuf::from("nowhere"), None)];
        assert_eq!(settled(&seen).await, seen);
        assert!(started.elapsed() < DEBOUNCE);
    }
}

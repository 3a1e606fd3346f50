//! The plugins directory, watched: what is dropped in is live, what is half copied waits.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::directory::{self, Directory, Stamp};
use super::install::Vanished;
use super::prepare::InstallError;
use super::registry::Source;
use super::settings::PluginsConfig;
use super::{InUse, Plugins, lock};

/// Quiet time before the directory is read, and between two looks at a file that must agree.
const DEBOUNCE: Duration = Duration::from_millis(300);
/// How often old versions are looked after.
const SWEEP: Duration = Duration::from_secs(30);

/// Why the directory is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// At the start: nothing is being copied, and nothing serves that could stay.
    First,
    Again,
    /// Also at files that wait for a change elsewhere.
    Anew,
}

impl Plugins {
    /// Reads the plugins directory once, to the end: at the start, before anything is served.
    pub async fn load_directory(&self, in_use: &InUse) -> Directory {
        let mut directory = Directory::default();
        self.look(&mut directory, Look::First, in_use).await;
        directory
    }

    /// Watches the plugins directory until `stop`.
    pub async fn watch(
        self,
        mut directory: Directory,
        stop: CancellationToken,
        in_use: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) {
        // One pending wake-up is enough: a look sees everything.
        let (wake, mut woken) = mpsc::channel(1);
        let looks = &self.inner.looks;
        let mut watched = Watched::default();
        watched.follow(&self.inner.config.load(), &wake);
        let mut polls = interval(self.inner.config.load().poll);
        let mut sweeps = interval(SWEEP);
        loop {
            let look = tokio::select! {
                () = stop.cancelled() => break,
                _ = woken.recv() => { tokio::time::sleep(DEBOUNCE).await; Look::Again }
                () = self.inner.look.notified() => Look::Anew,
                _ = polls.tick() => Look::Again,
                _ = sweeps.tick() => { self.sweep().await; continue; }
            };
            if look == Look::Anew {
                polls = interval(self.inner.config.load().poll);
            }
            watched.follow(&self.inner.config.load(), &wake);
            while woken.try_recv().is_ok() {}
            let asked = looks.borrow().0;
            // A file that is still being written is looked at again.
            let mut unsettled = self.look(&mut directory, look, &in_use).await;
            while unsettled && !stop.is_cancelled() {
                tokio::time::sleep(DEBOUNCE).await;
                unsettled = self.look(&mut directory, Look::Again, &in_use).await;
            }
            if look == Look::Anew {
                looks.send_modify(|(_, done)| *done = asked);
            }
        }
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Brings the table up to what lies in the directory. True if a file was still changing.
    pub(super) async fn look(&self, directory: &mut Directory, look: Look, in_use: &InUse) -> bool {
        let path = self.inner.config.load().directory.clone();
        // Without a directory there are no files, and those that served are gone.
        let Some(path) = path else {
            let nothing = |_: &PathBuf| false;
            self.set_present(HashSet::new());
            self.let_go(directory, &nothing, in_use).await;
            return false;
        };
        let Some(before) = directory.list(&path).await else {
            return false;
        };
        let mut files = before.clone();
        if look != Look::First && directory.differs(&before) {
            tokio::time::sleep(DEBOUNCE).await;
            let Some(after) = directory.list(&path).await else {
                return false;
            };
            files = after;
        }
        // What is in one list only is neither settled nor gone.
        let is_settled = |file: &PathBuf| files.get(file) == before.get(file);
        let is_there = |file: &PathBuf| files.contains_key(file) || before.contains_key(file);
        self.set_present(before.keys().chain(files.keys()).cloned().collect());
        let unsettled = !before.keys().chain(files.keys()).all(is_settled);

        let mut changed = look == Look::Anew;
        for (file, stamp) in files.iter().filter(|(file, _)| is_settled(file)) {
            if directory.is_new(file, stamp) && !directory.is_half(file, stamp) {
                changed |= self.take(directory, file, stamp, look, in_use).await;
            }
        }
        for (path, what) in &directory.odd {
            let (path, what) = (path.clone(), what.clone());
            let stem = directory::stem(&path);
            self.refuse(&stem, "", &InstallError::NoFile { path, what });
        }
        directory.half.retain(|file, _| is_there(file));
        *lock(&self.inner.half) = directory.half_copied();
        changed |= self.let_go(directory, &is_there, in_use).await;
        if changed && look != Look::First {
            let mut again = std::mem::take(&mut directory.waiting);
            if look == Look::Anew {
                again.extend(files.keys().filter(|file| !self.serves(file)).cloned());
            }
            for file in again {
                let is_ready = |it: &&Stamp| is_settled(&file) && !directory.is_half(&file, it);
                if let Some(stamp) = files.get(&file).filter(is_ready) {
                    directory.known.remove(&file);
                    self.take(directory, &file, stamp, look, in_use).await;
                }
            }
        }
        unsettled || !directory.half.is_empty()
    }

    /// Reads a file and lets it serve if it is good. True if it was.
    async fn take(
        &self,
        directory: &mut Directory,
        file: &Path,
        stamp: &Stamp,
        look: Look,
        in_use: &InUse,
    ) -> bool {
        let path = file.to_owned();
        let read = tokio::task::spawn_blocking(move || directory::read(&path)).await;
        let read = read.unwrap_or_else(|cause| {
            Err(InstallError::Read {
                path: file.to_owned(),
                cause: std::io::Error::other(cause),
            })
        });
        let outcome = match read {
            Ok(arrival) => {
                directory.unreadable.remove(file);
                let now = (stamp.clone(), arrival.digest.clone());
                let before = directory.known.insert(file.to_owned(), now);
                let before = before.filter(|(_, before)| *before == arrival.digest);
                if before.is_some() && !directory.waiting.contains(file) {
                    directory.half.remove(file);
                    return false;
                }
                // At the start nothing is being copied.
                let is_patient = look != Look::First;
                let is_patient = is_patient && directory.waits_for_more(file, stamp);
                let is_half = |cause: &InstallError| is_patient && cause.may_be_half_copied();
                let outcome = self.install_unless(is_half, arrival, in_use).await;
                match &outcome {
                    // What was known of the file before is no longer in it.
                    Err(cause) if is_half(cause) => drop(directory.known.remove(file)),
                    _ => drop(directory.half.remove(file)),
                }
                outcome
            }
            // It is tried again, as the reason may not show from outside; it is said once.
            Err(cause) => {
                if directory.unreadable.insert(file.to_owned()) {
                    self.refuse(&directory::stem(file), "", &cause);
                }
                Err(cause)
            }
        };
        directory.waiting.remove(file);
        match outcome {
            Ok(()) => true,
            Err(cause) => {
                if cause.depends_on_others() {
                    directory.waiting.insert(file.to_owned());
                }
                look == Look::First && self.fall_back(file, &cause, in_use).await
            }
        }
    }

    /// At a start with a broken file: the last good version of it serves.
    async fn fall_back(&self, file: &Path, cause: &InstallError, in_use: &InUse) -> bool {
        if matches!(cause, InstallError::Clash(_)) {
            return false;
        }
        let name = file.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let plugins = self.clone();
        let read = move || plugins.inner.last_good.last_good(&name);
        let Ok(Some((bytes, signatures))) = tokio::task::spawn_blocking(read).await else {
            return false;
        };
        let arrival = super::Arrival {
            stem: directory::stem(file),
            digest: super::digest(&bytes),
            bytes: bytes.into(),
            signatures,
            source: Source::File(file.to_owned()),
        };
        let is_loaded = self.install(arrival, in_use).await.is_ok();
        if is_loaded {
            tracing::warn!(path = %file.display(), "the plugin's last good version is loaded instead");
        }
        is_loaded
    }

    /// Plugins whose files are gone stop serving, if nothing needs them. True if one did.
    async fn let_go(
        &self,
        directory: &mut Directory,
        is_there: &(dyn Fn(&PathBuf) -> bool + Sync),
        in_use: &InUse,
    ) -> bool {
        let mut gone: HashSet<PathBuf> = directory.known.keys().cloned().collect();
        for generation in self.table().plugins.values() {
            if let Source::File(path) = &generation.source {
                gone.insert(path.clone());
            }
        }
        gone.retain(|file| !is_there(file));
        directory.kept.retain(|file| gone.contains(file));
        let mut changed = false;
        for file in gone {
            let was_known = directory.known.remove(&file).is_some();
            directory.waiting.remove(&file);
            match self.vanish(&file, in_use).await {
                Vanished::Kept => {
                    if directory.kept.insert(file.clone()) {
                        self.say_kept(&file);
                    }
                    // Another file may take its place now.
                    changed |= was_known;
                }
                Vanished::Gone => {
                    changed = true;
                    directory.kept.remove(&file);
                    let name = file.file_name().unwrap_or_default();
                    let name = name.to_string_lossy().into_owned();
                    self.on_disk(move |last_good| last_good.forget(&name)).await;
                }
            }
        }
        changed
    }
}

/// The directory that is watched, or, while it is not there, the nearest one above it that is.
#[derive(Default)]
struct Watched {
    path: Option<PathBuf>,
    /// The directory whose events are heard.
    heard: Option<PathBuf>,
    /// Which directory it was: one of the same name may have taken its place.
    identity: Option<(u64, u64)>,
    watcher: Option<RecommendedWatcher>,
    /// The directory of which it was said that it is only polled.
    said: Option<PathBuf>,
}

impl Watched {
    /// Watches the directory that the config names now. One that could not be watched may be
    /// there by now.
    fn follow(&mut self, config: &PluginsConfig, wake: &mpsc::Sender<()>) {
        let heard = config.directory.as_deref().map(nearest);
        let identity = heard.as_deref().and_then(identity);
        let is_same = self.path == config.directory && self.heard == heard;
        if !is_same || self.identity != identity {
            *self = Self {
                path: config.directory.clone(),
                heard,
                identity,
                watcher: None,
                said: self.said.take(),
            };
        }
        let Some(path) = self.heard.as_deref().filter(|_| self.watcher.is_none()) else {
            return;
        };
        match watch_directory(path, wake.clone()) {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(cause) if self.said != self.path => {
                self.said = self.path.clone();
                let cause = cause.kind;
                tracing::warn!(path = %path.display(), ?cause, "the plugins directory is only polled");
            }
            Err(_) => {}
        }
    }
}

/// The directory, or the nearest one above it that is there.
fn nearest(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = whole.ancestors().find(|it| it.is_dir());
    found.map_or_else(|| whole.clone(), Path::to_owned)
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    path.is_dir().then_some((0, 0))
}

fn interval(period: Duration) -> tokio::time::Interval {
    let period = period.max(Duration::from_secs(1));
    let start = tokio::time::Instant::now() + period;
    let mut interval = tokio::time::interval_at(start, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Wakes for every change, and once for what changed before.
fn watch_directory(path: &Path, wake: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let first = wake.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if is_news(&event) {
            // Full: a look is pending already.
            let _ = wake.try_send(());
        }
    })?;
    watcher.watch(path, RecursiveMode::NonRecursive)?;
    let _ = first.try_send(());
    Ok(watcher)
}

/// Our own looks open and read the directory and its files; that is no news. An error may mean
/// that events were lost.
pub(super) fn is_news(event: &notify::Result<Event>) -> bool {
    let Ok(event) = event else { return true };
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

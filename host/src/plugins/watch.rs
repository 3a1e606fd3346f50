//! The plugins directory, watched: what is dropped in is live, what is half copied waits.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::registry::Source;
use super::{Plugins, digest};

/// Quiet time before the directory is read, and between two looks at a file that must agree.
const DEBOUNCE: Duration = Duration::from_millis(300);

/// What a file looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// The file behind a symbolic link.
    real: PathBuf,
}

/// The state of the directory as it was last read.
#[derive(Debug, Default)]
pub struct Directory {
    /// Files that were read, with the digest of what was in them.
    known: HashMap<PathBuf, (Stamp, String)>,
}

impl Plugins {
    /// Reads the plugins directory once, to the end: at the start, before anything is served.
    pub async fn load_directory(&self, in_use: &(dyn Fn(&str) -> bool + Send + Sync)) -> Directory {
        let mut directory = Directory::default();
        self.rescan(&mut directory, true, in_use).await;
        directory
    }

    /// Watches the plugins directory until `stop`.
    pub async fn watch(
        self,
        mut directory: Directory,
        stop: CancellationToken,
        in_use: impl Fn(&str) -> bool + Send + Sync,
    ) {
        let Some(path) = self.inner.config.directory.clone() else {
            return;
        };
        // One pending wake-up is enough: a scan sees everything.
        let (wake, mut woken) = mpsc::channel(1);
        let sender = wake.clone();
        let watcher = notify::recommended_watcher(move |_| {
            let _ = sender.try_send(());
        });
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(&path, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        if let Err(cause) = &watcher {
            tracing::warn!(path = %path.display(), %cause, "the plugins directory is only polled");
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = woken.recv() => tokio::time::sleep(DEBOUNCE).await,
                () = tokio::time::sleep(self.inner.config.poll) => {}
            }
            while woken.try_recv().is_ok() {}
            // A file that is still being written is looked at again.
            while self.rescan(&mut directory, false, &in_use).await && !stop.is_cancelled() {
                tokio::time::sleep(DEBOUNCE).await;
            }
        }
    }

    /// Brings the table up to what lies in the directory. True if a file was still changing.
    async fn rescan(
        &self,
        directory: &mut Directory,
        first: bool,
        in_use: &(dyn Fn(&str) -> bool + Send + Sync),
    ) -> bool {
        let Some(path) = self.inner.config.directory.clone() else {
            return false;
        };
        let before = list(path.clone()).await;
        let changed = |file: &PathBuf, stamp: &Stamp| {
            directory
                .known
                .get(file)
                .is_none_or(|(known, _)| known != stamp)
        };
        let candidates: Vec<(PathBuf, Stamp)> = before
            .iter()
            .filter(|(file, stamp)| changed(file, stamp))
            .map(|(file, stamp)| (file.clone(), stamp.clone()))
            .collect();
        let mut unsettled = false;
        if !candidates.is_empty() {
            if !first {
                tokio::time::sleep(DEBOUNCE).await;
            }
            let after = list(path).await;
            for (file, stamp) in candidates {
                if after.get(&file) == Some(&stamp) {
                    self.read_file(directory, file, stamp, first).await;
                } else {
                    unsettled = true;
                }
            }
        }
        let gone: Vec<PathBuf> = directory
            .known
            .keys()
            .filter(|file| !before.contains_key(*file))
            .cloned()
            .collect();
        for file in gone {
            directory.known.remove(&file);
            self.remove(&file, in_use).await;
        }
        unsettled
    }

    async fn read_file(&self, directory: &mut Directory, file: PathBuf, stamp: Stamp, first: bool) {
        let bytes = match tokio::fs::read(&file).await {
            Ok(bytes) => bytes,
            Err(cause) => {
                tracing::warn!(path = %file.display(), %cause, "a plugin file cannot be read");
                return;
            }
        };
        let now = digest(&bytes);
        let before = directory.known.insert(file.clone(), (stamp, now.clone()));
        // Touching a file does nothing.
        if before.is_some_and(|(_, before)| before == now) {
            return;
        }
        let stem = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let installed = self.install(&stem, bytes, Source::File(file.clone())).await;
        if installed.is_err() && first {
            self.fall_back(&file, &stem).await;
        }
    }

    /// At a start with a broken file: the last good version of it serves.
    async fn fall_back(&self, file: &Path, stem: &str) {
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let good = self.inner.changing.lock().await.last_good(&name);
        let Some(bytes) = good else { return };
        tracing::warn!(path = %file.display(), "the plugin's last good version is loaded instead");
        // A failure is logged where it happens.
        let _ = self
            .install(stem, bytes, Source::File(file.to_owned()))
            .await;
    }
}

async fn list(directory: PathBuf) -> HashMap<PathBuf, Stamp> {
    let listed = tokio::task::spawn_blocking(move || {
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(cause) => {
                tracing::warn!(path = %directory.display(), %cause, "the plugins directory cannot be read");
                return HashMap::new();
            }
        };
        entries
            .flatten()
            .filter_map(|entry| Some((entry.path(), stamp(&entry.path())?)))
            .collect()
    });
    listed.await.unwrap_or_default()
}

/// None for what is no plugin: other endings, hidden files, folders, dangling links.
fn stamp(path: &Path) -> Option<Stamp> {
    let name = path.file_name()?.to_str()?;
    if name.starts_with('.') || path.extension()? != "wasm" {
        return None;
    }
    let metadata = std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    let real = std::fs::canonicalize(path).ok()?;
    Some(Stamp {
        size: metadata.len(),
        modified: metadata.modified().ok(),
        real,
    })
}

//! Versions of plugin files that served, on disk by their digest: what an operator goes back to.
//!
//! Everything that writes or reads components blocks, and belongs on a blocking thread.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lastgood::write_renamed;
use super::lock;

/// Versions that are kept of a plugin, the one that serves among them.
const KEPT: usize = 5;
/// Plugins of which versions are kept; the one that changed longest ago makes room.
const MOST_PLUGINS: usize = 100;

/// The versions, and the folder where they lie.
#[derive(Debug)]
pub struct History {
    /// None: nothing is kept.
    directory: Option<PathBuf>,
    state: Mutex<State>,
    /// Held while the folder changes, so that what is on disk is never older than `state` was.
    disk: Mutex<()>,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct State {
    /// By the plugin's name, the one that served last at the end.
    plugins: BTreeMap<String, Vec<Version>>,
}

/// One version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub digest: String,
    /// As the component says it.
    pub version: String,
    /// When it began to serve, in milliseconds since 1970.
    pub at_ms: i64,
}

impl History {
    /// Opens `history` in the folder of the kept versions. One that cannot be made keeps nothing,
    /// with a warning.
    pub fn open(directory: Option<&Path>) -> Self {
        let directory = directory.map(|it| it.join("history"));
        let usable = directory.filter(|directory| {
            std::fs::create_dir_all(directory)
                .inspect_err(|cause| {
                    tracing::warn!(path = %directory.display(), %cause, "earlier plugin versions cannot be kept");
                })
                .is_ok()
        });
        let state = usable.as_deref().map(read_state).unwrap_or_default();
        Self {
            directory: usable,
            state: Mutex::new(state),
            disk: Mutex::new(()),
        }
    }

    /// A version of a plugin begins to serve.
    pub fn keep(&self, plugin: &str, version: Version, bytes: &[u8]) {
        let _disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = self.component(&version.digest) else {
            return;
        };
        if !path.exists()
            && let Err(cause) = write_renamed(&path, bytes)
        {
            tracing::warn!(path = %path.display(), %cause, "a plugin version could not be kept");
            return;
        }
        let state = {
            let mut state = lock(&self.state);
            state.add(plugin, version);
            state.clone()
        };
        self.write(&state);
    }

    /// The versions of a plugin, the one that served last first.
    pub fn versions(&self, plugin: &str) -> Vec<Version> {
        let state = lock(&self.state);
        let found = state.plugins.get(plugin);
        found.map_or_else(Vec::new, |it| it.iter().rev().cloned().collect())
    }

    /// The same as JSON, for an operator to read.
    pub fn of(&self, plugin: &str) -> Value {
        let versions = self.versions(plugin).into_iter();
        versions
            .map(|it| json!({"digest": it.digest, "version": it.version, "at_ms": it.at_ms}))
            .collect()
    }

    /// A version's component, if its bytes are still what they were.
    pub fn read(&self, digest: &str) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.component(digest)?).ok()?;
        (super::digest(&bytes) == digest).then_some(bytes)
    }

    fn component(&self, digest: &str) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(format!("{digest}.wasm")))
    }

    /// Writes the state, then drops the components that it no longer names. The caller holds
    /// `disk`.
    fn write(&self, state: &State) {
        let Some(directory) = &self.directory else {
            return;
        };
        let text = serde_json::to_vec_pretty(state).unwrap_or_default();
        if let Err(cause) = write_renamed(&directory.join("state.json"), &text) {
            tracing::warn!(%cause, "the list of plugin versions could not be written");
            return;
        }
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            if path.extension().is_some_and(|it| it == "wasm") && !state.names(&stem) {
                // A version that is left over costs disk space only.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

impl State {
    fn add(&mut self, plugin: &str, version: Version) {
        let versions = self.plugins.entry(plugin.to_owned()).or_default();
        versions.retain(|it| it.digest != version.digest);
        versions.push(version);
        let surplus = versions.len().saturating_sub(KEPT);
        versions.drain(..surplus);
        while self.plugins.len() > MOST_PLUGINS {
            let last = |it: &[Version]| it.last().map_or(0, |it| it.at_ms);
            let oldest = self.plugins.iter().min_by_key(|(_, it)| last(it));
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                return;
            };
            self.plugins.remove(&name);
        }
    }

    fn names(&self, digest: &str) -> bool {
        let mut versions = self.plugins.values().flatten();
        versions.any(|it| it.digest == digest)
    }
}

fn read_state(directory: &Path) -> State {
    let path = directory.join("state.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return State::default();
    };
    serde_json::from_str(&text).unwrap_or_else(|cause| {
        tracing::warn!(path = %path.display(), %cause, "the list of plugin versions is unreadable and begins anew");
        State::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(history: &History, number: u8) -> String {
        let bytes = [number];
        let digest = crate::plugins::digest(&bytes);
        let version = Version {
            digest: digest.clone(),
            version: format!("0.{number}"),
            at_ms: i64::from(number),
        };
        history.keep("acme", version, &bytes);
        digest
    }

    #[test]
    fn the_last_versions_are_kept_over_a_restart_and_older_ones_are_dropped_with_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(Some(folder.path()));
        let digests: Vec<String> = (0..7).map(|number| keep(&history, number)).collect();
        let again = History::open(Some(folder.path()));
        let versions: Vec<_> = again
            .versions("acme")
            .into_iter()
            .map(|it| it.version)
            .collect();
        assert_eq!(versions, ["0.6", "0.5", "0.4", "0.3", "0.2"]);
        assert_eq!(again.read(&digests[2]), Some(vec![2]));
        assert_eq!(again.read(&digests[1]), None);
    }

    #[test]
    fn a_version_that_serves_again_is_the_last_one_and_stands_there_once() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(Some(folder.path()));
        let first = keep(&history, 1);
        keep(&history, 2);
        keep(&history, 1);
        let versions = history.versions("acme");
        assert_eq!(versions.len(), 2);
        assert_eq!(versions.first().map(|it| it.digest.clone()), Some(first));
    }

    #[test]
    fn damaged_bytes_are_no_version_to_go_back_to() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(Some(folder.path()));
        let digest = keep(&history, 1);
        let path = folder.path().join("history").join(format!("{digest}.wasm"));
        std::fs::write(path, b"other").unwrap();
        assert_eq!(history.read(&digest), None);
        assert!(History::open(None).versions("acme").is_empty());
    }
}

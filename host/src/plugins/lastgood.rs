//! Last good versions and bad digests, on disk: what a restart needs to not load a broken file.
//!
//! Everything that writes blocks, and belongs on a blocking thread.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// Most bad digests that are remembered; the oldest make room.
const MAX_BAD: usize = 200;

/// The folder where versions are kept by their digest.
#[derive(Debug)]
pub struct LastGood {
    directory: Option<PathBuf>,
    /// The gateway's version and limits: what one found bad, another may find good.
    judge: String,
    state: Mutex<State>,
    /// Held while the folder changes, so that what is on disk is never older than `state` was.
    disk: Mutex<()>,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct State {
    /// The last good digest by file name.
    good: BTreeMap<String, String>,
    /// The good digest before that, while the newer one may still be taken back.
    #[serde(default)]
    before: BTreeMap<String, String>,
    /// What the signature files of good components said, by digest.
    #[serde(default)]
    signatures: BTreeMap<String, String>,
    /// What is not loaded, oldest first.
    bad: VecDeque<Bad>,
}

/// A digest that is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bad {
    pub digest: String,
    pub reason: String,
    /// Who judged; none for a version that failed in use, which is bad for every judge.
    #[serde(default)]
    judge: Option<String>,
}

impl LastGood {
    /// Opens the folder, making it with mode 0700. One that cannot be used means that nothing is
    /// kept, with a warning.
    pub fn open(directory: Option<&Path>, judge: String) -> Self {
        let usable = directory.filter(|directory| {
            make_private(directory)
                .inspect_err(|cause| {
                    tracing::warn!(path = %directory.display(), %cause, "good plugin versions cannot be kept");
                })
                .is_ok()
        });
        let mut state = usable.map(read_state).unwrap_or_default();
        state
            .bad
            .retain(|bad| bad.judge.as_ref().is_none_or(|it| *it == judge));
        Self {
            directory: usable.map(Path::to_owned),
            judge,
            state: Mutex::new(state),
            disk: Mutex::new(()),
        }
    }

    /// Why this digest is not loaded, if it is known to be bad.
    pub fn why_bad(&self, digest: &str) -> Option<String> {
        let state = self.state();
        let bad = state.bad.iter().find(|bad| bad.digest == digest);
        bad.map(|bad| bad.reason.clone())
    }

    /// Every bad digest with its reason.
    pub fn bad(&self) -> Vec<Bad> {
        self.state().bad.iter().cloned().collect()
    }

    /// Remembers that a digest did not pass this gateway's checks.
    pub fn quarantine(&self, digest: &str, reason: &str) {
        let judge = Some(self.judge.clone());
        self.change(|state| state.condemn(digest, reason, judge));
    }

    /// Keeps a good version of a file with its signatures, and the one that it replaces until
    /// [`Self::settle`].
    pub fn keep(
        &self,
        file: &str,
        digest: &str,
        (bytes, signatures): (&[u8], &str),
        replaces: Option<&str>,
    ) {
        let _disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = self.component(digest) else {
            return;
        };
        if !path.exists()
            && let Err(cause) = write_renamed(&path, bytes)
        {
            tracing::warn!(path = %path.display(), %cause, "a good plugin version could not be kept");
            return;
        }
        {
            let mut state = self.state();
            state.good.insert(file.to_owned(), digest.to_owned());
            if !signatures.is_empty() {
                let signatures = signatures.to_owned();
                state.signatures.insert(digest.to_owned(), signatures);
            }
            if let Some(old) = replaces.filter(|old| *old != digest) {
                state.before.insert(file.to_owned(), old.to_owned());
            }
            state.bad.retain(|bad| bad.digest != digest);
        }
        self.write();
    }

    /// The newest version of a file failed in use: it is bad, and the one before it is the last
    /// good one again.
    pub fn take_back(&self, file: &str, digest: &str, reason: &str) {
        self.change(|state| {
            state.condemn(digest, reason, None);
            if state.good.get(file).is_some_and(|good| good == digest) {
                state.good.remove(file);
                if let Some(before) = state.before.remove(file) {
                    state.good.insert(file.to_owned(), before);
                }
            }
        });
    }

    /// The newest version of a file has proved itself.
    pub fn settle(&self, file: &str) {
        if self.state().before.contains_key(file) {
            self.change(|state| drop(state.before.remove(file)));
        }
    }

    /// The last good version of a file and its signatures, if its bytes are still what they were.
    pub fn last_good(&self, file: &str) -> Option<(Vec<u8>, String)> {
        let digest = self.state().good.get(file).cloned()?;
        let signatures = self.state().signatures.get(&digest).cloned();
        let bytes = std::fs::read(self.component(&digest)?).ok()?;
        (super::digest(&bytes) == digest).then_some((bytes, signatures.unwrap_or_default()))
    }

    /// Forgets a file that is gone.
    pub fn forget(&self, file: &str) {
        if self.state().good.contains_key(file) {
            self.change(|state| {
                state.good.remove(file);
                state.before.remove(file);
            });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn component(&self, digest: &str) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(format!("{digest}.wasm")))
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let _disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut self.state());
        self.write();
    }

    /// Writes the state, then drops the components that it no longer names. The caller holds
    /// `disk`.
    fn write(&self) {
        let Some(directory) = &self.directory else {
            return;
        };
        let state = {
            let mut state = self.state();
            state.forget_signatures();
            state.clone()
        };
        let text = serde_json::to_vec_pretty(&state).unwrap_or_default();
        if let Err(cause) = write_renamed(&directory.join("state.json"), &text) {
            tracing::warn!(%cause, "the list of good plugin versions could not be written");
            return;
        }
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let named = state.good.values().chain(state.before.values());
            if path.extension().is_some_and(|it| it == "wasm")
                && !named.into_iter().any(|it| *it == *stem)
            {
                // A version that is left over costs disk space only.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

impl State {
    /// Drops the signatures of components that are no longer kept.
    fn forget_signatures(&mut self) {
        let kept: Vec<&String> = self.good.values().chain(self.before.values()).collect();
        self.signatures.retain(|digest, _| kept.contains(&digest));
    }

    fn condemn(&mut self, digest: &str, reason: &str, judge: Option<String>) {
        self.bad.retain(|bad| bad.digest != digest);
        while self.bad.len() >= MAX_BAD {
            self.bad.pop_front();
        }
        self.bad.push_back(Bad {
            digest: digest.to_owned(),
            reason: reason.to_owned(),
            judge,
        });
    }
}

fn read_state(directory: &Path) -> State {
    let path = directory.join("state.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return State::default();
    };
    serde_json::from_str(&text).unwrap_or_else(|cause| {
        tracing::warn!(path = %path.display(), %cause, "the list of good plugin versions is unreadable and begins anew");
        State::default()
    })
}

/// Writes a file whole or not at all: under another name first.
pub(super) fn write_renamed(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let mut file = std::fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(part, path)
}

#[cfg(unix)]
fn make_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    if !directory.is_dir() {
        let mut builder = std::fs::DirBuilder::new();
        return builder.recursive(true).mode(0o700).create(directory);
    }
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)
}

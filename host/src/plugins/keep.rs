//! Last good versions and bad digests, on disk: what a restart needs to not load a broken file.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Most bad digests that are remembered.
const MAX_BAD: usize = 200;

/// The folder where versions are kept by their digest.
#[derive(Debug)]
pub struct Keep {
    directory: Option<PathBuf>,
    state: State,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct State {
    /// The last good digest by file name.
    good: BTreeMap<String, String>,
    /// Why a digest is not loaded.
    bad: BTreeMap<String, String>,
}

impl Keep {
    /// Opens the folder. One that cannot be read starts empty, with a warning.
    pub fn open(directory: Option<&Path>) -> Self {
        let Some(directory) = directory else {
            return Self {
                directory: None,
                state: State::default(),
            };
        };
        if let Err(cause) = make_private(directory) {
            tracing::warn!(path = %directory.display(), %cause, "good plugin versions cannot be kept");
            return Self {
                directory: None,
                state: State::default(),
            };
        }
        let text = std::fs::read_to_string(directory.join("state.json")).unwrap_or_default();
        let state = serde_json::from_str(&text).unwrap_or_default();
        Self {
            directory: Some(directory.to_owned()),
            state,
        }
    }

    /// Why this digest is not loaded, if it is known to be bad.
    pub fn why_bad(&self, digest: &str) -> Option<&str> {
        self.state.bad.get(digest).map(String::as_str)
    }

    /// Every bad digest with its reason.
    pub fn bad(&self) -> &BTreeMap<String, String> {
        &self.state.bad
    }

    /// Remembers that a digest is bad.
    pub fn quarantine(&mut self, digest: &str, reason: &str) {
        while self.state.bad.len() >= MAX_BAD {
            self.state.bad.pop_first();
        }
        self.state.bad.insert(digest.to_owned(), reason.to_owned());
        self.write();
    }

    /// Keeps a good version of a file.
    pub fn keep(&mut self, file: &str, digest: &str, bytes: &[u8]) {
        let Some(directory) = &self.directory else {
            return;
        };
        let path = directory.join(format!("{digest}.wasm"));
        if !path.exists()
            && let Err(cause) = write_renamed(&path, bytes)
        {
            tracing::warn!(path = %path.display(), %cause, "a good plugin version could not be kept");
            return;
        }
        let old = self.state.good.insert(file.to_owned(), digest.to_owned());
        self.state.bad.remove(digest);
        self.write();
        let unused =
            old.filter(|old| old != digest && !self.state.good.values().any(|it| it == old));
        if let (Some(old), Some(directory)) = (unused, &self.directory) {
            // A version that is left over costs disk space only.
            let _ = std::fs::remove_file(directory.join(format!("{old}.wasm")));
        }
    }

    /// The last good version of a file, if its bytes are still what they were.
    pub fn last_good(&self, file: &str) -> Option<Vec<u8>> {
        let digest = self.state.good.get(file)?;
        let bytes = std::fs::read(self.directory.as_ref()?.join(format!("{digest}.wasm"))).ok()?;
        (super::digest(&bytes) == *digest).then_some(bytes)
    }

    /// Forgets a file that is gone.
    pub fn forget(&mut self, file: &str) {
        if self.state.good.remove(file).is_some() {
            self.write();
        }
    }

    fn write(&self) {
        let Some(directory) = &self.directory else {
            return;
        };
        let text = serde_json::to_vec_pretty(&self.state).unwrap_or_default();
        if let Err(cause) = write_renamed(&directory.join("state.json"), &text) {
            tracing::warn!(%cause, "the list of good plugin versions could not be written");
        }
    }
}

fn write_renamed(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension("part");
    let mut file = std::fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(part, path)
}

#[cfg(unix)]
fn make_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad_versions_outlive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let digest = super::super::digest(b"one");
        let mut keep = Keep::open(Some(folder.path()));
        keep.keep("a.wasm", &digest, b"one");
        keep.quarantine("ff", "it traps");
        let again = Keep::open(Some(folder.path()));
        assert_eq!(again.last_good("a.wasm").as_deref(), Some(&b"one"[..]));
        assert_eq!(again.why_bad("ff"), Some("it traps"));
    }

    #[test]
    fn a_kept_version_that_was_changed_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let digest = super::super::digest(b"one");
        let mut keep = Keep::open(Some(folder.path()));
        keep.keep("a.wasm", &digest, b"one");
        std::fs::write(folder.path().join(format!("{digest}.wasm")), b"two").unwrap();
        assert_eq!(keep.last_good("a.wasm"), None);
    }
}

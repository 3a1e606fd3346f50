//! `plugins.lock`: which files a plugins directory is to hold, by their digests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::AuthorError;
use super::subject::Subject;
use crate::plugins::{list_components, read_component};

const FILE: &str = "plugins.lock";
/// The format of the file.
const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    /// By the plugins' own names.
    pub plugins: BTreeMap<String, Locked>,
}

/// One plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    pub file: String,
    pub version: String,
    pub kind: String,
    pub contract: String,
    /// In lower-case hex.
    pub sha256: String,
    #[serde(default)]
    pub signed_by: Vec<String>,
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            version: VERSION,
            plugins: BTreeMap::new(),
        }
    }
}

impl Locked {
    pub fn of(file: &Path, subject: &Subject, signed_by: Vec<String>) -> Self {
        let file = file.file_name().unwrap_or_default();
        Self {
            file: file.to_string_lossy().into_owned(),
            version: subject.describe.version.clone(),
            kind: subject.kind().as_str().to_owned(),
            contract: subject.plugin.contract_version().to_owned(),
            sha256: subject.digest.clone(),
            signed_by,
        }
    }
}

impl Lock {
    /// The file of a directory; none there: nothing is locked.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(directory: &Path) -> Result<Self, AuthorError> {
        let path = path(directory);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(cause) => return Err(AuthorError::file(&path)(cause)),
        };
        let lock = serde_json::from_str::<Self>(&text).map_err(|cause| cause.to_string());
        let lock = lock.and_then(|lock| match lock.version {
            VERSION => Ok(lock),
            other => Err(format!(
                "it has version {other}, and this sluice reads {VERSION}"
            )),
        });
        lock.map_err(|cause| {
            let path = path.display();
            AuthorError::refused(format!(
                "{path}: {cause}; take it away and write it again with `sluice plugin lock`"
            ))
        })
    }

    /// Writes the file beside the plugins.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, directory: &Path) -> Result<PathBuf, AuthorError> {
        let path = path(directory);
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        put(&path, text.as_bytes())?;
        Ok(path)
    }

    /// The name and the entry of a file.
    pub fn of_file(&self, file: &str) -> Option<(&String, &Locked)> {
        self.plugins.iter().find(|(_, it)| it.file == file)
    }

    /// Where the directory is not what the lock says.
    ///
    /// # Errors
    /// The directory or a file in it cannot be read.
    pub fn differences(&self, directory: &Path) -> Result<Vec<String>, AuthorError> {
        let mut wrong = Vec::new();
        let mut seen = Vec::new();
        for path in files(directory)? {
            let name = path.file_name().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            let digest = read_component(&path)?.digest;
            match self.of_file(&name) {
                None => wrong.push(format!("{name} is not locked")),
                Some((_, locked)) if locked.sha256 != digest => wrong.push(format!(
                    "{name} has the sha256 {digest}, locked is {}",
                    locked.sha256
                )),
                Some(_) => {}
            }
            seen.push(name);
        }
        let gone = self.plugins.values().filter(|it| !seen.contains(&it.file));
        wrong.extend(gone.map(|it| format!("{} is locked, and not there", it.file)));
        Ok(wrong)
    }
}

/// The plugin files of a directory.
///
/// # Errors
/// It cannot be read.
pub fn files(directory: &Path) -> Result<Vec<PathBuf>, AuthorError> {
    let missing = "name the folder in which the plugins are with `--directory`, or let `sluice plugin add` make it";
    let listing = list_components(directory).map_err(AuthorError::file_or(directory, missing))?;
    Ok(listing.files.into_keys().collect())
}

/// Writes a file whole or not at all: whoever watches never sees half of it.
///
/// # Errors
/// It cannot be written.
pub fn put(path: &Path, bytes: &[u8]) -> Result<(), AuthorError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let part = path.with_file_name(format!(".{name}.part"));
    std::fs::write(&part, bytes).map_err(AuthorError::file(&part))?;
    std::fs::rename(&part, path).map_err(AuthorError::file(path))
}

fn path(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(file: &str, bytes: &[u8]) -> Locked {
        Locked {
            file: file.into(),
            version: "1".into(),
            kind: "provider".into(),
            contract: "0.1.0".into(),
            sha256: crate::plugins::digest(bytes),
            signed_by: Vec::new(),
        }
    }

    #[test]
    fn a_directory_that_is_not_what_was_locked_is_told_by_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let mut lock = Lock::default();
        for (name, file) in [("a", "a.wasm"), ("b", "b.wasm"), ("c", "c.wasm")] {
            lock.plugins.insert(name.into(), locked(file, b"one"));
        }
        lock.write(folder.path()).unwrap();
        for (file, bytes) in [("a.wasm", b"one"), ("b.wasm", b"two"), ("d.wasm", b"one")] {
            std::fs::write(folder.path().join(file), bytes).unwrap();
        }
        let read = Lock::read(folder.path()).unwrap();
        assert_eq!(read, lock);
        let wrong = read.differences(folder.path()).unwrap();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(wrong[0].starts_with("b.wasm has the sha256"), "{wrong:?}");
        assert_eq!(
            wrong[1..],
            ["d.wasm is not locked", "c.wasm is locked, and not there"]
        );
    }

    #[test]
    fn a_lock_that_is_none_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), Lock::default());
        for text in [
            "{",
            r#"{"version": 2, "plugins": {}}"#,
            r#"{"version": 1, "plugin": {}}"#,
        ] {
            std::fs::write(path(folder.path()), text).unwrap();
            let wrong = Lock::read(folder.path()).unwrap_err().to_string();
            assert!(wrong.contains("sluice plugin lock"), "{wrong}");
        }
    }
}

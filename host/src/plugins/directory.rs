//! What lies in the plugins directory, seen from outside. The plain functions block.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::digest;
use super::prepare::{Arrival, InstallError};
use super::registry::Source;
use super::trust;

/// Larger files are not read. The engine has the same limit for components.
pub const MAX_FILE_BYTES: u64 = 128 << 20;

/// What a file looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// The file behind a symbolic link.
    real: PathBuf,
    /// The signature file beside it, which may come later.
    signature: Option<(u64, Option<SystemTime>)>,
}

/// The state of the directory as it was last read.
#[derive(Debug, Default)]
pub struct Directory {
    /// Files that were read, with the digest of what was in them.
    pub known: HashMap<PathBuf, (Stamp, String)>,
    /// Files that may be taken once other files or the config are different.
    pub waiting: HashSet<PathBuf>,
    /// Files of which it was said that they cannot be read.
    pub unreadable: HashSet<PathBuf>,
    /// Files that are gone, and whose plugins go on serving.
    pub kept: HashSet<PathBuf>,
    /// What is named like a plugin and is no file, with what it is.
    pub odd: BTreeMap<PathBuf, String>,
    /// Files that look half copied, as they looked then, and since when they look so.
    pub half: HashMap<PathBuf, (Stamp, Instant)>,
    is_unreadable: bool,
}

/// A file that looks half copied is refused when it has not grown for this long.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What a look at the directory found.
#[derive(Debug, Default)]
pub struct Listing {
    pub files: BTreeMap<PathBuf, Stamp>,
    pub odd: BTreeMap<PathBuf, String>,
}

impl Directory {
    /// None if it cannot be read: then nothing is known, and nothing changes.
    pub async fn list(&mut self, path: &Path) -> Option<BTreeMap<PathBuf, Stamp>> {
        let directory = path.to_owned();
        let listed = tokio::task::spawn_blocking(move || list(&directory)).await;
        match listed.unwrap_or_else(|cause| Err(std::io::Error::other(cause))) {
            Ok(listing) => {
                self.is_unreadable = false;
                self.odd = listing.odd;
                Some(listing.files)
            }
            Err(cause) => {
                if !std::mem::replace(&mut self.is_unreadable, true) {
                    tracing::warn!(path = %path.display(), %cause, "the plugins directory cannot be read");
                }
                None
            }
        }
    }

    pub fn is_new(&self, file: &Path, stamp: &Stamp) -> bool {
        self.known.get(file).is_none_or(|(known, _)| known != stamp)
    }

    /// Whether this file looks half copied, and may still grow.
    pub fn is_half(&self, file: &Path, stamp: &Stamp) -> bool {
        let since = self.half.get(file).filter(|(known, _)| known == stamp);
        since.is_some_and(|(_, since)| since.elapsed() < PATIENCE)
    }

    /// The files that look half copied, with the bytes that they had.
    pub fn half_copied(&self) -> BTreeMap<PathBuf, u64> {
        let files = self.half.iter();
        files
            .map(|(path, (stamp, _))| (path.clone(), stamp.size))
            .collect()
    }

    /// Remembers a file that looks half copied. False: it has looked so for long enough.
    pub fn waits_for_more(&mut self, file: &Path, stamp: &Stamp) -> bool {
        if self.half.get(file).is_some_and(|(known, _)| known == stamp) {
            self.half.remove(file);
            return false;
        }
        let now = (stamp.clone(), Instant::now());
        self.half.insert(file.to_owned(), now);
        true
    }

    pub fn differs(&self, files: &BTreeMap<PathBuf, Stamp>) -> bool {
        files.iter().any(|(file, stamp)| self.is_new(file, stamp))
            || self.known.keys().any(|file| !files.contains_key(file))
    }
}

/// The plugin files in a directory, in the order of their names.
pub fn list(directory: &Path) -> std::io::Result<Listing> {
    let mut listing = Listing::default();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if !is_named_like_one(&path) {
            continue;
        }
        match stamp(&path) {
            Ok(stamp) => drop(listing.files.insert(path, stamp)),
            Err(what) => drop(listing.odd.insert(path, what)),
        }
    }
    Ok(listing)
}

/// A file's content, as a plugin to be.
pub fn read(path: &Path) -> Result<Arrival, InstallError> {
    let unreadable = |cause| InstallError::Read {
        path: path.to_owned(),
        cause,
    };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(InstallError::FileTooLarge {
            path: path.to_owned(),
            bytes,
            limit: MAX_FILE_BYTES,
        });
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    Ok(Arrival {
        stem: stem(path),
        digest: digest(&bytes),
        bytes: bytes.into(),
        signatures: signatures(path),
        source: Source::File(path.to_owned()),
    })
}

/// What the signature file beside a component says. One that cannot be read vouches for nothing.
fn signatures(path: &Path) -> String {
    let file = trust::signature_file(path);
    let is_small = |it: &std::fs::Metadata| it.len() <= trust::MAX_SIGNATURE_BYTES;
    match std::fs::metadata(&file) {
        Ok(found) if is_small(&found) => std::fs::read_to_string(file).unwrap_or_default(),
        _ => String::new(),
    }
}

/// A file's name without its ending.
pub fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Other endings and hidden files are nobody's plugins: half made copies are called like that.
fn is_named_like_one(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default();
    !name.starts_with('.') && ending.eq_ignore_ascii_case("wasm")
}

/// How the file looks, or what it is instead of one.
fn stamp(path: &Path) -> Result<Stamp, String> {
    let cannot = |cause: std::io::Error| match std::fs::read_link(path) {
        Ok(target) => format!("is a link to {}: {cause}", target.display()),
        Err(_) => format!("cannot be looked at: {cause}"),
    };
    let real = std::fs::canonicalize(path).map_err(cannot)?;
    let metadata = std::fs::metadata(&real).map_err(cannot)?;
    if metadata.is_dir() {
        return Err("is a folder, and folders are not looked into".into());
    }
    if !metadata.is_file() {
        return Err("is no regular file".into());
    }
    Ok(Stamp {
        size: metadata.len(),
        modified: metadata.modified().ok(),
        real,
        signature: std::fs::metadata(trust::signature_file(path))
            .ok()
            .map(|it| (it.len(), it.modified().ok())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_made_and_hidden_files_are_no_plugins() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.wasm", ".b.wasm", "c.wasm.part", "d.wasm.tmp", "e.txt"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        std::fs::create_dir(folder.path().join("f.wasm")).unwrap();
        let listing = list(folder.path()).unwrap();
        let names: Vec<_> = listing
            .files
            .keys()
            .filter_map(|it| it.file_name())
            .collect();
        assert_eq!(names, ["a.wasm"]);
        let folder = folder.path().join("f.wasm");
        assert!(listing.odd[&folder].contains("folder"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_named_with_its_target() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("a.wasm");
        std::os::unix::fs::symlink("nowhere.wasm", &link).unwrap();
        let listing = list(folder.path()).unwrap();
        assert!(listing.odd[&link].contains("nowhere.wasm"));
    }
}

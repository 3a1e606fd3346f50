//! Machine code kept on disk, so that a start does not compile. Only files that this engine wrote,
//! into a directory that only its user may write, are ever loaded.

use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::error::{EngineError, LoadError};

/// Machine code that is kept, at most: some hundred versions of a small plugin, or a dozen of one
/// that brings its interpreter.
const MAX_BYTES: u64 = 512 << 20;

/// The cache directory of an engine.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    directory: PathBuf,
    /// Hash of the engine's version and settings: code of another engine is never found.
    engine: String,
}

impl Cache {
    /// Opens the directory, making it with mode 0700. One that others may write is refused; none
    /// where it cannot be used at all, which costs time at every start and nothing else.
    pub(crate) fn open(
        directory: &Path,
        engine: &wasmtime::Engine,
    ) -> Result<Option<Self>, EngineError> {
        let judged = make_private(directory).and_then(|()| not_private(directory));
        match judged {
            Ok(None) => {}
            Ok(Some(what)) => {
                let path = directory.display().to_string();
                return Err(EngineError::CacheDirectory { path, what });
            }
            Err(cause) => {
                tracing::warn!(
                    path = %directory.display(), %cause,
                    "machine code cannot be kept here, so every start compiles the plugins anew"
                );
                return Ok(None);
            }
        }
        Ok(Some(Self::of(directory, engine)))
    }

    /// A directory that is only read. One that others may write is refused; none where it is not there.
    pub(crate) fn shipped(
        directory: &Path,
        engine: &wasmtime::Engine,
    ) -> Result<Option<Self>, EngineError> {
        match written_by_others(directory) {
            Ok(None) => Ok(Some(Self::of(directory, engine))),
            Ok(Some(what)) => {
                let path = directory.display().to_string();
                Err(EngineError::CacheDirectory { path, what })
            }
            Err(cause) => {
                tracing::warn!(path = %directory.display(), %cause, "the machine code that is shipped cannot be read");
                Ok(None)
            }
        }
    }

    fn of(directory: &Path, engine: &wasmtime::Engine) -> Self {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Self {
            directory: directory.to_owned(),
            engine: hex(&hasher.0.finalize()).chars().take(16).collect(),
        }
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.directory
            .join(format!("{digest}-{}.cwasm", self.engine))
    }

    /// The compiled component, if this engine wrote it before and it can still be read.
    pub(crate) fn load(&self, digest: &str, engine: &wasmtime::Engine) -> Option<Component> {
        let path = self.path(digest);
        if !path.exists() {
            return None;
        }
        #[expect(
            unsafe_code,
            clippy::disallowed_methods,
            reason = "only files this engine wrote stand in this directory, which only its user may write"
        )]
        let loaded = unsafe { Component::deserialize_file(engine, &path) };
        match loaded {
            Ok(component) => {
                // What is used is not the oldest. If that cannot be written, it is made anew once, or is
                // nobody's to make room in.
                let _ = std::fs::File::open(&path)
                    .and_then(|file| file.set_modified(std::time::SystemTime::now()));
                Some(component)
            }
            Err(cause) => {
                tracing::warn!(path = %path.display(), %cause, "cached machine code is unusable and is made anew");
                None
            }
        }
    }

    /// Compiles and keeps the code. That it could not be kept is a warning, not a failure.
    pub(crate) fn compile(
        &self,
        digest: &str,
        bytes: &[u8],
        engine: &wasmtime::Engine,
    ) -> Result<Component, LoadError> {
        let component = compile(bytes, engine)?;
        let kept = component.serialize().map_err(|cause| cause.to_string());
        let kept = kept.and_then(|code| self.write(digest, &code).map_err(|it| it.to_string()));
        if let Err(cause) = kept {
            tracing::warn!(%cause, "machine code could not be cached");
        }
        Ok(component)
    }

    fn write(&self, digest: &str, code: &[u8]) -> std::io::Result<()> {
        let path = self.path(digest);
        let unique = format!("{}.{}.part", path.display(), std::process::id());
        let mut file = std::fs::File::create(&unique)?;
        file.write_all(code)?;
        file.sync_all()?;
        std::fs::rename(&unique, &path)?;
        self.make_room(MAX_BYTES)
    }

    /// Removes the code that was not used for longest, of this and of other engines, and what a
    /// killed process left half written, until the rest fits.
    fn make_room(&self, max_bytes: u64) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_ours = name.ends_with(".cwasm") || name.ends_with(".part");
            if let Some(metadata) = entry.metadata().ok().filter(|it| it.is_file() && is_ours) {
                files.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        files.sort_by_key(|file| std::cmp::Reverse(file.0));
        let mut total = 0u64;
        // The newest is what was just written, and stays however large it is.
        for (at, (_, bytes, path)) in files.into_iter().enumerate() {
            total = total.saturating_add(bytes);
            if at > 0 && total > max_bytes {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Compiles without keeping.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that compiles, after the component was inspected"
)]
pub(crate) fn compile(bytes: &[u8], engine: &wasmtime::Engine) -> Result<Component, LoadError> {
    Component::new(engine, bytes).map_err(|cause| LoadError::Compile(format!("{cause:#}")))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
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

/// Why the directory is not its user's own.
#[cfg(unix)]
fn not_private(directory: &Path) -> std::io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt as _;
    if let Some(what) = open_to_others(directory)? {
        return Ok(Some(what));
    }
    // A new file belongs to this process's user, and shows that the directory can be written.
    let probe = directory.join(format!(".probe.{}.part", std::process::id()));
    let user = std::fs::File::create(&probe)?.metadata()?.uid();
    std::fs::remove_file(&probe)?;
    let owner = std::fs::metadata(directory)?.uid();
    Ok((owner != user && owner != 0).then(|| {
        format!("it belongs to another user ({owner}, not {user}), who may write it; name another")
    }))
}

/// Why a directory that this process does not write is not to be trusted.
#[cfg(unix)]
fn written_by_others(directory: &Path) -> std::io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt as _;
    if let Some(what) = open_to_others(directory)? {
        return Ok(Some(what));
    }
    let owner = std::fs::metadata(directory)?.uid();
    // Where there is no such file, only root's directory is trusted.
    let user = std::fs::metadata("/proc/self").map_or(0, |it| it.uid());
    Ok((owner != user && owner != 0).then(|| {
        format!("it belongs to another user ({owner}), who may write it; `chown root` it or name another")
    }))
}

#[cfg(unix)]
fn open_to_others(directory: &Path) -> std::io::Result<Option<String>> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = std::fs::metadata(directory)?.mode() & 0o777;
    Ok((mode & 0o022 != 0).then(|| {
        format!(
            "others may write it (mode {mode:o}), and what lies in it is run as machine code; `chmod go-w` it or name another"
        )
    }))
}

#[cfg(not(unix))]
fn written_by_others(directory: &Path) -> std::io::Result<Option<String>> {
    std::fs::metadata(directory).map(|_| None)
}

#[cfg(not(unix))]
fn not_private(_directory: &Path) -> std::io::Result<Option<String>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache {
            directory: folder.path().to_owned(),
            engine: "e".into(),
        };
        let now = std::time::SystemTime::now();
        for (name, age) in [
            ("old-e.cwasm", 30),
            ("left.1.part", 20),
            ("new-e.cwasm", 10),
        ] {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            file.set_len(100).unwrap();
            let then = now - std::time::Duration::from_secs(age);
            file.set_modified(then).unwrap();
        }
        std::fs::write(folder.path().join("notes.txt"), [0; 500]).unwrap();
        let left = |max: u64| {
            cache.make_room(max).unwrap();
            let entries = std::fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(left(200), ["left.1.part", "new-e.cwasm", "notes.txt"]);
        assert_eq!(left(0), ["new-e.cwasm", "notes.txt"]);
    }

    #[test]
    fn code_of_another_engine_or_component_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let engine = |fuel: bool| {
            let mut config = wasmtime::Config::new();
            config.consume_fuel(fuel);
            wasmtime::Engine::new(&config).unwrap()
        };
        let open = |engine| Cache::open(folder.path(), engine).unwrap().unwrap();
        let (one, other) = (engine(false), engine(true));
        let (a, again, b) = (open(&one), open(&engine(false)), open(&other));
        assert_eq!(a.path("digest"), again.path("digest"));
        assert_ne!(a.path("digest"), b.path("digest"));
        let component = compile(EMPTY, &one).unwrap();
        a.write("digest", &component.serialize().unwrap()).unwrap();
        assert!(a.load("digest", &one).is_some());
        assert!(a.load("another", &one).is_none() && b.load("digest", &other).is_none());
    }

    /// A component with nothing in it.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn code_is_never_seen_half_written() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache {
            directory: folder.path().to_owned(),
            engine: "e".into(),
        };
        let code = vec![7; 32 << 20];
        let first_seen = std::thread::scope(|scope| {
            let looks = scope.spawn(|| {
                loop {
                    if let Ok(seen) = std::fs::metadata(cache.path("digest")) {
                        return seen.len();
                    }
                }
            });
            cache.write("digest", &code).unwrap();
            looks.join().unwrap()
        });
        assert_eq!(first_seen, code.len() as u64);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_that_cannot_be_made_means_no_cache() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        let engine = wasmtime::Engine::default();
        assert!(Cache::open(&file.join("cache"), &engine).unwrap().is_none());
    }
}

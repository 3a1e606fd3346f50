//! Machine code kept on disk, so that a start does not compile. Only files that this engine wrote,
//! into a directory that only its user may write, are ever loaded.

use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::error::{EngineError, LoadError};

/// The cache directory of an engine.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    directory: PathBuf,
    /// Hash of the engine's version and settings: code of another engine is never found.
    engine: String,
}

impl Cache {
    /// Opens the directory, making it with mode 0700. One that others may write is refused.
    pub(crate) fn open(directory: &Path, engine: &wasmtime::Engine) -> Result<Self, EngineError> {
        let wrong = |what: String| EngineError::CacheDirectory {
            path: directory.display().to_string(),
            what,
        };
        make_private(directory).map_err(|cause| wrong(cause.to_string()))?;
        if let Some(what) = not_private(directory) {
            return Err(wrong(what));
        }
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let engine = hex(&hasher.0.finalize()).chars().take(16).collect();
        Ok(Self {
            directory: directory.to_owned(),
            engine,
        })
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
            reason = "only files this engine wrote stand in this directory, which only its user may write"
        )]
        let loaded = unsafe { Component::deserialize_file(engine, &path) };
        match loaded {
            Ok(component) => Some(component),
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
        std::fs::rename(&unique, &path)
    }
}

/// Compiles without keeping.
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

#[cfg(unix)]
fn not_private(directory: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(directory).ok()?;
    let mode = metadata.mode() & 0o777;
    (mode & 0o022 != 0).then(|| {
        format!(
            "others may write it (mode {mode:o}); machine code is only kept in a private directory"
        )
    })
}

#[cfg(not(unix))]
fn not_private(_directory: &Path) -> Option<String> {
    None
}

//! What keeps a command from being done. Each message says what to do.

use std::path::{Path, PathBuf};

use crate::plugins::InstallError;
use crate::serve::ServeError;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    #[error(transparent)]
    Component(#[from] InstallError),
    #[error("{}: {cause}", path.display())]
    File {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error(transparent)]
    Engine(#[from] sluice_engine::EngineError),
    #[error(transparent)]
    Config(#[from] ServeError),
    /// What is wrong, and what to do.
    #[error("{0}")]
    Refused(String),
}

impl AuthorError {
    /// For `map_err`: what failed with this file.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::File { path, cause }
    }

    pub fn refused(what: impl Into<String>) -> Self {
        Self::Refused(what.into())
    }
}

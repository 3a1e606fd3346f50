//! What keeps a command from being done. Each message says what to do.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::plugins::InstallError;
use crate::serve::ServeError;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    #[error(transparent)]
    Component(InstallError),
    #[error("{}: {cause}{}", path.display(), advice(cause, missing))]
    File {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
        /// What to do if it is not there.
        missing: &'static str,
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
        Self::file_or(path, "look at its path")
    }

    /// The same for a file that the command cannot do without: `missing` says where it comes from.
    pub fn file_or(path: &Path, missing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::File {
            path,
            cause,
            missing,
        }
    }

    pub fn refused(what: impl Into<String>) -> Self {
        Self::Refused(what.into())
    }
}

impl From<InstallError> for AuthorError {
    fn from(error: InstallError) -> Self {
        match error {
            InstallError::Read { path, cause } => {
                let missing = "name the component that `sluice plugin build` wrote";
                Self::file_or(&path, missing)(cause)
            }
            error => Self::Component(error),
        }
    }
}

/// What to do about a file, as the end of a sentence.
fn advice(cause: &std::io::Error, missing: &str) -> String {
    match cause.kind() {
        ErrorKind::NotFound => format!("; {missing}"),
        ErrorKind::IsADirectory => "; it is a folder: name the file in it".to_owned(),
        ErrorKind::NotADirectory => "; a part of its path is a file: name a folder".to_owned(),
        ErrorKind::PermissionDenied => "; let the user who runs this read and write it".to_owned(),
        ErrorKind::StorageFull => "; make room on the disk".to_owned(),
        _ => String::new(),
    }
}

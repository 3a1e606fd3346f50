//! The journal's directory: who holds it, which files are in it.
//!
//! `lock`, `checkpoint`, `<number>.journal`, and what an operator should look at:
//! `<number>-<offset>.damaged`, `rejected.jsonl`.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, FileExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::JournalError;
use super::sink::Mark;

/// What a restart needs to know besides the records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The journal's name in the database: a new directory is a new journal.
    pub id: String,
    /// Rows up to here need not be sent again: they are stored or set aside.
    pub done: Mark,
    /// The last mark that the database confirmed.
    pub stored: Mark,
    /// Greater than the number of any file so far.
    pub next_segment: u32,
}

/// A directory that is ours until this is dropped, or the process is gone.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    pub fn hold(path: &Path) -> Result<Self, JournalError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .and_then(|()| fs::set_permissions(path, Permissions::from_mode(0o700)))
            .map_err(JournalError::path("make", path))?;
        let name = path.join("lock");
        let open = private().read(true).truncate(false).open(&name);
        let mut lock = open.map_err(JournalError::path("open", &name))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message.
                let _ = (&mut lock).take(32).read_to_string(&mut holder);
                return Err(JournalError::InUse {
                    directory: path.to_owned(),
                    holder,
                });
            }
            Err(TryLockError::Error(error)) => return Err(JournalError::path("lock", name)(error)),
        }
        lock.set_len(0)
            .and_then(|()| write!(lock, "{}", std::process::id()))
            .map_err(JournalError::path("write", &name))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    pub fn segment(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:010}.journal"))
    }

    /// The numbers of the files, in order.
    pub fn segments(&self) -> Result<Vec<u32>, JournalError> {
        let list = || -> io::Result<Vec<u32>> {
            let mut found = Vec::new();
            for entry in fs::read_dir(&self.path)? {
                let name = entry?.file_name();
                let number = name.to_str().and_then(|name| name.strip_suffix(".journal"));
                found.extend(number.and_then(|number| number.parse::<u32>().ok()));
            }
            found.sort_unstable();
            Ok(found)
        };
        list().map_err(JournalError::path("list", &self.path))
    }

    /// Bytes of a file, of exactly this length.
    pub fn read_at(&self, number: u32, offset: u64, length: u32) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        File::open(self.segment(number))?.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// None: there is none. A file that cannot be understood is put aside.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, JournalError> {
        let name = self.path.join("checkpoint");
        let bytes = match fs::read(&name) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(JournalError::path("read", name)(error)),
        };
        match serde_json::from_slice(&bytes) {
            Ok(found) => Ok(Some(found)),
            Err(error) => {
                tracing::error!(%error, "the journal's checkpoint is damaged: rows are sent again");
                fs::rename(&name, self.path.join("checkpoint.damaged"))
                    .map_err(JournalError::path("rename", name))?;
                Ok(None)
            }
        }
    }

    pub fn save_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), JournalError> {
        let bytes = serde_json::to_vec(checkpoint)?;
        self.replace("checkpoint", &bytes)
    }

    /// Keeps bytes of a file that are no record, from this offset on.
    pub fn keep_damaged(&self, number: u32, at: u64, bytes: &[u8]) -> Result<(), JournalError> {
        self.replace(&format!("{number:010}-{at}.damaged"), bytes)
    }

    pub fn rejected(&self) -> PathBuf {
        self.path.join("rejected.jsonl")
    }

    /// Adds a line to the rows that the database refuses, and waits for the disk.
    pub fn set_aside(&self, line: &[u8]) -> io::Result<()> {
        let mut file = private().append(true).open(self.rejected())?;
        file.write_all(line)?;
        file.sync_data()?;
        self.sync()
    }

    /// Waits until the disk knows which files there are.
    pub fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
        let new = self.path.join(format!("{name}.new"));
        let write = || -> io::Result<()> {
            let mut file = private().truncate(true).open(&new)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            fs::rename(&new, self.path.join(name))?;
            self.sync()
        };
        write().map_err(JournalError::path("write", &new))
    }
}

/// For files that only the owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

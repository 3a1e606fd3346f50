//! The files that records are appended to, behind a trait: a test has a disk that is full.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

/// A file that is filled from its start to its end.
pub trait Output: Send + Sync + fmt::Debug {
    /// Hands the bytes to the operating system, to stand at this offset. After an error any part
    /// of them may be there.
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file off at `length` bytes, or puts zeros behind it up to there.
    fn resize(&self, length: u64) -> io::Result<()>;
    /// Waits until the disk has what was written.
    fn sync(&self) -> io::Result<()>;
}

/// Makes such files.
pub trait Disk: Send + Sync + fmt::Debug {
    /// A new file that only the owner may read; an error if there is one of this name.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn Output>>;
}

/// The real one.
#[derive(Debug)]
pub struct Files;

impl Disk for Files {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn Output>> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        Ok(Arc::new(options.open(path)?))
    }
}

impl Output for File {
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn resize(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

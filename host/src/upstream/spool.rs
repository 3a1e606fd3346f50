//! Uploads on disk: files without a name in a private folder, gone with their last holder, also
//! when the process is killed.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;

/// How much of a file is in memory at once.
const PIECE: usize = 256 << 10;

/// Where uploads lie while they are passed on.
#[derive(Debug, Clone)]
pub struct Spools(Arc<PathBuf>);

/// A file that was written. A clone is the same file.
#[derive(Debug, Clone)]
pub struct Spooled {
    file: Arc<File>,
    length: u64,
}

/// A file that is being written.
#[derive(Debug)]
pub struct Spooling {
    file: tokio::fs::File,
    length: u64,
}

impl Spools {
    /// `folder` is made, for its owner alone, when the first file comes.
    pub fn new(folder: PathBuf) -> Self {
        Self(Arc::new(folder))
    }

    /// A new file.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub async fn begin(&self) -> io::Result<Spooling> {
        let folder = Arc::clone(&self.0);
        let file = run(move || nameless(&folder)).await?;
        Ok(Spooling {
            file: tokio::fs::File::from_std(file),
            length: 0,
        })
    }

    /// A new file with what `fill` writes.
    ///
    /// # Errors
    /// The disk does not take it, or `fill` fails.
    pub async fn fill(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Spooled> {
        let folder = Arc::clone(&self.0);
        run(move || {
            let mut out = BufWriter::with_capacity(PIECE, nameless(&folder)?);
            fill(&mut out)?;
            let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            let length = file.metadata()?.len();
            Ok(Spooled {
                file: Arc::new(file),
                length,
            })
        })
        .await
    }
}

/// A file that nobody else can open.
fn nameless(folder: &Path) -> io::Result<File> {
    let mut private = DirBuilder::new();
    private.recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(uuid::Uuid::new_v4().simple().to_string());
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.open(&path)?;
    // The file lives on until its last handle is closed, whoever closes it.
    std::fs::remove_file(&path)?;
    Ok(file)
}

impl Spooling {
    /// Adds to it.
    ///
    /// # Errors
    /// The disk does not take it.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.file.write_all(bytes).await
    }

    /// It is whole.
    ///
    /// # Errors
    /// The disk did not take all of it.
    pub async fn finish(mut self) -> io::Result<Spooled> {
        self.file.flush().await?;
        Ok(Spooled {
            file: Arc::new(self.file.into_std().await),
            length: self.length,
        })
    }
}

impl Spooled {
    /// In bytes.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Its bytes from `offset` on, some of them; none at its end.
    ///
    /// # Errors
    /// The disk does not give them.
    pub async fn piece(&self, offset: u64) -> io::Result<Bytes> {
        let file = Arc::clone(&self.file);
        let left = self.length.saturating_sub(offset);
        let size = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        run(move || {
            let mut bytes = vec![0; size];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(Bytes::from(bytes))
        })
        .await
    }
}

impl Spooled {
    /// Reads it from its beginning on a thread that may wait.
    ///
    /// # Errors
    /// The thread is gone.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn BufRead) -> T + Send + 'static,
    ) -> io::Result<T> {
        let reader = self.reader();
        run(move || Ok(read(&mut BufReader::with_capacity(PIECE, reader)))).await
    }

    /// From its beginning, for a thread that may wait.
    pub fn reader(&self) -> impl Read + Send + use<> {
        Reader {
            file: self.clone(),
            offset: 0,
        }
    }
}

/// Reads a file without moving the place of another reader.
struct Reader {
    file: Spooled,
    offset: u64,
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.file.read_at(into, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// Waits for the disk on a thread that may wait.
async fn run<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|cause| Err(io::Error::other(cause)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn a_file_has_no_name_and_its_folder_is_private() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/uploads");
        let spools = Spools::new(folder.clone());
        let mut spooling = spools.begin().await.unwrap();
        let long = vec![7; PIECE + 5];
        spooling.write(&long).await.unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let spooled = spooling.finish().await.unwrap();
        assert_eq!(spooled.piece(0).await.unwrap().len(), PIECE);
        assert_eq!(spooled.piece(PIECE as u64).await.unwrap(), vec![7; 5]);
        assert!(spooled.piece(spooled.length()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let spools = Spools::new(file.path().join("uploads"));
        assert!(spools.begin().await.is_err());
    }
}

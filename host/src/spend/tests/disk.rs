use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::disk::{Disk, Files, Output};
use super::super::{Journal, JournalError, Settings, WhenUnwritable};
use super::{Database, call, opened, row, settings, start};
use crate::domain::CallStatus;

/// A disk that can be full: then half of what is written stays.
#[derive(Debug, Default)]
struct Small {
    full: Arc<AtomicBool>,
}

#[derive(Debug)]
struct SmallFile {
    file: Arc<dyn Output>,
    full: Arc<AtomicBool>,
}

impl Disk for Small {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn Output>> {
        if self.full.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let (file, full) = (Files.create(path)?, Arc::clone(&self.full));
        Ok(Arc::new(SmallFile { file, full }))
    }
}

impl Output for SmallFile {
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if self.full.load(Ordering::Relaxed) {
            self.file.write(at, &bytes[..bytes.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.write(at, bytes)
    }

    fn resize(&self, length: u64) -> io::Result<()> {
        self.file.resize(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

/// Linux's own full disk, which cannot be cut either.
#[derive(Debug)]
struct DevFull;

impl Disk for DevFull {
    fn create(&self, _: &Path) -> io::Result<Arc<dyn Output>> {
        let file: File = OpenOptions::new().write(true).open("/dev/full")?;
        Ok(Arc::new(file))
    }
}

#[tokio::test]
async fn a_full_disk_is_counted_and_its_rows_reach_the_database() {
    let place = tempfile::tempdir().unwrap();
    let disk = Small::default();
    let full = Arc::clone(&disk.full);
    let (journal, _) = Journal::start_on(settings(place.path()), Arc::new(disk)).unwrap();
    call(&journal, "before", 1, 3);
    journal.open(&opened("across", 1, 500)).unwrap();

    full.store(true, Ordering::Relaxed);
    call(&journal, "during", 1, 3);
    journal.settle(row("across", 1, 3)).unwrap();
    let gauges = journal.gauges();
    assert_eq!((gauges.counts.unwritten, gauges.unwritable), (3, true));
    full.store(false, Ordering::Relaxed);
    call(&journal, "after", 1, 3);
    assert!(!journal.gauges().unwritable);

    // A kill now: what was in memory only stands as interrupted, or is gone, if even its
    // beginning was not written. The file has no half records.
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("journal")).unwrap();
    for file in fs::read_dir(place.path().join("journal")).unwrap() {
        let file = file.unwrap();
        fs::copy(
            file.path(),
            copy.path().join("journal").join(file.file_name()),
        )
        .unwrap();
    }
    let (killed, recovered) = start(copy.path());
    assert_eq!((recovered.torn, recovered.damaged), (0, 0));
    assert_eq!((recovered.rows, recovered.interrupted), (3, 1));
    drop(killed);

    let database = Database::default();
    journal.flush(&database, false).await.unwrap();
    let rows = database.read().rows;
    assert_eq!(rows.len(), 4);
    assert!(rows.values().all(|row| row.status == CallStatus::Success));
}

#[test]
fn calls_are_refused_while_the_disk_is_full_if_the_operator_wants_that() {
    let place = tempfile::tempdir().unwrap();
    let settings = Settings {
        when_unwritable: WhenUnwritable::Refuse,
        ..settings(place.path())
    };
    let (journal, _) = Journal::start_on(settings, Arc::new(DevFull)).unwrap();

    let refused = journal.open(&opened("a", 1, 500)).unwrap_err();
    assert!(matches!(refused, JournalError::Write(_)));
    assert_eq!(journal.gauges().open_calls, 0);
    // A row is kept for the database even so.
    let refused = journal.record(row("b", 1, 3)).unwrap_err();
    assert!(matches!(refused, JournalError::Write(_)));
    assert_eq!(journal.gauges().waiting, 1);
}

#[test]
fn a_row_that_fits_nowhere_is_an_error_with_its_call() {
    let place = tempfile::tempdir().unwrap();
    let settings = Settings {
        memory_bytes: 10,
        ..settings(place.path())
    };
    let (journal, _) = Journal::start_on(settings, Arc::new(DevFull)).unwrap();
    journal.open(&opened("a", 1, 500)).unwrap();

    let lost = journal.settle(row("a", 1, 3)).unwrap_err();

    assert!(matches!(lost, JournalError::Lost { call_id, .. } if call_id == "a"));
    let gauges = journal.gauges();
    assert_eq!((gauges.counts.lost, gauges.waiting), (1, 0));
}

#[test]
fn only_the_owner_may_read() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    call(&journal, "a", 1, 3);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = place.path().join("journal");
    assert_eq!(mode(&directory), 0o700);
    for file in fs::read_dir(&directory).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn a_directory_has_one_holder() {
    let place = tempfile::tempdir().unwrap();
    let (journal, _) = start(place.path());
    let second = Journal::start(settings(place.path())).unwrap_err();
    let said = second.to_string();
    assert!(said.contains("in use by process") && said.contains("of its own"));
    drop(journal);
    start(place.path());
}

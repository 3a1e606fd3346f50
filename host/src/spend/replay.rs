//! What a start finds in the directory, and what becomes of it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::SpendRow;

use super::book::{Book, Waiting};
use super::directory::{Checkpoint, Directory};
use super::disk::Disk;
use super::error::JournalError;
use super::frame::{self, Piece};
use super::journal::{Counts, State, encode_row};
use super::record::{self, Opened, Record};
use super::settings::Settings;
use super::sink::Mark;
use super::tail::{Closed, Place, Tail};

/// What an earlier process left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Rows that the database had not confirmed.
    pub rows: usize,
    /// Of them: calls that were cut off.
    pub interrupted: usize,
    /// Of them: rows that the database had refused, and is asked again for.
    pub retried: usize,
    /// Files that ended in a record that was not written to its end; it was cut off.
    pub torn: usize,
    /// Places in files that are no record; their bytes were kept in `.damaged` files.
    pub damaged: usize,
}

/// A line of `rejected.jsonl`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rejected<R> {
    pub reason: String,
    pub row: R,
}

struct Replay<'a> {
    directory: &'a Directory,
    done: Mark,
    book: Book,
    /// Calls that have not ended, and where they began.
    open: HashMap<String, (Opened<'static>, Mark)>,
    /// The calls of rows that wait: none waits twice.
    waiting: HashSet<String>,
    latest_ms: i64,
    recovered: Recovered,
}

/// Reads everything, and leaves a journal that can be appended to.
pub fn restore(
    settings: &Settings,
    directory: &Directory,
    disk: Arc<dyn Disk>,
) -> Result<(State, String, Recovered), JournalError> {
    let checkpoint = directory.checkpoint()?.unwrap_or_else(|| Checkpoint {
        id: uuid::Builder::from_random_bytes(rand::random())
            .into_uuid()
            .to_string(),
        done: Mark::ZERO,
        stored: Mark::ZERO,
        next_segment: 1,
    });
    let mut replay = Replay {
        directory,
        done: checkpoint.done,
        book: Book::resume(checkpoint.done, checkpoint.stored),
        open: HashMap::new(),
        waiting: HashSet::new(),
        latest_ms: 0,
        recovered: Recovered::default(),
    };
    let mut closed = VecDeque::new();
    for number in directory.segments()? {
        closed.push_back(replay.read(number)?);
    }
    let behind = closed.back().map_or(1, |it| it.number.saturating_add(1));
    let number = behind.max(checkpoint.next_segment);
    let mut tail = Tail::begin(disk, directory, closed, number, settings.segment_bytes)?;
    // Before the first batch: its journal must have this name after a kill, too.
    directory.save_checkpoint(&Checkpoint {
        next_segment: number.saturating_add(1),
        ..checkpoint.clone()
    })?;

    for call in replay.take_open() {
        let row = call.interrupted(replay.latest_ms);
        replay.append(row, &mut tail)?;
        replay.recovered.interrupted += 1;
    }
    replay.retry_rejected(&mut tail)?;
    let (book, recovered) = (replay.book, replay.recovered);
    let recovered = Recovered {
        rows: book.waiting(),
        ..recovered
    };
    let state = State {
        book,
        tail,
        counts: Counts::default(),
    };
    Ok((state, checkpoint.id, recovered))
}

impl Replay<'_> {
    fn read(&mut self, number: u32) -> Result<Closed, JournalError> {
        let path = self.directory.segment(number);
        let bytes = fs::read(&path).map_err(JournalError::path("read", &path))?;
        let mut closed = Closed {
            number,
            bytes: bytes.len() as u64,
            settled: Mark::ZERO,
            last: Mark::ZERO,
        };
        for piece in frame::scan(&bytes) {
            let (at, torn) = match piece {
                Piece::Record { mark, payload, at } => match record::read(payload) {
                    Some(record) => {
                        closed.last = mark;
                        if matches!(record, Record::Settled(_)) {
                            closed.settled = mark;
                        }
                        let place = Place {
                            segment: number,
                            offset: at.start as u64,
                            length: u32::try_from(at.len()).unwrap_or(u32::MAX),
                        };
                        self.take(record, mark, place);
                        continue;
                    }
                    // Written whole, and no record of ours: of a later version, perhaps.
                    None => (at, false),
                },
                Piece::Gap { at, torn } => (at, torn),
                Piece::Unused { at } => {
                    closed.bytes = closed.bytes.min(at.start as u64);
                    continue;
                }
            };
            let gap = bytes.get(at.clone()).unwrap_or_default();
            self.put_aside(number, &path, at.start as u64, gap, torn)?;
            if torn {
                closed.bytes = at.start as u64;
            }
        }
        if closed.bytes < bytes.len() as u64 {
            let file = fs::OpenOptions::new().write(true).open(&path);
            let cut = file.and_then(|file| file.set_len(closed.bytes));
            cut.map_err(JournalError::path("shorten", path))?;
        }
        Ok(closed)
    }

    /// Keeps what is no record.
    fn put_aside(
        &mut self,
        number: u32,
        path: &Path,
        at: u64,
        gap: &[u8],
        torn: bool,
    ) -> Result<(), JournalError> {
        self.directory.keep_damaged(number, at, gap)?;
        if torn {
            tracing::warn!(file = %path.display(), bytes = gap.len(), "the last record of the journal was not written to its end");
            self.recovered.torn += 1;
        } else {
            tracing::error!(file = %path.display(), offset = at, bytes = gap.len(), "the journal is damaged here; the bytes were kept");
            self.recovered.damaged += 1;
        }
        Ok(())
    }

    fn take(&mut self, record: Record, mark: Mark, place: Place) {
        match record {
            Record::Opened(call) => {
                self.latest_ms = self.latest_ms.max(call.started_ms);
                self.open.insert(call.call_id.to_string(), (*call, mark));
            }
            Record::ToppedUp(more) => {
                if let Some((call, _)) = self.open.get_mut(&more.call_id) {
                    call.apply(more);
                }
            }
            Record::Settled(row) => {
                self.latest_ms = self.latest_ms.max(row.ended_ms);
                self.open.remove(&row.call_id);
                if mark > self.done {
                    self.wait(*row, mark, place);
                }
            }
        }
    }

    /// In the order in which they were opened.
    fn take_open(&mut self) -> Vec<Opened<'static>> {
        let mut open: Vec<_> = std::mem::take(&mut self.open).into_values().collect();
        open.sort_by_key(|(_, mark)| *mark);
        open.into_iter().map(|(call, _)| call).collect()
    }

    fn wait(&mut self, row: SpendRow, mark: Mark, place: Place) {
        if !self.waiting.insert(row.call_id.clone()) {
            return;
        }
        let bytes = u64::from(place.length);
        let waiting = Waiting {
            mark,
            place: Some(place),
            frame: None,
            bytes,
            ended_ms: row.ended_ms,
        };
        self.book.wait(waiting, &row);
    }

    fn append(&mut self, mut row: SpendRow, tail: &mut Tail) -> Result<(), JournalError> {
        let (mut frame, _) = encode_row(&mut row)?;
        let (mark, written) = tail.append(self.directory, &mut frame, true);
        self.wait(row, mark, written.map_err(JournalError::Write)?);
        Ok(())
    }

    /// What the database refused yesterday it may take today, of a newer version. The file goes
    /// when its rows are in the journal again.
    fn retry_rejected(&mut self, tail: &mut Tail) -> Result<(), JournalError> {
        let path = self.directory.rejected();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(JournalError::path("read", path)(error)),
        };
        let mut strange = Vec::new();
        for line in bytes
            .split(|byte| *byte == b'\n')
            .filter(|it| !it.is_empty())
        {
            let row = serde_json::from_slice::<Rejected<Box<RawValue>>>(line)
                .and_then(|line| serde_json::from_str::<SpendRow>(line.row.get()));
            match row {
                Ok(row) => {
                    self.append(row, tail)?;
                    self.recovered.retried += 1;
                }
                Err(_) => strange.extend_from_slice(&[line, b"\n"].concat()),
            }
        }
        if !strange.is_empty() {
            self.directory.keep_damaged(tail.number(), 0, &strange)?;
            self.recovered.damaged += 1;
        }
        for file in tail.take_unsynced() {
            let synced = file.sync().and_then(|()| self.directory.sync());
            synced.map_err(JournalError::path("sync", &path))?;
        }
        fs::remove_file(&path).map_err(JournalError::path("delete", path))
    }
}

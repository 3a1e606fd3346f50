//! The journal as calls use it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, io};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::domain::{Entity, SpendRow, Usd};

use super::book::{self, Book, Waiting};
use super::directory::{Checkpoint, Directory};
use super::disk::{Disk, Files};
use super::error::{JournalError, Stale};
use super::frame::{self, Frame};
use super::record::{self, Opened, Record, RecordRef, ToppedUp};
use super::replay::{self, Recovered};
use super::settings::{Settings, WhenUnwritable};
use super::sink::Mark;
use super::tail::Tail;

/// The journal of a replica. Clones are the same journal.
#[derive(Clone)]
pub struct Journal {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub settings: Settings,
    pub id: String,
    /// Locked for one write and a few maps; never across an await. Measured at 20,000 records a
    /// second beside a writer thread with group commit: a call waits about 5 us a record instead
    /// of 300, for about the same processor time (2026-11).
    state: Mutex<State>,
    /// Given back after the last file was closed.
    pub directory: Directory,
    /// Held while files are synced, on blocking threads only: whoever has it knows that no other
    /// has files in hand that the disk may not have.
    syncing: Mutex<()>,
    /// A batch is full.
    pub full: Notify,
    /// `settings.write_every`, until somebody says otherwise.
    pub write_every: ArcSwap<Duration>,
}

pub(super) struct State {
    pub book: Book,
    pub tail: Tail,
    pub counts: Counts,
}

/// What has happened since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that the database confirmed.
    pub stored: u64,
    /// Rows that the database refuses; they are in `rejected.jsonl`.
    pub rejected: u64,
    /// Records that the disk did not take.
    pub unwritten: u64,
    /// Rows that are in no file, no memory and no database.
    pub lost: u64,
    /// Rows that went without their metadata, being too long.
    pub shortened: u64,
    /// Rows that could not be read again from their file; their bytes were kept.
    pub damaged: u64,
    /// Batches that the database did not take for now.
    pub sink_failures: u64,
    pub sync_failures: u64,
}

/// How the journal is.
#[derive(Debug, Clone, Copy)]
pub struct Gauges {
    pub counts: Counts,
    pub open_calls: usize,
    /// Rows that the database has not confirmed.
    pub waiting: usize,
    /// Since the oldest of them ended; zero if none waits.
    pub oldest: Duration,
    /// Of those kept in memory, in bytes of the file.
    pub held_bytes: u64,
    pub disk_bytes: u64,
    pub files: usize,
    /// Whether the last record could not be written.
    pub unwritable: bool,
}

/// What the database does not have yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pending {
    /// By who pays. Rows of unknown cost add nothing.
    pub sums: HashMap<Entity, Usd>,
    /// The last row that is counted, here or in the database. What is settled later has a
    /// greater mark.
    pub through: Mark,
}

impl Journal {
    /// Takes the directory, reads what an earlier process left there, and closes its calls as
    /// interrupted. Reads files: not for a thread of the runtime.
    pub fn start(settings: Settings) -> Result<(Self, Recovered), JournalError> {
        Self::start_on(settings, Arc::new(Files))
    }

    pub(super) fn start_on(
        settings: Settings,
        disk: Arc<dyn Disk>,
    ) -> Result<(Self, Recovered), JournalError> {
        let directory = Directory::hold(&settings.directory)?;
        let (state, id, recovered) = replay::restore(&settings, &directory, disk)?;
        let shared = Shared {
            write_every: ArcSwap::from_pointee(settings.write_every),
            settings,
            directory,
            id,
            state: Mutex::new(state),
            syncing: Mutex::new(()),
            full: Notify::new(),
        };
        let shared = Arc::new(shared);
        Ok((Self { shared }, recovered))
    }

    /// Its name in the database, beside its mark.
    pub fn id(&self) -> &str {
        &self.shared.id
    }

    /// After this time at most rows are brought to the database from now on.
    pub fn set_write_every(&self, time: Duration) {
        self.shared.write_every.store(Arc::new(time));
    }

    /// A call begins. When this returns, a kill leaves at least an interrupted row of it. Under
    /// [`WhenUnwritable::Serve`] it does not fail for the disk's sake.
    pub fn open(&self, call: &Opened<'_>) -> Result<(), JournalError> {
        let mut frame = Frame::of(RecordRef::Opened(call))?;
        let call_id = call.call_id.to_string();
        let mut state = self.state();
        if state.book.is_open(&call_id) {
            return Err(JournalError::AlreadyOpen(call_id));
        }
        let (mark, written) = self.shared.append(&mut state, &mut frame, false);
        self.accept(written)?;
        state.book.open(call_id, frame, mark);
        Ok(())
    }

    /// More is reserved for an open call, or more is known of it. It counts also if it could not
    /// be written.
    pub fn top_up(&self, more: ToppedUp) -> Result<(), JournalError> {
        let mut frame = Frame::of(RecordRef::ToppedUp(&more))?;
        let mut state = self.state();
        if !state.book.is_open(&more.call_id) {
            return Err(JournalError::NotOpen(more.call_id));
        }
        let (_, written) = self.shared.append(&mut state, &mut frame, false);
        state.book.top_up(more);
        self.accept(written)
    }

    /// An open call has ended. When this returns, a kill does not lose its row.
    ///
    /// After [`JournalError::Write`] the row is in memory and reaches the database, if the process
    /// lives; under [`WhenUnwritable::Serve`] that is no error.
    pub fn settle(&self, row: SpendRow) -> Result<Mark, JournalError> {
        self.push(row, true)
    }

    /// The row of a call that was never opened: refused at the door, or free.
    pub fn record(&self, row: SpendRow) -> Result<Mark, JournalError> {
        self.push(row, false)
    }

    fn push(&self, mut row: SpendRow, opened: bool) -> Result<Mark, JournalError> {
        let (mut frame, shortened) = encode_row(&mut row)?;
        let bytes = u64::from(frame.length());
        let mut state = self.state();
        if state.book.is_open(&row.call_id) != opened {
            return Err(if opened {
                JournalError::NotOpen(row.call_id)
            } else {
                JournalError::AlreadyOpen(row.call_id)
            });
        }
        let room = state
            .book
            .has_room(bytes, self.shared.settings.memory_bytes);
        let (mark, written) = self.shared.append(&mut state, &mut frame, true);
        state.counts.shortened += u64::from(shortened);
        let (place, result) = match written {
            Ok(place) => (Some(place), Ok(mark)),
            Err(source) if !room => {
                state.counts.lost += 1;
                let call_id = row.call_id;
                return Err(JournalError::Lost { call_id, source });
            }
            Err(source) => (None, self.accept::<()>(Err(source)).map(|()| mark)),
        };
        state.book.close(&row.call_id);
        let waiting = Waiting {
            mark,
            place,
            frame: room.then(|| Arc::new(frame)),
            bytes,
            ended_ms: row.ended_ms,
        };
        state.book.wait(waiting, &row);
        if state.book.waiting() >= self.shared.settings.batch_rows {
            self.shared.full.notify_one();
        }
        result
    }

    /// What no write can do is an error only if calls shall fail for it.
    fn accept<T>(&self, written: io::Result<T>) -> Result<(), JournalError> {
        match (written, self.shared.settings.when_unwritable) {
            (Err(error), WhenUnwritable::Refuse) => Err(JournalError::Write(error)),
            _ => Ok(()),
        }
    }

    /// What is journaled and not yet in the database, where `stored` is this journal's mark as
    /// the database gave it, in the same snapshot as the sums to add this to. The two together
    /// are exact, whatever batch is under way and whichever answer of the database was lost.
    ///
    /// Reads files if the database is ahead of what it confirmed: not for a thread of the runtime.
    pub fn pending(&self, stored: Mark) -> Result<Pending, Stale> {
        let (mut sums, through, covered) = {
            let state = self.state();
            let covered = state.book.until(stored);
            if stored < state.book.stored {
                return Err(Stale);
            }
            (state.book.sums().clone(), state.book.last, covered)
        };
        for (payer, cost) in book::costs(&self.shared.rows(covered)?) {
            book::take(&mut sums, payer, cost);
        }
        Ok(Pending { sums, through })
    }

    /// The same for one payer.
    pub fn pending_of(&self, payer: &Entity, stored: Mark) -> Result<(Usd, Mark), Stale> {
        let (mut sum, through, covered) = {
            let state = self.state();
            let covered = state.book.until(stored);
            if stored < state.book.stored {
                return Err(Stale);
            }
            let sum = state.book.sums().get(payer).copied();
            (sum.unwrap_or_default(), state.book.last, covered)
        };
        for row in self.shared.rows(covered)? {
            if row.payers.contains(payer) {
                sum -= row.share_of(payer).unwrap_or_default();
            }
        }
        Ok((sum, through))
    }

    /// The rows of those sums whose calls ended before this time, as in a window that is over.
    pub fn pending_before(&self, stored: Mark, before_ms: i64) -> Result<Vec<SpendRow>, Stale> {
        let early = {
            let state = self.state();
            if stored < state.book.stored {
                return Err(Stale);
            }
            state.book.ended_before(stored, before_ms)
        };
        self.shared.rows(early)
    }

    pub fn gauges(&self) -> Gauges {
        let state = self.state();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default();
        let oldest = state.book.oldest_ended_ms().map_or(Duration::ZERO, |ms| {
            now.saturating_sub(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
        });
        Gauges {
            counts: state.counts,
            open_calls: state.book.open_calls(),
            waiting: state.book.waiting(),
            oldest,
            held_bytes: state.book.held_bytes(),
            disk_bytes: state.tail.bytes(),
            files: state.tail.files(),
            unwritable: state.tail.failing(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}

/// A row as a frame; without its metadata, if it is too long with it.
pub(super) fn encode_row(row: &mut SpendRow) -> Result<(Frame, bool), JournalError> {
    match Frame::of(RecordRef::Settled(row)) {
        Err(JournalError::TooLong(_)) => {
            row.metadata = None;
            Ok((Frame::of(RecordRef::Settled(row))?, true))
        }
        framed => Ok((framed?, false)),
    }
}

impl Shared {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn append(
        &self,
        state: &mut State,
        frame: &mut Frame,
        settled: bool,
    ) -> (Mark, io::Result<super::tail::Place>) {
        let (mark, written) = state.tail.append(&self.directory, frame, settled);
        state.counts.unwritten += u64::from(written.is_err());
        (mark, written)
    }

    /// Rows of the queue for [`Journal::pending`]. If one cannot be read, it may have been handed
    /// over and its file deleted meanwhile.
    fn rows(&self, waiting: Vec<Waiting>) -> Result<Vec<SpendRow>, Stale> {
        let rows = waiting.into_iter().map(|it| match self.load(&it) {
            Ok(Loaded::Row(row)) => Ok(*row),
            _ => Err(Stale),
        });
        rows.collect()
    }

    /// A row that waits, from memory or from its file.
    pub fn load(&self, waiting: &Waiting) -> io::Result<Loaded> {
        if let Some(frame) = &waiting.frame {
            return Ok(match settled(frame.payload()) {
                Some(row) => Loaded::Row(row),
                None => Loaded::Damaged(frame.payload().to_vec()),
            });
        }
        let Some(place) = waiting.place else {
            return Ok(Loaded::Damaged(Vec::new()));
        };
        let bytes = self
            .directory
            .read_at(place.segment, place.offset, place.length)?;
        let found = frame::intact(&bytes).filter(|(mark, _)| *mark == waiting.mark);
        match found.and_then(|(_, payload)| settled(payload)) {
            Some(row) => Ok(Loaded::Row(row)),
            None => Ok(Loaded::Damaged(bytes)),
        }
    }

    /// Waits until the disk has every record written so far, and the files' names.
    pub fn sync(&self) -> io::Result<()> {
        let _turn = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let files = self.state().tail.take_unsynced();
        let synced = files.iter().try_for_each(|file| file.sync());
        let synced = synced.and_then(|()| self.directory.sync());
        if let Err(error) = &synced {
            self.state().counts.sync_failures += 1;
            tracing::error!(%error, "the disk did not confirm the journal");
        }
        synced
    }

    pub fn save_checkpoint(&self) -> Result<(), JournalError> {
        let checkpoint = {
            let state = self.state();
            Checkpoint {
                id: self.id.clone(),
                done: state.book.done,
                stored: state.book.stored,
                next_segment: state.tail.number().saturating_add(1),
            }
        };
        self.directory.save_checkpoint(&checkpoint)
    }
}

fn settled(payload: &[u8]) -> Option<Box<SpendRow>> {
    match record::read(payload) {
        Some(Record::Settled(row)) => Some(row),
        _ => None,
    }
}

pub(super) enum Loaded {
    Row(Box<SpendRow>),
    Damaged(Vec<u8>),
}

impl fmt::Debug for Journal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Journal")
            .field("directory", &self.shared.settings.directory)
            .finish_non_exhaustive()
    }
}

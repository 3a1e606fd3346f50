//! Notes on their way from calls to whoever deals them out. Calls never wait for room: the oldest
//! note gives way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::heard::Note;
use super::lane::Tale as _;

/// Notes that wait; they are dealt out at once, so more than a few wait only where that hangs.
const MOST: usize = 20_000;
/// The same in bytes.
const MOST_BYTES: usize = 64 << 20;

#[derive(Default)]
pub struct Inbox {
    waiting: Mutex<Waiting>,
    pub came: Notify,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    notes: VecDeque<Note>,
    bytes: usize,
}

impl Inbox {
    pub fn push(&self, note: Note) {
        let mut waiting = self.waiting();
        waiting.bytes = waiting.bytes.saturating_add(note.bytes());
        waiting.notes.push_back(note);
        while waiting.notes.len() > MOST || (waiting.bytes > MOST_BYTES && waiting.notes.len() > 1)
        {
            if waiting.pop().is_some() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        drop(waiting);
        self.came.notify_one();
    }

    pub fn pop(&self) -> Option<Note> {
        self.waiting().pop()
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn pop(&mut self) -> Option<Note> {
        let note = self.notes.pop_front()?;
        self.bytes = self.bytes.saturating_sub(note.bytes());
        Some(note)
    }
}

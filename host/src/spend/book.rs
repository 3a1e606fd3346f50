//! What is under way and what waits for the database, in memory. No file and no clock here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::domain::{Entity, SpendRow, Usd};

use super::record::{Opened, ToppedUp};
use super::sink::Mark;
use super::tail::Place;

/// A settled row that the database has not confirmed.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub mark: Mark,
    /// None: it could not be written, and is in memory only.
    pub place: Option<Place>,
    /// None: it is read from its place again.
    pub row: Option<Arc<SpendRow>>,
    /// What it takes in the file.
    pub bytes: u64,
    pub ended_ms: i64,
}

/// A call that has not ended, and the mark of its last [`Opened`].
#[derive(Debug)]
struct Live {
    call: Opened,
    mark: Mark,
}

#[derive(Debug, Default)]
pub struct Book {
    live: HashMap<String, Live>,
    /// In the order of their marks.
    queue: VecDeque<Waiting>,
    /// Sums over the queue.
    sums: HashMap<Entity, Usd>,
    held_bytes: u64,
    /// Rows up to here are stored or set aside.
    pub done: Mark,
    /// The last mark that the database confirmed.
    pub stored: Mark,
    /// The last row handed to the queue.
    pub last: Mark,
    /// The last row that is in memory only. Until it is stored no file goes: its call's `Opened`
    /// may be there.
    unwritten: Mark,
}

impl Book {
    pub fn resume(done: Mark, stored: Mark) -> Self {
        Self {
            done,
            stored,
            last: done,
            ..Self::default()
        }
    }

    pub fn is_open(&self, call_id: &str) -> bool {
        self.live.contains_key(call_id)
    }

    pub fn open(&mut self, call: Opened, mark: Mark) {
        self.live.insert(call.call_id.clone(), Live { call, mark });
    }

    pub fn top_up(&mut self, more: ToppedUp) {
        if let Some(live) = self.live.get_mut(&more.call_id) {
            live.call.apply(more);
        }
    }

    pub fn close(&mut self, call_id: &str) {
        self.live.remove(call_id);
    }

    pub fn open_calls(&self) -> usize {
        self.live.len()
    }

    /// All calls under way, in the order they were opened.
    pub fn take_open(&mut self) -> Vec<Opened> {
        let mut all: Vec<Live> = self.live.drain().map(|(_, live)| live).collect();
        all.sort_by_key(|live| live.mark);
        all.into_iter().map(|live| live.call).collect()
    }

    /// The calls under way whose [`Opened`] stands at `last` or before.
    pub fn opened_until(&self, last: Mark) -> Vec<String> {
        let old = self.live.iter().filter(|(_, live)| live.mark <= last);
        old.map(|(id, _)| id.clone()).collect()
    }

    pub fn live(&self, call_id: &str) -> Option<&Opened> {
        self.live.get(call_id).map(|live| &live.call)
    }

    /// The call's [`Opened`] was written again.
    pub fn carried(&mut self, call_id: &str, mark: Mark) {
        if let Some(live) = self.live.get_mut(call_id) {
            live.mark = mark;
        }
    }

    /// Whether memory has room for one more row.
    pub fn has_room(&self, bytes: u64, limit: u64) -> bool {
        self.held_bytes.saturating_add(bytes) <= limit
    }

    /// A row waits from now on. `row` is what `waiting` may not hold any more.
    pub fn wait(&mut self, waiting: Waiting, row: &SpendRow) {
        for payer in &row.payers {
            let Some(cost) = row.share_of(payer) else {
                continue;
            };
            match self.sums.get_mut(payer) {
                Some(sum) => *sum += cost,
                None => {
                    self.sums.insert(payer.clone(), cost);
                }
            }
        }
        if waiting.row.is_some() {
            self.held_bytes = self.held_bytes.saturating_add(waiting.bytes);
        }
        if waiting.place.is_none() {
            self.unwritten = waiting.mark;
        }
        self.last = waiting.mark;
        self.queue.push_back(waiting);
    }

    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    pub fn oldest_ended_ms(&self) -> Option<i64> {
        self.queue.front().map(|it| it.ended_ms)
    }

    /// The first rows that wait, up to these limits; one at least, if any waits.
    pub fn front(&self, rows: usize, bytes: u64) -> Vec<Waiting> {
        let mut total = 0u64;
        let fits = |it: &&Waiting| {
            let first = total == 0;
            total = total.saturating_add(it.bytes.max(1));
            first || total <= bytes
        };
        let front = self.queue.iter().take(rows.max(1)).take_while(fits);
        front.cloned().collect()
    }

    /// The rows up to `mark` that still wait.
    pub fn until(&self, mark: Mark) -> Vec<Waiting> {
        let front = self.queue.iter().take_while(|it| it.mark <= mark);
        front.cloned().collect()
    }

    /// These rows, which come first in the queue, wait no longer.
    pub fn finish(&mut self, rows: &[Arc<SpendRow>], through: Mark) {
        while let Some(first) = self.queue.pop_front_if(|it| it.mark <= through) {
            if first.row.is_some() {
                self.held_bytes = self.held_bytes.saturating_sub(first.bytes);
            }
        }
        for row in rows {
            take(&mut self.sums, row);
        }
        self.done = self.done.max(through);
    }

    pub fn sums(&self) -> &HashMap<Entity, Usd> {
        &self.sums
    }

    /// Whether a file may go whose last settled row is this one.
    pub fn is_done(&self, settled: Mark) -> bool {
        settled <= self.done && self.unwritten <= self.done
    }
}

/// Takes a row's cost out of sums that hold it.
pub fn take(sums: &mut HashMap<Entity, Usd>, row: &SpendRow) {
    for payer in &row.payers {
        let (Some(cost), Some(sum)) = (row.share_of(payer), sums.get_mut(payer)) else {
            continue;
        };
        *sum -= cost;
        if sum.is_zero() {
            sums.remove(payer);
        }
    }
}

//! What is under way and what waits for the database, in memory. No file and no clock here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::domain::{Entity, SpendRow, Usd};

use super::error::JournalError;
use super::frame::Frame;
use super::record::{self, Record, RecordRef, ToppedUp};
use super::sink::Mark;
use super::tail::Place;

/// A settled row that the database has not confirmed.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub mark: Mark,
    /// None: it could not be written, and is in memory only.
    pub place: Option<Place>,
    /// The row as it was written; None: it is read from its place again. A row that is kept whole
    /// keeps dozens of pieces of memory, which are cold when they are given back.
    pub frame: Option<Arc<Frame>>,
    /// What it takes in the file.
    pub bytes: u64,
    pub ended_ms: i64,
}

/// A call that has not ended.
#[derive(Debug)]
pub struct Live {
    /// Its [`Opened`](super::Opened), as it was written last.
    pub frame: Frame,
    pub mark: Mark,
    /// What has been learned since then.
    more: Option<ToppedUp>,
}

impl Live {
    /// Puts what was learned into the frame.
    pub fn renew(&mut self) -> Result<(), JournalError> {
        let Some(more) = self.more.clone() else {
            return Ok(());
        };
        if let Some(Record::Opened(mut call)) = record::read(self.frame.payload()) {
            call.apply(more);
            self.frame = Frame::of(RecordRef::Opened(&call))?;
            self.more = None;
        }
        Ok(())
    }
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
    /// The last row that is in memory only. Until it is stored no file goes: its call's beginning
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

    pub fn open(&mut self, call_id: String, frame: Frame, mark: Mark) {
        let more = None;
        self.live.insert(call_id, Live { frame, mark, more });
    }

    pub fn top_up(&mut self, more: ToppedUp) {
        let Some(live) = self.live.get_mut(&more.call_id) else {
            return;
        };
        match &mut live.more {
            Some(known) => known.then(more),
            none => *none = Some(more),
        }
    }

    pub fn close(&mut self, call_id: &str) {
        self.live.remove(call_id);
    }

    pub fn open_calls(&self) -> usize {
        self.live.len()
    }

    /// The calls under way whose beginning stands at `last` or before.
    pub fn opened_until(&self, last: Mark) -> Vec<String> {
        let old = self.live.iter().filter(|(_, live)| live.mark <= last);
        old.map(|(id, _)| id.clone()).collect()
    }

    pub fn live(&mut self, call_id: &str) -> Option<&mut Live> {
        self.live.get_mut(call_id)
    }

    /// Whether memory has room for one more row.
    pub fn has_room(&self, bytes: u64, limit: u64) -> bool {
        self.held_bytes.saturating_add(bytes) <= limit
    }

    /// A row waits from now on.
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
        if waiting.frame.is_some() {
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

    /// The rows after `mark` that wait and whose calls ended before this time.
    pub fn ended_before(&self, mark: Mark, before_ms: i64) -> Vec<Waiting> {
        let early = |it: &&Waiting| it.mark > mark && it.ended_ms < before_ms;
        self.queue.iter().filter(early).cloned().collect()
    }

    /// The rows up to `mark` that still wait.
    pub fn until(&self, mark: Mark) -> Vec<Waiting> {
        let front = self.queue.iter().take_while(|it| it.mark <= mark);
        front.cloned().collect()
    }

    /// What is queued up to `through` waits no longer; `costs` are the sums of those of its rows that
    /// can be read. Gives what has left the queue, to be dropped where nobody waits for it.
    pub fn finish(&mut self, costs: &HashMap<&Entity, Usd>, through: Mark) -> Vec<Waiting> {
        let gone = self.queue.partition_point(|it| it.mark <= through);
        let gone: Vec<Waiting> = self.queue.drain(..gone).collect();
        for held in gone.iter().filter(|it| it.frame.is_some()) {
            self.held_bytes = self.held_bytes.saturating_sub(held.bytes);
        }
        for (payer, cost) in costs {
            take(&mut self.sums, payer, *cost);
        }
        self.done = self.done.max(through);
        gone
    }

    pub fn sums(&self) -> &HashMap<Entity, Usd> {
        &self.sums
    }

    /// Whether a file may go whose last settled row is this one.
    pub fn is_done(&self, settled: Mark) -> bool {
        settled <= self.done && self.unwritten <= self.done
    }
}

/// What these rows cost those who pay.
pub fn costs(rows: &[SpendRow]) -> HashMap<&Entity, Usd> {
    let mut costs = HashMap::new();
    for row in rows {
        for payer in &row.payers {
            if let Some(cost) = row.share_of(payer) {
                *costs.entry(payer).or_default() += cost;
            }
        }
    }
    costs
}

/// Takes a cost out of sums that hold it.
pub fn take(sums: &mut HashMap<Entity, Usd>, payer: &Entity, cost: Usd) {
    if let Some(sum) = sums.get_mut(payer) {
        *sum -= cost;
        if sum.is_zero() {
            sums.remove(payer);
        }
    }
}

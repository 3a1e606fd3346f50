//! Brings the rows to the database and the files to the disk, beside the calls.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::domain::SpendRow;

use super::book::{self, Waiting};
use super::error::JournalError;
use super::journal::{Journal, Loaded, Shared, State};
use super::replay::Rejected;
use super::sink::{Batch, Mark, Sink, SinkError};

/// How a shutdown went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Rows that the database has not confirmed; the next start sends them.
    pub waiting: usize,
    /// Whether the disk confirmed what was written.
    pub synced: bool,
}

/// Rows on their way, each with its mark.
type Rows = (Vec<Mark>, Vec<SpendRow>);

impl Journal {
    /// Works until `stop`, then hands over what waits, for at most `Settings::shutdown`, and waits
    /// for the disk. Stop it when no call is under way any more.
    pub async fn run<S: Sink>(&self, sink: &S, stop: CancellationToken) -> Drained {
        let syncing = stop.run_until_cancelled(self.keep_syncing());
        let flushing = self.keep_flushing(sink, &stop);
        tokio::join!(syncing, flushing);
        let synced = self.sync().await;
        self.clean_up().await;
        Drained {
            waiting: self.gauges().waiting,
            synced,
        }
    }

    async fn keep_syncing(&self) {
        loop {
            sleep(self.shared.settings.sync_every).await;
            self.sync().await;
        }
    }

    /// Waits until the disk has every record written so far; false if it refuses.
    pub async fn sync(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        let done = tokio::task::spawn_blocking(move || shared.sync().is_ok());
        done.await.unwrap_or(false)
    }

    async fn keep_flushing<S: Sink>(&self, sink: &S, stop: &CancellationToken) {
        let settings = &self.shared.settings;
        // A database that was restored from a backup has an old mark, or none.
        let mut greeted = false;
        let mut pause = Duration::ZERO;
        while !stop.is_cancelled() {
            let started = Instant::now();
            let work = self.flush(sink, !greeted);
            let Some(result) = stop.run_until_cancelled(work).await else {
                break;
            };
            pause = match result {
                Ok(()) => Duration::ZERO,
                Err(_) => (pause * 2).clamp(settings.retry_first, settings.retry_longest),
            };
            greeted |= result.is_ok();
            let next = async {
                if pause.is_zero() {
                    let full = self.shared.full.notified();
                    let _ = timeout_at(started + **self.shared.write_every.load(), full).await;
                } else {
                    sleep(pause).await;
                }
            };
            stop.run_until_cancelled(next).await;
        }
        let end = Instant::now() + settings.shutdown;
        let mut pause = settings.retry_first;
        loop {
            match timeout_at(end, self.flush(sink, false)).await {
                Ok(Ok(())) => return,
                Ok(Err(_)) if Instant::now() + pause < end => {
                    sleep_until(Instant::now() + pause).await;
                    pause = (pause * 2).min(settings.retry_longest);
                }
                _ => return,
            }
        }
    }

    /// Hands over all that waits now. `greet`: tells the database the mark also if nothing waits.
    pub(super) async fn flush<S: Sink>(&self, sink: &S, greet: bool) -> Result<(), SinkError> {
        let end = self.shared.state().book.last;
        if greet {
            let stored = self.shared.state().book.stored;
            self.send(sink, &[], stored).await?;
        }
        let mut any = greet;
        while self.shared.state().book.done < end {
            let batch = self.next_batch().await?;
            any = true;
            let delivered = self.deliver(sink, batch).await;
            if let Err(error) = delivered {
                // What came through need not be sent again.
                self.clean_up().await;
                return Err(error);
            }
        }
        if any {
            self.clean_up().await;
        }
        Ok(())
    }

    /// The first rows that wait, from memory or disk.
    async fn next_batch(&self) -> Result<Rows, SinkError> {
        let shared = Arc::clone(&self.shared);
        let settings = &self.shared.settings;
        let front = {
            let state = self.shared.state();
            state.book.front(settings.batch_rows, settings.batch_bytes)
        };
        let load = tokio::task::spawn_blocking(move || load(&shared, front));
        let loaded = load.await.unwrap_or_else(|error| Err(disk(&error)));
        loaded.inspect_err(|error| self.failed(error))
    }

    /// Sends rows, in halves where they are refused, so that only the refused ones are set aside.
    async fn deliver<S: Sink>(&self, sink: &S, (marks, rows): Rows) -> Result<(), SinkError> {
        let mut parts = vec![(0, rows.len())];
        while let Some((start, end)) = parts.pop() {
            let these = rows.get(start..end).unwrap_or_default();
            let Some(through) = end.checked_sub(1).and_then(|last| marks.get(last)) else {
                continue;
            };
            match (self.send(sink, these, *through).await, these) {
                (Ok(()), _) => {}
                (Err(SinkError::Rejected(reason)), [row]) => {
                    self.set_aside(row, reason).await?;
                    self.finish(these, *through, |state| state.counts.rejected += 1);
                }
                (Err(SinkError::Rejected(_)), _) => {
                    let middle = start + these.len() / 2;
                    parts.push((middle, end));
                    parts.push((start, middle));
                }
                (Err(error), _) => return Err(error),
            }
        }
        Ok(())
    }

    async fn send<S: Sink>(
        &self,
        sink: &S,
        rows: &[SpendRow],
        through: Mark,
    ) -> Result<(), SinkError> {
        let batch = Batch {
            journal: &self.shared.id,
            rows,
            through,
        };
        let answer = timeout(self.shared.settings.sink_timeout, sink.settle(batch)).await;
        let answer =
            answer.unwrap_or_else(|_| Err(SinkError::Unavailable("it did not answer".to_owned())));
        if let Err(error) = &answer {
            self.failed(error);
        } else {
            self.finish(rows, through, |state| {
                state.counts.stored += rows.len() as u64;
                state.book.stored = state.book.stored.max(through);
            });
        }
        answer
    }

    /// These rows wait no longer. Calls wait for the lock, so what can be done without it is.
    fn finish(&self, rows: &[SpendRow], through: Mark, count: impl FnOnce(&mut State)) {
        let costs = book::costs(rows);
        let gone = {
            let mut state = self.shared.state();
            count(&mut state);
            state.book.finish(&costs, through)
        };
        drop(gone);
    }

    fn failed(&self, error: &SinkError) {
        if matches!(error, SinkError::Unavailable(_)) {
            self.shared.state().counts.sink_failures += 1;
            tracing::warn!(%error, "spend waits in the journal");
        }
    }

    async fn set_aside(&self, row: &SpendRow, reason: String) -> Result<(), SinkError> {
        tracing::error!(call.id = %row.call_id, %reason, "the database refuses the row of a call; it was set aside");
        let shared = Arc::clone(&self.shared);
        let line = Rejected { reason, row };
        let mut line = serde_json::to_vec(&line).map_err(|error| disk(&error))?;
        line.push(b'\n');
        let write = tokio::task::spawn_blocking(move || {
            shared
                .directory
                .set_aside(&line)
                .map_err(|error| disk(&error))
        });
        let written = write.await.unwrap_or_else(|error| Err(disk(&error)));
        written.inspect_err(|error| self.failed(error))
    }

    /// Remembers how far the database is, and deletes the files that nothing needs.
    async fn clean_up(&self) {
        let shared = Arc::clone(&self.shared);
        let work = tokio::task::spawn_blocking(move || {
            let done = shared
                .save_checkpoint()
                .and_then(|()| shared.delete_finished());
            if let Err(error) = done {
                tracing::warn!(%error, "the journal keeps files that it needs no more");
            }
        });
        // It does not panic; if the runtime ends first, the next start does this.
        let _ = work.await;
    }
}

fn disk(error: &dyn std::fmt::Display) -> SinkError {
    SinkError::Unavailable(format!("the journal's own disk refuses: {error}"))
}

/// The rows of a batch. It ends before a row that cannot be read for now; one that is damaged is
/// kept as it is and passed over.
fn load(shared: &Shared, front: Vec<Waiting>) -> Result<Rows, SinkError> {
    let (mut marks, mut rows) = (Vec::new(), Vec::new());
    for waiting in front {
        match shared.load(&waiting) {
            Ok(Loaded::Row(row)) => {
                marks.push(waiting.mark);
                rows.push(*row);
            }
            // Those before it first: they are finished in order.
            Ok(Loaded::Damaged(_)) | Err(_) if !rows.is_empty() => break,
            Ok(Loaded::Damaged(bytes)) => {
                if let Some(place) = waiting.place {
                    let kept = shared
                        .directory
                        .keep_damaged(place.segment, place.offset, &bytes);
                    kept.map_err(|error| disk(&error))?;
                }
                tracing::error!(
                    bytes = bytes.len(),
                    "a row of the journal is damaged; its bytes were kept"
                );
                let mut state = shared.state();
                state.counts.damaged += 1;
                state.book.finish(&HashMap::new(), waiting.mark);
            }
            Err(error) => return Err(disk(&error)),
        }
    }
    Ok((marks, rows))
}

impl Shared {
    /// Deletes the oldest files as long as all their rows are finished; calls under way that were
    /// opened there are written down again first.
    fn delete_finished(&self) -> Result<(), JournalError> {
        loop {
            let (oldest, open) = {
                let state = self.state();
                let oldest = state.tail.oldest();
                let Some(oldest) = oldest.filter(|it| state.book.is_done(it.settled)) else {
                    return Ok(());
                };
                (oldest, state.book.opened_until(oldest.last))
            };
            for call_id in &open {
                self.carry(call_id)?;
            }
            // What is in later files instead must be on the disk before the old one goes.
            self.sync().map_err(JournalError::Write)?;
            let path = self.directory.segment(oldest.number);
            fs::remove_file(&path).map_err(JournalError::path("delete", path))?;
            self.state().tail.forget_oldest();
        }
    }

    fn carry(&self, call_id: &str) -> Result<(), JournalError> {
        let mut state = self.state();
        let State { book, tail, counts } = &mut *state;
        let Some(live) = book.live(call_id) else {
            return Ok(());
        };
        live.renew()?;
        let (mark, written) = tail.append(&self.directory, &mut live.frame, false);
        counts.unwritten += u64::from(written.is_err());
        written.map_err(JournalError::Write)?;
        live.mark = mark;
        Ok(())
    }
}

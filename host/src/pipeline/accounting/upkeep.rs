//! What goes on beside the calls: rows to the database, windows that end, accounts that nobody
//! uses any more.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::budget::{Ledger, Reset};
use crate::domain::{SpendRow, Usd};
use crate::spend::{Batch, Sink, SinkError};
use crate::store::{Account, NextWindow, Store, StoreError};

use super::accounts::span;
use super::party::payer;
use super::{Accounting, now_ms};

/// How often windows are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Longest wait for the database to hear of one window.
const ANSWER: Duration = Duration::from_secs(2);

/// Accounts that no call used for so long are dropped from memory; by far longer than the
/// database lags behind.
const IDLE: Duration = Duration::from_secs(3600);

/// The database, as the journal knows it.
pub struct StoreSink(pub Store);

impl Sink for StoreSink {
    async fn settle(&self, batch: Batch<'_>) -> Result<(), SinkError> {
        let rows: Vec<&SpendRow> = batch.rows.iter().collect();
        let stored = self
            .0
            .settle_from(&rows, Some((batch.journal, batch.through.to_row())))
            .await;
        match stored {
            Ok(_) => Ok(()),
            Err(cause) if cause.reason().is_some() => {
                Err(SinkError::Unavailable(cause.to_string()))
            }
            Err(cause) => Err(SinkError::Rejected(cause.to_string())),
        }
    }
}

/// Resets that the database has not heard of: they are named again, also where nobody waits any more.
struct Untold<'a> {
    ledger: &'a Ledger,
    resets: VecDeque<Reset>,
}

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        for reset in &self.resets {
            self.ledger.reset_is_untold(reset);
        }
    }
}

/// The database, which hears of windows that ended before it gets what was spent since then.
struct Rows<'a> {
    accounting: &'a Accounting,
    store: StoreSink,
}

impl Sink for Rows<'_> {
    async fn settle(&self, batch: Batch<'_>) -> Result<(), SinkError> {
        self.accounting.end_windows().await;
        self.store.settle(batch).await
    }
}

impl Accounting {
    /// Brings rows to the database until `stop`, then what is left.
    pub async fn write_rows(self, stop: CancellationToken) {
        let sink = Rows {
            accounting: &self,
            store: StoreSink(self.inner.store.clone()),
        };
        self.inner.journal.run(&sink, stop).await;
    }

    /// Brings bodies to the database until `stop`, then what is left.
    pub async fn write_bodies(self, stop: CancellationToken) {
        self.inner.bodies.run(&self.inner.store, &stop).await;
    }

    /// Ends windows whose time has come, until `stop`.
    pub async fn keep_windows(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            self.end_windows().await;
            let idle = i64::try_from(IDLE.as_millis()).unwrap_or(i64::MAX);
            self.inner.ledger.sweep(now_ms().saturating_sub(idle));
            let there = |id: &crate::budget::AccountId| {
                self.inner.ledger.path(std::slice::from_ref(id)).is_ok()
            };
            self.inner.said.keep_only(there);
        }
    }

    /// Tells the database of windows that ended. What it does not hear is told with the next turn.
    pub(super) async fn end_windows(&self) {
        let ledger = &self.inner.ledger;
        let mut untold = Untold {
            ledger,
            resets: ledger.due_resets(now_ms()).into(),
        };
        while let Some(reset) = untold.resets.front() {
            let why = match timeout(ANSWER, self.end_window(reset)).await {
                Ok(Ok(())) => {
                    untold.resets.pop_front();
                    continue;
                }
                Ok(Err(cause)) => cause.to_string(),
                Err(_) => format!("no answer in {} seconds", ANSWER.as_secs()),
            };
            tracing::error!(%why, account = %reset.account, "a budget's window ended, and the database does not know yet");
            return;
        }
    }

    async fn end_window(&self, reset: &Reset) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let (entity, span) = (payer(&reset.account), span(&reset.account));
        let stored = store.accounts(std::slice::from_ref(&entity)).await?;
        let due: Option<Account> = stored.into_iter().find(|it| it.span == span);
        let told = |it: &Account| {
            it.reset_at == Some(reset.resets_at_ms) && it.began_at >= Some(reset.began_ms)
        };
        let Some(due) = due.filter(|it| !told(it)) else {
            return Ok(());
        };
        tracing::info!(account = %reset.account, spent.usd = %reset.spent, "a budget begins anew");
        // The database may have rows that are not known here, and the other way round.
        let theirs = reset.carries_above.filter(|_| !due.is_rolled());
        let theirs = theirs.map_or(Usd::ZERO, |max| due.spent - max);
        let next = NextWindow {
            began_at: reset.began_ms,
            reset_at: Some(reset.resets_at_ms),
            carried: theirs.max(reset.carried),
        };
        store.reset(&due, next).await.map(drop)
    }
}

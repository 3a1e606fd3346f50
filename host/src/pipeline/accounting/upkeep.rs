//! What goes on beside the calls: rows to the database, windows that end, accounts that nobody
//! uses any more.

use std::iter;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::budget::Reset;
use crate::domain::{SpendRow, Usd};
use crate::spend::{Batch, Sink, SinkError};
use crate::store::{Account, Store, StoreError};

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

impl Accounting {
    /// Brings rows to the database until `stop`, then what is left.
    pub async fn write_rows(self, stop: CancellationToken) {
        let sink = StoreSink(self.inner.store.clone());
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
        let mut resets = self.inner.ledger.due_resets(now_ms()).into_iter();
        while let Some(reset) = resets.next() {
            let why = match timeout(ANSWER, self.end_window(&reset)).await {
                Ok(Ok(())) => continue,
                Ok(Err(cause)) => cause.to_string(),
                Err(_) => format!("no answer in {} seconds", ANSWER.as_secs()),
            };
            tracing::error!(%why, account = %reset.account, "a budget's window ended, and the database does not know yet");
            for untold in iter::once(reset).chain(resets) {
                self.inner.ledger.reset_is_untold(&untold);
            }
            return;
        }
    }

    async fn end_window(&self, reset: &Reset) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let (entity, span) = (payer(&reset.account), span(&reset.account));
        let stored = store.accounts(std::slice::from_ref(&entity)).await?;
        let due: Option<Account> = stored.into_iter().find(|it| it.span == span);
        let Some(due) = due.filter(|it| it.reset_at != Some(reset.resets_at_ms)) else {
            return Ok(());
        };
        tracing::info!(account = %reset.account, spent.usd = %reset.spent, "a budget begins anew");
        let carried = reset
            .carries_above
            .map(|max| (due.spent - max).max(Usd::ZERO));
        let next = (Some(reset.resets_at_ms), carried.unwrap_or_default());
        store.reset(&due, next).await.map(drop)
    }
}

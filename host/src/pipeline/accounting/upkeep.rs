//! What goes on beside the calls: rows to the database, windows that end, accounts that nobody
//! uses any more.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::{SpendRow, Usd};
use crate::spend::{Batch, Sink, SinkError};
use crate::store::{Account, Store};

use super::accounts::span;
use super::party::payer;
use super::{Accounting, now_ms};

/// How often windows are looked at.
const EVERY: Duration = Duration::from_secs(5);

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

    async fn end_windows(&self) {
        for reset in self.inner.ledger.due_resets(now_ms()) {
            let entity = payer(&reset.account);
            let span = span(&reset.account);
            let stored = self
                .inner
                .store
                .accounts(std::slice::from_ref(&entity))
                .await;
            let due: Option<Account> = match stored {
                Ok(accounts) => accounts.into_iter().find(|it| it.span == span),
                Err(cause) => {
                    tracing::error!(%cause, account = %reset.account, "a budget's window ended, and the database does not know");
                    continue;
                }
            };
            let Some(due) = due.filter(|it| it.reset_at != Some(reset.resets_at_ms)) else {
                continue;
            };
            tracing::info!(account = %reset.account, spent.usd = %reset.spent, "a budget begins anew");
            let carried = reset
                .carries_above
                .map(|max| (due.spent - max).max(Usd::ZERO));
            let next = (Some(reset.resets_at_ms), carried.unwrap_or_default());
            let ended = self.inner.store.reset(&due, next).await;
            if let Err(cause) = ended {
                tracing::error!(%cause, account = %reset.account, "a budget's window ended, and the database does not know");
            }
        }
    }
}

//! Deletes the rows of calls that are older than the operator keeps them, a few at a time, so that
//! new rows are stored in between. Accounts and sums by day stay.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::store::{Store, StoreError};

use super::{Accounting, now_ms};

/// How long rows are kept, and how often the older ones are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub keep: Duration,
    pub every: Duration,
}

impl Retention {
    /// The shortest time. A batch of the journal may come a second time after an answer was lost,
    /// and counts once as long as its rows are there.
    pub const SHORTEST: Duration = Duration::from_secs(3600);
    /// LiteLLM's interval.
    pub const EVERY: Duration = Duration::from_secs(86_400);
}

/// Rows of one transaction: some 20 ms in which nobody else writes into a SQLite file.
pub(super) const BATCH: u32 = 500;
/// Between two transactions.
pub(super) const PAUSE: Duration = Duration::from_millis(20);
/// After the start; the first minute has enough to do.
const FIRST: Duration = Duration::from_secs(60);

/// Rows that were deleted since the start.
#[derive(Debug, Default)]
pub(super) struct Forgotten(AtomicU64);

impl Forgotten {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Deletes rows of calls that started before a time, until `stop`, and their bodies before them.
    async fn forget(
        &self,
        store: &Store,
        before_ms: i64,
        stop: &CancellationToken,
    ) -> Result<u64, StoreError> {
        while !stop.is_cancelled() {
            let gone = store.forget_bodies(before_ms, BATCH).await?;
            if gone < u64::from(BATCH) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let mut all = 0u64;
        while !stop.is_cancelled() {
            let gone = store.forget_spend_rows(before_ms, BATCH).await?;
            self.0.fetch_add(gone, Ordering::Relaxed);
            all = all.saturating_add(gone);
            if gone < u64::from(BATCH) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(all)
    }
}

impl Accounting {
    /// Deletes old rows until `stop`. A changed setting holds at once.
    pub async fn forget_rows(self, stop: CancellationToken) {
        let (inner, stop) = (&self.inner, &stop);
        let setting = || inner.settings.load().retention;
        let sweep = |it| self.sweep(it, stop);
        rounds(setting, &inner.keeps_otherwise, stop, sweep).await;
    }

    async fn sweep(&self, retention: Retention, stop: &CancellationToken) {
        let inner = &self.inner;
        let keep = i64::try_from(retention.keep.as_millis()).unwrap_or(i64::MAX);
        let before = now_ms().saturating_sub(keep);
        match inner.forgotten.forget(&inner.store, before, stop).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "old rows of calls were deleted"),
            Err(cause) => tracing::warn!(
                %cause,
                "old rows of calls could not be deleted; the next try is in {} s",
                retention.every.as_secs()
            ),
        }
    }
}

/// Sweeps as often as the setting says, and as soon as it changes.
async fn rounds<F: Future<Output = ()>>(
    setting: impl Fn() -> Option<Retention>,
    changed: &Notify,
    stop: &CancellationToken,
    sweep: impl Fn(Retention) -> F,
) {
    let every = |retention: Option<Retention>| retention.map_or(Retention::EVERY, |it| it.every);
    let mut wait = FIRST.min(every(setting()));
    loop {
        let due = async {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = changed.notified() => {}
            }
        };
        if stop.run_until_cancelled(due).await.is_none() {
            return;
        }
        let now = setting();
        wait = every(now);
        if let Some(retention) = now {
            sweep(retention).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::domain::{CallBodies, Entity, EntityKind, SpendRow, Usd};
    use crate::store::tests::{NOW, Place, run};
    use crate::store::{SpendFilter, UsageFilter, day_of};

    fn call(number: u32) -> SpendRow {
        let payers = [Entity::new(EntityKind::Proxy, "")];
        let cost = Some(Usd::from_pico(1));
        SpendRow {
            started_ms: NOW + i64::from(number),
            ..crate::store::tests::call(&format!("c{number}"), cost, &payers)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_setting_holds_at_once() {
        const HOUR: Duration = Duration::from_secs(3600);
        let (setting, swept) = (Cell::new(None), Cell::new(0));
        let (changed, stop) = (Notify::new(), CancellationToken::new());
        let sweep = |_| {
            swept.set(swept.get() + 1);
            std::future::ready(())
        };
        let operator = async {
            tokio::time::sleep(2 * HOUR).await;
            assert_eq!(swept.get(), 0, "rows are kept for ever");
            setting.set(Some(Retention {
                keep: HOUR,
                every: 24 * HOUR,
            }));
            changed.notify_one();
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(swept.get(), 1);
            tokio::time::sleep(24 * HOUR).await;
            assert_eq!(swept.get(), 2);
            stop.cancel();
        };
        let setting_now = || setting.get();
        tokio::join!(rounds(setting_now, &changed, &stop, sweep), operator);
    }

    async fn sweep(store: &Store) {
        let rows: Vec<SpendRow> = (0..1_205).map(call).collect();
        store.settle(&rows).await.unwrap();
        let bodies = |row: &SpendRow| CallBodies {
            call_id: row.call_id.clone(),
            started_ms: row.started_ms,
            request: None,
            response: None,
        };
        let bodies: Vec<CallBodies> = rows.iter().map(bodies).collect();
        store.keep_bodies(&bodies).await.unwrap();
        let (forgotten, stop) = (Forgotten::default(), CancellationToken::new());
        let gone = forgotten.forget(store, NOW + 1_200, &stop).await.unwrap();
        assert_eq!((gone, forgotten.count()), (1_200, 1_200));
        let left = store.spend_rows(&SpendFilter::default(), None, 99).await;
        assert_eq!(left.unwrap().len(), 5);
        let ids: Vec<&str> = rows.iter().map(|it| it.call_id.as_str()).collect();
        assert_eq!(store.spend_bodies(&ids).await.unwrap().len(), 5);
        let all = UsageFilter {
            kind: EntityKind::Proxy,
            ids: Vec::new(),
            except: Vec::new(),
            from_day: day_of(NOW),
            until_day: day_of(NOW) + 1,
            only: Vec::new(),
        };
        let sums = store.usage(&all, &[]).await;
        assert_eq!(sums.unwrap()[0].sums.requests, 1_205);
        stop.cancel();
        assert_eq!(forgotten.forget(store, i64::MAX, &stop).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn old_rows_go_and_sums_stay_in_sqlite() {
        run(Place::sqlite().await, async |store| sweep(store).await).await;
    }

    #[tokio::test]
    async fn old_rows_go_and_sums_stay_in_postgres() {
        run(Place::postgres().await, async |store| sweep(store).await).await;
    }
}

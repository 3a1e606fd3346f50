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

#[cfg(test)]
mod tests {
    use super::super::others::Others;
    use super::super::rig;
    use super::*;
    use crate::budget::{self, AccountId, Path, Period, Terms, Window};
    use crate::domain::{Entity, EntityKind};
    use crate::store::tests::{both, call};
    use crate::store::{Address, WHOLE};

    const DAY: i64 = 86_400_000;

    /// A replica whose calls of two days ago are of windows that have ended since.
    struct Replica {
        accounting: Accounting,
        _folder: tempfile::TempDir,
    }

    const fn pico(amount: i128) -> Usd {
        Usd::from_pico(amount)
    }

    fn team() -> Entity {
        Entity::new(EntityKind::Team, "t")
    }

    fn terms(period: &str) -> Terms {
        Terms {
            max_budget: Some(pico(1000)),
            period: Some(period.parse().unwrap()),
            ..Terms::default()
        }
    }

    fn whole() -> (AccountId, Terms) {
        (AccountId::whole(team()), terms("1d"))
    }

    fn window(period: &str) -> (AccountId, Terms) {
        let parsed: Period = period.parse().unwrap();
        let id = AccountId {
            entity: team(),
            window: Window::Limit(parsed),
        };
        (id, terms(period))
    }

    impl Replica {
        fn start(store: &Store) -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self {
                accounting: rig::alone(store, folder.path()),
                _folder: folder,
            }
        }

        async fn path(&self, budgets: &[(AccountId, Terms)], now: i64) -> Path {
            let books = self.accounting.inner.books();
            books.path(budgets, now).await.unwrap().0
        }

        fn spent(&self, id: &AccountId) -> Usd {
            let ledger = &self.accounting.inner.ledger;
            ledger.snapshot(id, now_ms()).unwrap().spend
        }
    }

    /// The team spends in the database, with a call that ended then.
    async fn stored(store: &Store, id: &str, cost: i128, at: i64) {
        let mut row = call(id, Some(pico(cost)), &[team()]);
        row.ended_ms = at;
        store.settle(&[row]).await.unwrap();
    }

    async fn account(store: &Store, span: &str) -> Account {
        let found = store.accounts(&[team()]).await.unwrap();
        found.into_iter().find(|it| it.span == span).unwrap()
    }

    both! {
        async fn each_window_that_ended_begins_anew_and_no_other(store: &Store) {
            let (now, then) = (now_ms(), now_ms() - 2 * DAY);
            let replica = Replica::start(store);
            let budgets = [whole(), window("12h"), window("90d")];
            let path = replica.path(&budgets, then).await;
            stored(store, "before", 1000, then).await;
            path.charge(pico(1000), then);
            assert!(path.try_reserve(Some(pico(1)), then).is_err());
            let before = account(store, "90d").await;

            replica.accounting.end_windows().await;

            for span in [WHOLE, "12h"] {
                let after = account(store, span).await;
                let (began, ends) = (after.began_at.unwrap(), after.reset_at.unwrap());
                assert_eq!(after.spent, Usd::ZERO, "{span}");
                assert!(then < began && began <= now_ms() && now < ends, "{span}: {began} {ends}");
                assert!(ends - began <= DAY, "{span}");
            }
            assert_eq!(account(store, "90d").await, before);
            assert_eq!(replica.spent(&budgets[0].0), Usd::ZERO);
            assert_eq!(replica.spent(&budgets[2].0), pico(1000));
            let short = replica.path(&budgets[..2], now_ms()).await;
            assert!(short.try_reserve(Some(pico(1000)), now_ms()).is_ok());
            assert!(path.try_reserve(Some(pico(1)), now_ms()).is_err(), "90 days still run");
        }

        async fn a_window_that_two_replicas_end_ends_once(store: &Store) {
            let then = now_ms() - 2 * DAY;
            let replicas = [Replica::start(store), Replica::start(store)];
            for replica in &replicas {
                replica.path(&[whole()], then).await.charge(pico(900), then);
            }
            stored(store, "before", 900, then).await;

            tokio::join!(replicas[0].accounting.end_windows(), replicas[1].accounting.end_windows());
            let once = account(store, WHOLE).await;
            assert_eq!(once.spent, Usd::ZERO);

            // One that comes to it after the next window was spent in takes nothing of that away.
            stored(store, "after", 30, now_ms()).await;
            let late = Replica::start(store);
            late.path(&[whole()], then).await;
            late.accounting.end_windows().await;
            let spent = account(store, WHOLE).await;
            assert_eq!((spent.spent, spent.reset_at), (pico(30), once.reset_at));
            for replica in &replicas {
                replica.accounting.follow_once(&mut Others::default()).await.unwrap();
                assert_eq!(replica.spent(&whole().0), pico(30));
            }
        }

        async fn what_exceeded_a_window_is_carried_only_where_the_operator_says_so(store: &Store) {
            for (rolls_over, carried) in [(false, 0), (true, 200)] {
                let then = now_ms() - 2 * DAY;
                let replica = Replica::start(store);
                replica.accounting.inner.ledger.set_settings(budget::Settings {
                    rolls_over,
                    ..budget::Settings::default()
                });
                store.close_window(&team(), WHOLE).await.unwrap();
                let path = replica.path(&[whole()], then).await;
                stored(store, &format!("{rolls_over}"), 1200, then).await;
                path.charge(pico(1200), then);
                replica.accounting.end_windows().await;
                assert_eq!(account(store, WHOLE).await.spent, pico(carried));
                assert_eq!(replica.spent(&whole().0), pico(carried));
            }
        }

        async fn rows_of_the_new_window_come_after_its_beginning(store: &Store) {
            let then = now_ms() - 2 * DAY;
            let replica = Replica::start(store);
            replica.path(&[whole()], then).await.charge(pico(900), then);
            stored(store, "before", 900, then).await;
            let mut row = call("after", Some(pico(7)), &[team()]);
            row.ended_ms = now_ms();
            replica.accounting.inner.journal.record(row).unwrap();
            let stopped = CancellationToken::new();
            stopped.cancel();
            replica.accounting.clone().write_rows(stopped).await;
            assert_eq!(account(store, WHOLE).await.spent, pico(7));
        }
    }

    #[tokio::test]
    async fn a_database_that_was_away_hears_of_the_end_later() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::file(folder.path().join("money.db"));
        let store = Store::open(&address, now_ms()).await.unwrap();
        let then = now_ms() - 2 * DAY;
        let replica = Replica::start(&store);
        replica.path(&[whole()], then).await.charge(pico(900), then);
        store.close().await;

        replica.accounting.end_windows().await;

        let ledger = &replica.accounting.inner.ledger;
        let [reset] = &ledger.due_resets(now_ms())[..] else {
            panic!("the database would never hear of it");
        };
        assert_eq!((&reset.account, reset.spent), (&whole().0, pico(900)));
    }
}

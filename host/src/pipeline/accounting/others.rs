//! What other replicas on the same database spend: every account in memory follows it within a
//! bound, which is the interval in which they write and [`EVERY`].
//!
//! An account is then what the database has, and what the own journal has beyond its mark: exact
//! for what this replica spends, and as late as the bound for what others do.

use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::budget::AccountId;
use crate::domain::{Entity, Usd};
use crate::spend::Mark;
use crate::store::{Account, StoreError};

use super::accounts::span;
use super::party::payer;
use super::{Accounting, now_ms};

/// How often the database is asked whether others have written.
pub const EVERY: Duration = Duration::from_secs(2);

/// Accounts of one question.
const AT_ONCE: usize = 500;

/// What is known of the others.
#[derive(Debug, Default)]
pub struct Others {
    /// How far each journal is stored. None: not asked yet.
    marks: Option<BTreeMap<String, i64>>,
    /// The last change that was seen: somebody may have set what an account has spent.
    change: i64,
    /// An account could not be corrected last time.
    behind: bool,
}

impl Accounting {
    /// Follows what others spend, until `stop`. The first failure of a row of failures is logged.
    pub async fn follow_others(self, stop: CancellationToken) {
        let (mut others, mut well) = (Others::default(), true);
        loop {
            let followed = self.follow_once(&mut others).await;
            if let Err(cause) = followed.as_ref().map_err(|it| it.to_string())
                && well
            {
                tracing::warn!(%cause, "what other replicas spend cannot be seen");
            }
            well = followed.is_ok();
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Corrects every account in memory, if others have written since the last time.
    pub(super) async fn follow_once(&self, others: &mut Others) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let own = self.inner.journal.id();
        let marks: BTreeMap<String, i64> = store.marks().await?.into_iter().collect();
        let change = store.latest_change().await?;
        let foreign = |marks: &BTreeMap<String, i64>| {
            let mut marks = marks.clone();
            marks.remove(own);
            marks
        };
        let now = foreign(&marks);
        let news = match &others.marks {
            None => true,
            Some(before) => *before != now || (change != others.change && !now.is_empty()),
        };
        if news || others.behind {
            others.behind = !self.correct_all().await?;
        }
        (others.marks, others.change) = (Some(now), change);
        Ok(())
    }

    /// Whether every account is as the database and the journal have it.
    async fn correct_all(&self) -> Result<bool, StoreError> {
        let ids = self.inner.said.ids();
        let mut all = true;
        for ids in ids.chunks(AT_ONCE) {
            all &= self.correct(ids).await?;
        }
        Ok(all)
    }

    async fn correct(&self, ids: &[AccountId]) -> Result<bool, StoreError> {
        let edits = self.inner.ledger.edits();
        let holders: Vec<Entity> = ids.iter().map(payer).collect();
        let journal = self.inner.journal.id();
        let (found, mark) = self.inner.store.accounts_at(&holders, journal).await?;
        let mark = Mark::from_row(mark);
        let accounts: HashMap<(Entity, String), Account> = found
            .into_iter()
            .map(|it| ((it.entity.clone(), it.span.clone()), it))
            .collect();
        let pairs = ids.iter().zip(holders);
        let known = pairs.filter_map(|(id, holder)| {
            let account = accounts.get(&(holder, span(id)))?;
            Some((id.clone(), account.clone()))
        });
        let known: Vec<(AccountId, Account)> = known.collect();
        let inner = self.inner.clone();
        // The journal may have to read its files: once for all of them, as calls wait meanwhile.
        let corrected = tokio::task::spawn_blocking(move || {
            // Between its row in the journal and its charge in the ledger no call is under way.
            let _still = inner
                .closing
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            if inner.ledger.edits() != edits {
                return false;
            }
            let latest = known.iter().filter_map(|it| it.1.began_at).max();
            let early = latest.map_or(Ok(Vec::new()), |it| inner.journal.pending_before(mark, it));
            let (Ok(pending), Ok(early)) = (inner.journal.pending(mark), early) else {
                return false;
            };
            let now = now_ms();
            known.into_iter().fold(true, |all, (id, account)| {
                let own = pending.sums.get(&account.entity).copied();
                let earlier: Usd = early
                    .iter()
                    .filter(|row| Some(row.ended_ms) < account.began_at)
                    .filter(|row| row.payers.contains(&account.entity))
                    .filter_map(|row| row.share_of(&account.entity))
                    .sum();
                let spend: Usd = account.spent + own.unwrap_or_default() - earlier;
                all & inner.ledger.correct(&id, (spend, account.reset_at), now)
            })
        });
        // A task that died has corrected nothing.
        Ok(corrected.await.unwrap_or(false))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::rig;
    use super::*;
    use crate::budget::{Reservation, Terms};
    use crate::domain::{EntityKind, SpendRow};
    use crate::store::tests::{Place, run};
    use crate::store::{Store, WHOLE};

    pub const CENT: Usd = Usd::from_pico(Usd::PER_DOLLAR / 100);

    pub struct Replica {
        pub accounting: Accounting,
        others: Others,
        calls: u32,
        _folder: tempfile::TempDir,
    }

    pub fn budget() -> (AccountId, Terms) {
        let terms = Terms {
            max_budget: Some(CENT),
            ..Terms::default()
        };
        (AccountId::whole(Entity::new(EntityKind::Key, "k")), terms)
    }

    impl Replica {
        pub fn start(store: &Store) -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self {
                accounting: rig::alone(store, folder.path()),
                others: Others::default(),
                calls: 0,
                _folder: folder,
            }
        }

        /// Whether a call of this price may begin; it has ended when this returns.
        pub async fn call(&mut self, cost: Usd) -> bool {
            let now = now_ms();
            let books = self.accounting.inner.books();
            let (path, _) = books.path(&[budget()], now).await.unwrap();
            let Ok(hold) = path.try_reserve(Some(cost), now) else {
                return false;
            };
            self.calls += 1;
            self.write_row(cost);
            let reservation: Reservation = hold.start();
            reservation.settle(cost, now);
            true
        }

        fn write_row(&self, cost: Usd) {
            let journal = &self.accounting.inner.journal;
            let row: SpendRow = serde_json::from_value(json!({
                "call_id": format!("{}-{}", journal.id(), self.calls),
                "provider_id": null, "operation": "chat", "status": "success",
                "started_ms": 1, "first_token_ms": null, "ended_ms": 2, "key_hash": "k",
                "key_alias": null, "user_id": null, "team_id": null, "organization_id": null,
                "end_user": null, "tags": [], "model_group": "m", "deployment": "",
                "provider": "", "model": "", "api_base": null, "usage": {}, "cost": cost,
                "lines": [], "payers": [Entity::new(EntityKind::Key, "k")],
                "price_version": "", "cache_hit": false, "session_id": null, "client_ip": null,
                "user_agent": null, "error": null, "metadata": null, "request": null,
                "response": null,
            }))
            .unwrap();
            journal.record(row).unwrap();
        }

        pub async fn flush(&self) {
            let stopped = CancellationToken::new();
            stopped.cancel();
            self.accounting.clone().write_rows(stopped).await;
        }

        async fn follow(&mut self) {
            let mut others = std::mem::take(&mut self.others);
            self.accounting.follow_once(&mut others).await.unwrap();
            self.others = others;
        }

        pub fn spent(&self) -> Usd {
            let ledger = &self.accounting.inner.ledger;
            ledger.snapshot(&budget().0, now_ms()).unwrap().spend
        }
    }

    async fn one_follows_what_the_other_spends(store: &Store) {
        let price = Usd::from_pico(CENT.pico() / 2);
        let (mut one, mut two) = (Replica::start(store), Replica::start(store));
        assert!(one.call(price).await && two.call(Usd::from_pico(1)).await);
        for replica in [&mut one, &mut two] {
            replica.follow().await;
        }
        one.flush().await;
        // What is its own and not yet in the database is counted once.
        assert!(two.call(price).await);
        two.follow().await;
        assert_eq!(two.spent(), CENT + Usd::from_pico(1));
        assert!(!two.call(price).await, "both together have spent it");
        two.flush().await;
        two.follow().await;
        one.follow().await;
        assert_eq!(
            (one.spent(), two.spent()),
            (two.spent(), CENT + Usd::from_pico(1))
        );
        assert!(!one.call(price).await);
    }

    async fn a_spend_that_is_set_elsewhere_is_followed(store: &Store) {
        let (mut one, mut two) = (Replica::start(store), Replica::start(store));
        assert!(one.call(CENT).await);
        one.flush().await;
        assert!(!two.call(CENT).await);
        two.follow().await;
        let entity = Entity::new(EntityKind::Key, "k");
        let mut change = store.change(now_ms()).await.unwrap();
        change.set_spent(&entity, WHOLE, Usd::ZERO).await.unwrap();
        change.notice(EntityKind::Key, "k");
        change.commit().await.unwrap();
        two.follow().await;
        assert_eq!(two.spent(), Usd::ZERO);
        assert!(two.call(CENT).await);
    }

    #[tokio::test]
    async fn replicas_follow_each_other_on_sqlite() {
        run(Place::sqlite().await, one_follows_what_the_other_spends).await;
        run(
            Place::sqlite().await,
            a_spend_that_is_set_elsewhere_is_followed,
        )
        .await;
    }

    #[tokio::test]
    async fn replicas_follow_each_other_on_postgres() {
        run(Place::postgres().await, one_follows_what_the_other_spends).await;
        run(
            Place::postgres().await,
            a_spend_that_is_set_elsewhere_is_followed,
        )
        .await;
    }

    #[tokio::test]
    async fn no_charge_is_lost_or_counted_twice_while_calls_end() {
        async fn proof(store: &Store) {
            let mut replica = Replica::start(store);
            assert!(replica.call(Usd::from_pico(1)).await);
            let accounting = replica.accounting.clone();
            let inner = Arc::clone(&accounting.inner);
            let ends = tokio::task::spawn_blocking(move || {
                for call in 0..300 {
                    replica.calls += 1;
                    let closing = inner.closing.read().unwrap();
                    replica.write_row(Usd::from_pico(10));
                    let path = inner.ledger.path(&[budget().0]).unwrap();
                    path.charge(Usd::from_pico(10), now_ms());
                    drop(closing);
                    if call % 100 == 0 {
                        std::thread::yield_now();
                    }
                }
                replica
            });
            while !ends.is_finished() {
                accounting.correct_all().await.unwrap();
            }
            let replica = ends.await.unwrap();
            assert_eq!(replica.spent(), Usd::from_pico(3001));
            replica.flush().await;
            assert!(accounting.correct_all().await.unwrap());
            assert_eq!(replica.spent(), Usd::from_pico(3001));
        }
        run(Place::sqlite().await, proof).await;
    }
}

//! Leases of budgets, where several replicas run on the database: portions are taken before calls
//! need them, given back when others do, and renewed. A replica that is alone leases nothing.
//!
//! What a lease covers is exact: it begins with what this replica's journal has beyond its mark, and
//! stored rows are taken from it in the transaction that stores them.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::mem;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::budget::{AccountId, LeaseGrant};
use crate::domain::{Entity, Usd};
use crate::spend::Mark;
use crate::store::{LeaseAsk, LeaseOf, StoreError, stored_id};

use super::accounts::span;
use super::party::payer;
use super::{Accounting, now_ms};

/// How often wants are looked at that nobody told of, and what others want.
const EVERY: Duration = Duration::from_millis(500);
/// How often replicas are counted: until the first one knows of a second, it leases nothing.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// How often leases are renewed, four times before they end.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// A replica takes itself for alone when it has seen no other for so long: after an outage the others
/// have to say first that they are there.
const ALONE_AFTER: Duration = Duration::from_secs(20);
/// Longest wait for one answer of the database.
const ANSWER: Duration = Duration::from_secs(2);
/// After the database was away nobody leases more for so long: every replica renews first.
const GRACE: Duration = Duration::from_secs(3);
/// Times that a lease is begun whose journal was stored meanwhile.
const LOOKS: usize = 5;

/// What the keeper of leases remembers.
#[derive(Debug, Default)]
struct Keeper {
    counted: Option<Instant>,
    /// Since when no other replica is seen.
    alone: Option<Instant>,
    renewed: Option<Instant>,
    /// When it was asked what others want.
    looked: Option<Instant>,
    /// When it was heard again after a silence.
    heard: Option<Instant>,
    silent: bool,
    /// Leases were refused since it was heard last.
    refused: bool,
    /// Leases of which nobody knows what came of the last question: they begin anew.
    unsure: HashSet<AccountId>,
}

fn is_due(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|it| it.elapsed() >= every)
}

impl Accounting {
    /// Counts the replicas on this database, so that the first calls know whether budgets are shared.
    pub async fn count_replicas(&self) {
        let counted = within(self.inner.store.gateways_here()).await;
        if let Some(count) = counted {
            self.share_among(count);
        }
    }

    fn share_among(&self, count: u64) {
        let before = self.inner.replicas.swap(count, Ordering::Relaxed);
        if let Some(shared) = &self.inner.shared {
            shared.set_on_database(count);
        }
        if before != count && before.max(count) > 1 {
            tracing::info!(replicas = count, "replicas run on this database");
        }
        if count > 1 {
            self.inner.ledger.set_shared(true);
        }
    }

    /// Replicas that run on this database, as far as it has heard; 0 before it was asked.
    pub fn replicas(&self) -> u64 {
        self.inner.replicas.load(Ordering::Relaxed)
    }

    /// Leases what calls want until `stop`.
    pub async fn keep_leases(self, stop: CancellationToken) {
        let mut keeper = Keeper::default();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(EVERY) => {}
                () = self.inner.ledger.lease_wanted() => {}
            }
            self.keep_leases_once(&mut keeper).await;
        }
    }

    /// Gives back all that is leased, after the last row is stored.
    pub async fn end_leases(&self) {
        if self.inner.ledger.is_shared() {
            let ended = within(self.inner.store.end_leases(self.inner.journal.id())).await;
            if ended.is_none() {
                tracing::debug!("leases of budgets end by themselves");
            }
        }
    }

    async fn keep_leases_once(&self, keeper: &mut Keeper) {
        let (store, ledger) = (&self.inner.store, &self.inner.ledger);
        if keeper.is_deaf() {
            // Before it is asked, which may take a while: nobody waits for an answer meanwhile.
            self.refuse_leases();
        }
        if is_due(keeper.counted, COUNT_EVERY) {
            keeper.counted = Some(Instant::now());
            match within(store.gateways_here()).await {
                Some(count) => {
                    keeper.hears();
                    let alone = keeper.is_alone(count);
                    if count > 1 || alone || !ledger.is_shared() {
                        self.share_among(count);
                    }
                    if alone && ledger.is_shared() {
                        self.end_leases().await;
                        ledger.set_shared(false);
                    }
                }
                None => keeper.misses(),
            }
        }
        if !ledger.is_shared() {
            return;
        }
        if is_due(keeper.renewed, RENEW_EVERY) || keeper.renews_first() {
            match within(store.renew_leases(self.inner.journal.id())).await {
                Some(()) => {
                    keeper.renewed = Some(Instant::now());
                    keeper.hears();
                }
                None => keeper.misses(),
            }
        }
        if !keeper.silent && is_due(keeper.looked, EVERY) {
            keeper.looked = Some(Instant::now());
            self.give_back_wanted(keeper).await;
        }
        if keeper.is_deaf() {
            return self.refuse_leases();
        }
        if mem::take(&mut keeper.refused) {
            ledger.leases_heard();
        }
        let wants = ledger.lease_wants(now_ms());
        if !wants.is_empty() {
            // What was spent in a window that is over is not taken for the next one's.
            self.end_windows().await;
        }
        for (id, amount) in wants {
            if keeper.silent {
                // It does not answer: one that waits is told at once, not after the others.
                ledger.lease_unheard(&id, self.is_lenient());
                continue;
            }
            self.lease(keeper, &id, amount).await;
        }
    }

    /// Nobody leases anything now: what calls want they go without, or not at all.
    fn refuse_leases(&self) {
        let ledger = &self.inner.ledger;
        for id in ledger.lease_wants(now_ms()).into_keys() {
            ledger.lease_unheard(&id, self.is_lenient());
        }
    }

    /// Calls go on by what accounts are known to have spent, while the database is away.
    fn is_lenient(&self) -> bool {
        self.inner.settings.load().goes_without_accounts
    }

    async fn lease(&self, keeper: &mut Keeper, id: &AccountId, amount: Usd) {
        let (store, ledger) = (&self.inner.store, &self.inner.ledger);
        let (entity, span) = (payer(id), span(id));
        let of = LeaseOf {
            entity: &entity,
            span: &span,
            holder: self.inner.journal.id(),
        };
        let unheard = |keeper: &mut Keeper| {
            keeper.misses();
            keeper.unsure.insert(id.clone());
            ledger.lease_unheard(id, self.is_lenient());
        };
        for _ in 0..2 {
            let Some(need) = ledger.lease_need(id, now_ms()) else {
                return;
            };
            let need = match need {
                Ok(need) if !keeper.unsure.contains(id) => need,
                Ok(_) | Err(()) => {
                    if !self.begin_lease(of, id).await {
                        return unheard(keeper);
                    }
                    keeper.unsure.remove(id);
                    match ledger.lease_need(id, now_ms()) {
                        Some(Ok(need)) => need,
                        Some(Err(())) | None => return,
                    }
                }
            };
            let ask = LeaseAsk {
                max_budget: need.max_budget,
                owed: need.owed,
                need: (amount - need.right).max(Usd::ZERO),
                holders: self.replicas(),
            };
            match within(store.take_lease(of, ask)).await {
                Some(Some(leased)) => {
                    let grant = LeaseGrant {
                        granted: leased.granted,
                        enough: leased.enough,
                        others_hold: leased.others_spare,
                    };
                    return ledger.grant_lease(id, grant, now_ms());
                }
                // Nobody knows of it any more: it begins anew.
                Some(None) => {
                    keeper.unsure.insert(id.clone());
                }
                None => return unheard(keeper),
            }
        }
    }

    /// Begins a lease with what the journal has that is not stored. Whether it has begun.
    async fn begin_lease(&self, of: LeaseOf<'_>, id: &AccountId) -> bool {
        for _ in 0..LOOKS {
            let Some(mark) = within(self.inner.store.begin_lease(of)).await else {
                return false;
            };
            let inner = self.inner.clone();
            let (id, entity) = (id.clone(), of.entity.clone());
            let begun = tokio::task::spawn_blocking(move || {
                // Between its row in the journal and its charge in the ledger no call is under way.
                let closing = inner.closing.write();
                let _still = closing.unwrap_or_else(PoisonError::into_inner);
                let pending = inner.journal.pending_of(&entity, Mark::from_row(mark));
                let begun = pending.map(|(unstored, _)| inner.ledger.begin_lease(&id, unstored));
                begun.is_ok()
            });
            // One that was stored meanwhile is counted with the next look.
            if begun.await.unwrap_or(false) {
                return true;
            }
        }
        false
    }

    /// Gives back what others want and this replica does not use.
    async fn give_back_wanted(&self, keeper: &mut Keeper) {
        let (store, ledger) = (&self.inner.store, &self.inner.ledger);
        let holder = self.inner.journal.id();
        let Some(wanted) = within(store.wanted_leases(holder)).await else {
            return keeper.misses();
        };
        if wanted.is_empty() {
            return;
        }
        let leased: HashMap<(Entity, String), AccountId> = ledger
            .leased()
            .into_iter()
            .map(|id| {
                let payer = payer(&id);
                let stored = Entity::new(payer.kind, &*stored_id(&payer.id));
                ((stored, span(&id)), id)
            })
            .collect();
        for (kind, id, span) in wanted {
            let key = (Entity::new(kind, id), span);
            let of = LeaseOf {
                entity: &key.0,
                span: &key.1,
                holder,
            };
            let Some(account) = leased.get(&key) else {
                // Not used for so long that it is not in memory any more.
                if within(store.end_lease(of)).await.is_none() {
                    return keeper.misses();
                }
                continue;
            };
            let unused = ledger.give_up_lease(account);
            if within(store.give_back_lease(of, unused)).await.is_none() {
                keeper.unsure.insert(account.clone());
                return keeper.misses();
            }
        }
    }
}

impl Keeper {
    fn hears(&mut self) {
        if self.silent {
            self.silent = false;
            self.heard = Some(Instant::now());
            self.renewed = None;
        }
    }

    fn misses(&mut self) {
        (self.silent, self.refused) = (true, true);
        self.alone = None;
    }

    /// Whether it is taken for the only one, of so many that are seen.
    fn is_alone(&mut self, count: u64) -> bool {
        if count > 1 {
            self.alone = None;
            return false;
        }
        let since = self.alone.get_or_insert_with(Instant::now);
        since.elapsed() >= ALONE_AFTER
    }

    /// Nothing is leased: the database is away, or just back.
    fn is_deaf(&self) -> bool {
        self.silent || self.is_in_grace()
    }

    /// It was away, and leases were not renewed since.
    fn renews_first(&self) -> bool {
        self.silent
    }

    fn is_in_grace(&self) -> bool {
        self.heard.is_some_and(|it| it.elapsed() < GRACE)
    }
}

/// An answer of the database in time. None: none, or an error, which is told where rows are written.
async fn within<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
    match timeout(ANSWER, asked).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(cause)) => {
            tracing::debug!(%cause, "leases of budgets wait for the database");
            None
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests;

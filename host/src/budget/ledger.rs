//! Every account in memory, found by its id.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::domain::Usd;

use super::account::{Account, State};
use super::lease::{Lease, LeaseGrant, LeaseNeed, Wants};
use super::terms::{AccountId, Reset, Snapshot, Standing, Terms};
use super::{Calendar, Path, Period};

/// How long a call waits for those in flight to leave it room, unless configured: long enough for
/// most calls to end, short enough for a client to still be there.
pub const DEFAULT_LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Parts of the map, each with its lock: far more than threads, so that they seldom meet.
const SHARDS: usize = 64;

/// How the ledger judges.
#[derive(Debug, Clone)]
pub struct Settings {
    pub calendar: Calendar,
    pub unknown_price: UnknownPrice,
    pub longest_wait: Duration,
    /// What was spent beyond a budget counts in its next window (`budget_rollover`).
    pub rolls_over: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            calendar: Calendar::default(),
            unknown_price: UnknownPrice::Refuse,
            longest_wait: DEFAULT_LONGEST_WAIT,
            rolls_over: false,
        }
    }
}

/// What becomes of a call whose price is unknown, where one of its payers has a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownPrice {
    Refuse,
    /// It holds nothing, and goes as long as no budget on its path is spent.
    Allow,
}

/// The accounts of this process.
///
/// An account is there from the first [`load`](Self::load) until [`forget`](Self::forget) or a
/// [`sweep`](Self::sweep). Locks are held for a few sums; only [`Path::reserve`] waits.
#[derive(Debug)]
pub struct Ledger {
    shards: Vec<Mutex<HashMap<AccountId, Arc<Account>>>>,
    next_serial: AtomicU64,
    edits: AtomicU64,
    rules: Arc<Rules>,
}

/// What paths and reservations take along.
#[derive(Debug)]
pub(super) struct Rules {
    settings: ArcSwap<Settings>,
    /// The latest time anyone named: what a reservation goes by that is dropped.
    latest_ms: AtomicI64,
    wants: Wants,
}

impl Rules {
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    pub const fn wants(&self) -> &Wants {
        &self.wants
    }

    pub fn see(&self, now_ms: i64) {
        self.latest_ms.fetch_max(now_ms, Ordering::Relaxed);
    }

    pub fn latest_ms(&self) -> i64 {
        self.latest_ms.load(Ordering::Relaxed)
    }
}

impl Ledger {
    pub fn new(settings: Settings) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            next_serial: AtomicU64::new(0),
            edits: AtomicU64::new(0),
            rules: Arc::new(Rules {
                settings: ArcSwap::from_pointee(settings),
                latest_ms: AtomicI64::new(i64::MIN),
                wants: Wants::default(),
            }),
        }
    }

    /// Settings from now on; a window that is open ends when it was to end.
    pub fn set_settings(&self, settings: Settings) {
        self.rules.settings.store(Arc::new(settings));
    }

    /// The accounts that a call is charged to, each once, in any order. Keep the path for the call
    /// and no longer: it holds its accounts in memory.
    ///
    /// # Errors
    /// The ids that are not there: load them and ask again.
    pub fn path(&self, ids: &[AccountId]) -> Result<Path, Vec<AccountId>> {
        let mut accounts = Vec::with_capacity(ids.len());
        let mut missing = Vec::new();
        for id in ids {
            match self.find(id) {
                Some(account) => accounts.push(account),
                None => missing.push(id.clone()),
            }
        }
        if !missing.is_empty() {
            return Err(missing);
        }
        Ok(Path::new(accounts, Arc::clone(&self.rules)))
    }

    /// Opens an account with what the store knows of it. One that is there already stays as it
    /// is: it knows of spend that the store may not have. A window that ended before `now_ms` is
    /// reset at once.
    pub fn load(&self, id: AccountId, standing: Standing, now_ms: i64) {
        self.rules.see(now_ms);
        let mut shard = self.shard(&id);
        shard.entry(id.clone()).or_insert_with(|| {
            let serial = self.next_serial.fetch_add(1, Ordering::Relaxed);
            let settings = self.rules.settings();
            Arc::new(Account::new(id, serial, standing, now_ms, &settings))
        });
    }

    /// Changes what an account may hold; calls in flight keep what they hold, and those that wait
    /// look again. The running window goes on: a reset time that has passed is taken as kept.
    /// False: there is no such account.
    pub fn revise(&self, id: &AccountId, terms: Terms, now_ms: i64) -> bool {
        let settings = self.rules.settings();
        self.change(id, now_ms, |state| {
            let before = state.terms.max_budget;
            state.set_terms(terms, now_ms, &settings);
            let lowered = match (before, state.terms.max_budget) {
                (Some(before), Some(now)) => now < before,
                (None, now) => now.is_some(),
                (Some(_), None) => false,
            };
            if lowered {
                // What was leased of the old one is more than there is: it begins anew.
                state.lease = None;
            }
        })
        .is_some()
    }

    /// When the window began that runs at `now_ms`, after one that ended at `since`.
    pub fn window_began(&self, period: Period, since: i64, now_ms: i64) -> i64 {
        let settings = self.rules.settings();
        settings.calendar.began(period, since, now_ms)
    }

    /// Sets the settled spend of the running window, for a reset by hand; what calls in flight
    /// hold stays. Returns what it was; None: there is no such account.
    pub fn set_spend(&self, id: &AccountId, spend: Usd, now_ms: i64) -> Option<Usd> {
        self.edits.fetch_add(1, Ordering::Relaxed);
        self.change(id, now_ms, |state| {
            let before = state.spend;
            state.set_spend(spend);
            before
        })
    }

    /// How often a spend was set by hand: what was read of spends before may be old.
    pub fn edits(&self) -> u64 {
        self.edits.load(Ordering::Relaxed)
    }

    /// Takes over what the store and the journal say of the window that ends at this time, as when
    /// other processes have spent. False: the running window is another one. What calls in flight
    /// hold stays; an account that is not there needs nothing.
    pub fn correct(
        &self,
        id: &AccountId,
        (spend, resets_at_ms): (Usd, Option<i64>),
        now_ms: i64,
    ) -> bool {
        let corrected = self.change(id, now_ms, |state| {
            let same = state.terms.resets_at_ms == resets_at_ms;
            if same && state.spend != spend {
                state.set_spend(spend);
            }
            same
        });
        corrected.unwrap_or(true)
    }

    /// What the account holds at `now_ms`.
    pub fn snapshot(&self, id: &AccountId, now_ms: i64) -> Option<Snapshot> {
        let account = self.find(id)?;
        let state = account.lock_at(now_ms, &self.rules.settings());
        Some(Snapshot {
            spend: state.spend,
            reserved: state.reserved,
            max_budget: state.max_budget(now_ms),
            soft_budget: state.terms.soft_budget,
            resets_at_ms: state.terms.resets_at_ms,
        })
    }

    /// Whether several processes spend from the same accounts: then each spends what it has leased.
    /// Alone again, nothing is leased any more, and those that wait look again.
    pub fn set_shared(&self, shared: bool) -> bool {
        let news = self.rules.wants.set_shared(shared);
        if news && !shared {
            self.rules.wants.take();
            for account in self.accounts() {
                account.lock().lease = None;
                account.wake_all();
            }
        }
        news
    }

    pub fn is_shared(&self) -> bool {
        self.rules.wants.is_shared()
    }

    /// Waits until an account wants more leased.
    pub async fn lease_wanted(&self) {
        self.rules.wants.told().await;
    }

    /// The accounts that want more leased, with the most that a call wants to hold, and those on
    /// which calls wait, once the last answer does not hold any more.
    pub fn lease_wants(&self, now_ms: i64) -> HashMap<AccountId, Usd> {
        let mut wants = self.rules.wants.take();
        if self.is_shared() {
            let asks = |it: &Arc<Account>| {
                let state = it.lock();
                let lease = state.lease.as_ref();
                lease.is_none_or(|lease| !lease.is_dry(now_ms))
            };
            let waits = self.accounts().into_iter();
            for account in waits.filter(|it| it.has_waiting() && asks(it)) {
                wants.entry(account.id.clone()).or_default();
            }
        }
        wants
    }

    /// What is to be leased of an account. None: it is gone, or has no limit. `Err`: its lease has
    /// to begin first.
    pub fn lease_need(&self, id: &AccountId, now_ms: i64) -> Option<Result<LeaseNeed, ()>> {
        let account = self.find(id)?;
        let state = account.lock_at(now_ms, &self.rules.settings());
        let max_budget = state.max_budget(now_ms)?;
        let reserved = state.reserved;
        let need = state.lease.as_ref().ok_or(());
        Some(need.map(|lease| lease.need(max_budget, reserved)))
    }

    /// A lease of an account has begun; so much was settled here that nobody had stored then.
    pub fn begin_lease(&self, id: &AccountId, unstored: Usd) {
        if let Some(account) = self.find(id) {
            account.lock().lease = Some(Lease::begin(unstored));
        }
    }

    /// The lease of an account has ended: it begins anew with the next call.
    #[cfg(test)]
    pub fn end_lease(&self, id: &AccountId) {
        if let Some(account) = self.find(id) {
            account.lock().lease = None;
            account.wake_all();
        }
    }

    /// More was leased of an account, or nothing more is there.
    pub fn grant_lease(&self, id: &AccountId, grant: LeaseGrant, now_ms: i64) {
        self.with_lease(id, |lease| lease.grant(grant, now_ms));
    }

    /// Nobody grants anything of an account until [`leases_heard`](Self::leases_heard). `lenient`:
    /// calls go on by what it is known to have spent.
    pub fn lease_unheard(&self, id: &AccountId, lenient: bool) {
        let Some(account) = self.find(id) else {
            return;
        };
        let mut state = account.lock();
        state.lease.get_or_insert_default().unheard(lenient);
        drop(state);
        account.wake_all();
    }

    /// Leases are granted again.
    pub fn leases_heard(&self) {
        for account in self.accounts() {
            if let Some(lease) = &mut account.lock().lease {
                lease.heard();
            }
        }
    }

    /// Gives up what is not used of a lease: how much, and whether calls hold some of the rest.
    pub fn give_up_lease(&self, id: &AccountId) -> (Usd, bool) {
        let Some(account) = self.find(id) else {
            return (Usd::ZERO, false);
        };
        let mut state = account.lock();
        let reserved = state.reserved;
        let lease = state.lease.as_mut();
        let unused = lease.map_or(Usd::ZERO, |it| it.give_up(reserved));
        (unused, reserved > Usd::ZERO)
    }

    /// Accounts of which this process has a lease.
    pub fn leased(&self) -> Vec<AccountId> {
        let accounts = self.accounts().into_iter();
        let leased = accounts.filter(|it| it.lock().lease.is_some());
        leased.map(|it| it.id.clone()).collect()
    }

    fn with_lease(&self, id: &AccountId, act: impl FnOnce(&mut Lease)) {
        let Some(account) = self.find(id) else {
            return;
        };
        if let Some(lease) = &mut account.lock().lease {
            act(lease);
        }
        account.wake_all();
    }

    fn accounts(&self) -> Vec<Arc<Account>> {
        let of = |shard: &Mutex<HashMap<AccountId, Arc<Account>>>| {
            lock(shard).values().cloned().collect::<Vec<_>>()
        };
        self.shards.iter().flat_map(of).collect()
    }

    /// Resets every account whose window has ended, and names all that were reset since the last
    /// time this was asked, for the store to follow. Accounts keep the time without it.
    pub fn due_resets(&self, now_ms: i64) -> Vec<Reset> {
        self.rules.see(now_ms);
        let mut resets = Vec::new();
        for shard in &self.shards {
            let accounts: Vec<_> = lock(shard).values().cloned().collect();
            for account in accounts {
                if let Some(reset) = account.take_reset(now_ms, &self.rules.settings()) {
                    account.wake_one();
                    resets.push(reset);
                }
            }
        }
        resets
    }

    /// The store has not heard of a reset: it is named again.
    pub fn reset_is_untold(&self, reset: &Reset) {
        if let Some(account) = self.find(&reset.account) {
            account.lock().name_reset_again(reset);
        }
    }

    /// Drops the account of something deleted. Calls in flight settle without it.
    pub fn forget(&self, id: &AccountId) -> bool {
        self.shard(id).remove(id).is_some()
    }

    /// Drops accounts that no call uses, that were last used before `idle_before_ms`, and whose
    /// resets [`due_resets`](Self::due_resets) has named; returns how many. Name no time later than that up to which the store has every spend row, or the
    /// next load misses some.
    pub fn sweep(&self, idle_before_ms: i64) -> usize {
        let mut dropped = 0;
        for shard in &self.shards {
            let mut accounts = lock(shard);
            let before = accounts.len();
            accounts.retain(|_, account| {
                // Nobody else can get hold of it while its shard is locked.
                let state = account.lock();
                Arc::strong_count(account) > 1
                    || state.reset_unreported()
                    || state.last_used_ms >= idle_before_ms
            });
            dropped += before - accounts.len();
            if accounts.len() < accounts.capacity() / 4 {
                accounts.shrink_to_fit();
            }
        }
        dropped
    }

    /// Accounts in memory.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change<T>(
        &self,
        id: &AccountId,
        now_ms: i64,
        change: impl FnOnce(&mut State) -> T,
    ) -> Option<T> {
        self.rules.see(now_ms);
        let account = self.find(id)?;
        let done = change(&mut account.lock_at(now_ms, &self.rules.settings()));
        account.wake_one();
        Some(done)
    }

    fn find(&self, id: &AccountId) -> Option<Arc<Account>> {
        self.shard(id).get(id).cloned()
    }

    fn shard(&self, id: &AccountId) -> MutexGuard<'_, HashMap<AccountId, Arc<Account>>> {
        lock(&self.shards[shard_of(&id.entity.id)])
    }
}

/// The shard of an id, by its last bytes: the map within it hashes the whole.
fn shard_of(id: &str) -> usize {
    let mix = |sum: usize, byte: u8| sum.wrapping_mul(31).wrapping_add(byte.into());
    id.bytes().rev().take(8).fold(0, mix) % SHARDS
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

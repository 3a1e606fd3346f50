//! The accounts of one call, and the rule by which they give.

use std::pin::pin;
use std::sync::{Arc, MutexGuard};

use tokio::time::{Instant, timeout};

use crate::domain::{Entity, Usd};

use super::account::{Account, Answer, State};
use super::error::{Exceeded, Reason, Refusal};
use super::lease;
use super::ledger::{Rules, UnknownPrice};
use super::reservation::{Hold, Reservation, Settled};
use super::terms::AccountId;

/// More than any call costs: 10^15 dollars. Amounts are cut off here, so that sums stay exact.
const MOST: Usd = Usd::from_pico(Usd::PER_DOLLAR * 1_000_000_000_000_000);

/// The accounts that a call is charged to. Of those with a limit, each must have room.
#[derive(Debug, Clone)]
pub struct Path {
    /// Each once, in the order in which they are locked.
    accounts: Arc<[Arc<Account>]>,
    rules: Arc<Rules>,
}

/// Why a call cannot begin now.
enum Blocked {
    Spent(Box<Exceeded>),
    /// By the account at this place.
    Held(usize, Box<Exceeded>),
    /// More is to be leased of an account, and nobody grants it.
    Unleased(Entity),
}

impl From<Blocked> for Refusal {
    fn from(blocked: Blocked) -> Self {
        match blocked {
            Blocked::Spent(exceeded) | Blocked::Held(_, exceeded) => Self::Exceeded(exceeded),
            Blocked::Unleased(entity) => Self::Unleased(entity),
        }
    }
}

impl Path {
    pub(super) fn new(mut accounts: Vec<Arc<Account>>, rules: Arc<Rules>) -> Self {
        accounts.sort_unstable_by_key(|account| account.serial);
        accounts.dedup_by_key(|account| account.serial);
        Self {
            accounts: accounts.into(),
            rules,
        }
    }

    /// Holds `amount` on every account of the path, or on none. None: the price is unknown.
    ///
    /// Near a limit it waits its turn, up to the ledger's longest wait: what does not fit beside
    /// the calls in flight goes when it is alone.
    ///
    /// # Errors
    /// A budget is spent, what is left stays held for too long, or the price is unknown and a
    /// budget wants one.
    pub async fn reserve(&self, amount: Option<Usd>, now_ms: i64) -> Result<Hold, Refusal> {
        let amount = self.priced(amount)?;
        let blocked = match self.attempt(amount, now_ms) {
            Ok(hold) => return Ok(hold),
            Err(blocked) => blocked,
        };
        self.wait_for_room(blocked, amount, now_ms).await
    }

    /// As [`reserve`](Self::reserve), without the wait.
    ///
    /// # Errors
    /// As there.
    pub fn try_reserve(&self, amount: Option<Usd>, now_ms: i64) -> Result<Hold, Refusal> {
        let amount = self.priced(amount)?;
        Ok(self.attempt(amount, now_ms)?)
    }

    /// Charges what was spent without a hold: a call of another replica, or of the journal.
    pub fn charge(&self, cost: Usd, now_ms: i64) -> Settled {
        self.settle(Usd::ZERO, cost, now_ms)
    }

    async fn wait_for_room(
        &self,
        mut blocked: Blocked,
        amount: Usd,
        now_ms: i64,
    ) -> Result<Hold, Refusal> {
        let began = Instant::now();
        loop {
            let Blocked::Held(at, exceeded) = blocked else {
                return Err(blocked.into());
            };
            let Some(account) = self.accounts.get(at) else {
                return Err(Refusal::Exceeded(exceeded));
            };
            let next = {
                let place = account.start_waiting();
                let mut freed = pin!(place.freed());
                freed.as_mut().enable();
                // What was freed before this call had its place woke nobody.
                let now_ms = later(now_ms, began);
                match self.attempt(amount, now_ms) {
                    Err(Blocked::Held(still, exceeded)) if still == at => {
                        let left = self.rules.settings().longest_wait;
                        let left = left.saturating_sub(began.elapsed());
                        if timeout(left, freed).await.is_err() {
                            return Err(Refusal::Exceeded(exceeded));
                        }
                        blocked = Blocked::Held(at, exceeded);
                        continue;
                    }
                    other => other,
                }
            };
            // This call needs its turn no more: the next one may.
            account.wake_one();
            match next {
                Ok(hold) => return Ok(hold),
                Err(other) => blocked = other,
            }
        }
    }

    /// The amount to hold, if the path's budgets can be kept with it.
    pub(super) fn priced(&self, amount: Option<Usd>) -> Result<Usd, Refusal> {
        if let Some(amount) = amount {
            return Ok(clamp(amount));
        }
        if self.rules.settings().unknown_price == UnknownPrice::Refuse {
            let limited = |account: &&Arc<Account>| account.lock().terms.max_budget.is_some();
            if let Some(account) = self.accounts.iter().find(limited) {
                return Err(Refusal::UnknownPrice(account.id.entity.clone()));
            }
        }
        Ok(Usd::ZERO)
    }

    /// The path over some of its accounts, and the one over the others.
    pub(super) fn split(&self, which: impl Fn(&AccountId) -> bool) -> (Self, Self) {
        let all = self.accounts.iter().cloned();
        let (these, others): (Vec<_>, Vec<_>) = all.partition(|it| which(&it.id));
        let path = |accounts: Vec<Arc<Account>>| Self {
            accounts: accounts.into(),
            rules: Arc::clone(&self.rules),
        };
        (path(these), path(others))
    }

    fn attempt(&self, amount: Usd, now_ms: i64) -> Result<Hold, Blocked> {
        let mut states = self.lock_all(now_ms);
        let mut held = None;
        for (at, (account, state)) in self.accounts.iter().zip(&states).enumerate() {
            let opens = state.opens(amount, now_ms);
            let opens = match opens {
                Answer::Room => self.leased(account, state, amount, now_ms)?,
                other => other,
            };
            match opens {
                Answer::Room => {}
                Answer::Spent => {
                    return Err(Blocked::Spent(account.exceeded(
                        state,
                        Reason::Spent,
                        now_ms,
                    )));
                }
                Answer::Wait(by) if held.is_none() => {
                    held = Some((at, account.exceeded(state, by, now_ms)));
                }
                Answer::Wait(_) => {}
            }
        }
        if let Some((at, exceeded)) = held {
            return Err(Blocked::Held(at, exceeded));
        }
        for state in &mut states {
            state.reserved += amount;
        }
        drop(states);
        Ok(Hold::new(Reservation::new(self.clone(), amount)))
    }

    /// Whether the lease of an account that has room lets the call in too.
    fn leased(
        &self,
        account: &Account,
        state: &State,
        amount: Usd,
        now_ms: i64,
    ) -> Result<Answer, Blocked> {
        let wants = self.rules.wants();
        if !wants.is_shared() || state.terms.max_budget.is_none() {
            return Ok(Answer::Room);
        }
        let lease = state.lease.as_ref();
        let ask = lease::Answer::Wait {
            ask: true,
            by: Reason::Leased,
        };
        let answer = lease.map_or(ask, |it| it.answer(amount, state.reserved, now_ms));
        let (answer, asks) = match answer {
            lease::Answer::Room { low } => (Answer::Room, low),
            lease::Answer::Wait { ask, by } => (Answer::Wait(by), ask),
            lease::Answer::Spent => (Answer::Spent, false),
            lease::Answer::Unheard => {
                return Err(Blocked::Unleased(account.id.entity.clone()));
            }
        };
        if asks {
            wants.want(&account.id, amount);
        }
        Ok(answer)
    }

    /// Holds more for a call that runs, on every account or on none; never waits.
    pub(super) fn extend(&self, amount: Usd, now_ms: i64) -> Result<Usd, Box<Exceeded>> {
        let amount = clamp(amount);
        let mut states = self.lock_all(now_ms);
        for (account, state) in self.accounts.iter().zip(&states) {
            if let Some(reason) = state.refuses_more(now_ms) {
                return Err(account.exceeded(state, reason, now_ms));
            }
            if self.rules.wants().is_shared() && state.terms.max_budget.is_some() {
                let lease = state.lease.as_ref();
                let answer = lease.map(|it| it.answer(amount, state.reserved, now_ms));
                if !matches!(answer, Some(lease::Answer::Room { low: false })) {
                    self.rules.wants().want(&account.id, amount);
                }
                if let Some(by) = lease.and_then(|it| it.refuses_more(state.reserved, now_ms)) {
                    return Err(account.exceeded(state, by, now_ms));
                }
            }
        }
        for state in &mut states {
            state.reserved += amount;
        }
        Ok(amount)
    }

    /// The first budget that is spent with this cost of a call that runs.
    pub(super) fn used_up(&self, cost: Usd, now_ms: i64) -> Option<Box<Exceeded>> {
        let states = self.lock_all(now_ms);
        let mut both = self.accounts.iter().zip(&states);
        both.find_map(|(account, state)| {
            let spend = state.spend + cost;
            let is_over = state.max_budget(now_ms).is_some_and(|max| spend >= max);
            is_over.then(|| {
                let mut exceeded = account.exceeded(state, Reason::Spent, now_ms);
                exceeded.spend = spend;
                exceeded
            })
        })
    }

    /// Gives back what was held and charges what it cost.
    pub(super) fn settle(&self, held: Usd, cost: Usd, now_ms: i64) -> Settled {
        let mut crossed = Vec::new();
        let charged = self.apply(held, cost, now_ms, |account, state| {
            if state.tells_soft_budget() {
                crossed.extend(account.crossing(state));
            }
        });
        Settled { charged, crossed }
    }

    /// The same where nobody hears of it: a soft budget is left for the next call to tell.
    pub(super) fn settle_unheard(&self, held: Usd, cost: Usd) {
        self.apply(held, cost, self.rules.latest_ms(), |_, _| {});
    }

    fn apply(
        &self,
        held: Usd,
        cost: Usd,
        now_ms: i64,
        mut then: impl FnMut(&Account, &mut State),
    ) -> Usd {
        self.rules.see(now_ms);
        let charged = clamp(cost);
        for account in self.accounts.iter() {
            let mut state = account.lock_at(now_ms, &self.rules.settings());
            state.reserved -= held;
            state.spend += charged;
            if let Some(lease) = &mut state.lease {
                lease.charge(charged);
            }
            then(account, &mut state);
            drop(state);
            account.wake_one();
        }
        charged
    }

    /// Every account at once, always in the same order, so that two calls never wait for each
    /// other.
    fn lock_all(&self, now_ms: i64) -> Vec<MutexGuard<'_, State>> {
        self.rules.see(now_ms);
        let settings = self.rules.settings();
        self.accounts
            .iter()
            .map(|account| account.lock_at(now_ms, &settings))
            .collect()
    }
}

fn clamp(amount: Usd) -> Usd {
    amount.clamp(Usd::ZERO, MOST)
}

fn later(now_ms: i64, began: Instant) -> i64 {
    now_ms.saturating_add(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX))
}

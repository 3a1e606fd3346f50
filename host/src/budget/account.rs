//! One account: what an entity has spent in one window, and what calls in flight hold of the rest.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::Usd;

use super::error::{Exceeded, Reason};
use super::lease::Lease;
use super::ledger::Settings;
use super::terms::{AccountId, Reset, SoftCrossing, Standing, Terms};

#[derive(Debug)]
pub(super) struct Account {
    pub id: AccountId,
    /// Locks are taken in this order.
    pub serial: u64,
    state: Mutex<State>,
    /// Calls that wait for room here.
    waiting: AtomicUsize,
    freed: Notify,
}

#[derive(Debug)]
pub(super) struct State {
    pub spend: Usd,
    pub reserved: Usd,
    pub terms: Terms,
    soft_reported: bool,
    /// The windows that ended, until someone asks.
    ended: Option<Ended>,
    pub last_used_ms: i64,
    /// Where several processes spend from it. None: it has not begun, or this one is alone.
    pub lease: Option<Lease>,
}

/// Windows that ended.
#[derive(Debug, Clone, Copy)]
struct Ended {
    spent: Usd,
    carried: Usd,
    /// When the one after them began.
    until_ms: i64,
}

/// What an account says to one more call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Room,
    /// None now; whoever holds the rest may leave some.
    Wait(Reason),
    Spent,
}

impl Account {
    pub fn new(
        id: AccountId,
        serial: u64,
        standing: Standing,
        now_ms: i64,
        settings: &Settings,
    ) -> Self {
        let Standing {
            spend,
            spend_since,
            terms,
        } = standing;
        let soft_reported = terms.soft_budget.is_some_and(|soft| spend >= soft);
        let mut state = State {
            spend,
            reserved: Usd::ZERO,
            terms,
            soft_reported,
            ended: None,
            last_used_ms: now_ms,
            lease: None,
        };
        state.keep_time(now_ms, settings);
        state.spend += spend_since;
        Self {
            id,
            serial,
            state: Mutex::new(state),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    /// As it is, whatever the time.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave it half-written: it is changed by plain sums only.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In the window that runs at `now_ms`.
    pub fn lock_at(&self, now_ms: i64, settings: &Settings) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.keep_time(now_ms, settings);
        state.last_used_ms = state.last_used_ms.max(now_ms);
        state
    }

    /// Lets the call that has waited longest look again. Not under the lock.
    pub fn wake_one(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.notify_one();
        }
    }

    /// Whether a call waits for room.
    pub fn has_waiting(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Lets every call that waits look again.
    pub fn wake_all(&self) {
        self.freed.notify_waiters();
    }

    pub fn start_waiting(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting { account: self }
    }

    pub fn exceeded(&self, state: &State, reason: Reason, now_ms: i64) -> Box<Exceeded> {
        Box::new(Exceeded {
            account: self.id.clone(),
            reason,
            spend: state.spend,
            reserved: state.reserved,
            max_budget: state.max_budget(now_ms).unwrap_or_default(),
            resets_at_ms: state.terms.resets_at_ms,
        })
    }

    pub fn crossing(&self, state: &State) -> Option<SoftCrossing> {
        Some(SoftCrossing {
            account: self.id.clone(),
            spend: state.spend,
            soft_budget: state.terms.soft_budget?,
        })
    }

    /// None if no window has ended since the last time this was asked.
    pub fn take_reset(&self, now_ms: i64, settings: &Settings) -> Option<Reset> {
        let mut state = self.lock();
        state.keep_time(now_ms, settings);
        let ended = state.ended.take()?;
        let resets_at_ms = state.terms.resets_at_ms?;
        Some(Reset {
            account: self.id.clone(),
            spent: ended.spent,
            carries_above: state.terms.max_budget.filter(|_| settings.rolls_over),
            carried: ended.carried,
            began_ms: ended.until_ms,
            resets_at_ms,
        })
    }
}

/// A place among those that wait for an account.
pub(super) struct Waiting<'a> {
    account: &'a Account,
}

impl Waiting<'_> {
    pub fn freed(&self) -> tokio::sync::futures::Notified<'_> {
        self.account.freed.notified()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.account.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl State {
    /// Ends every window whose time has come: spend becomes 0, or what exceeded the budget where
    /// that rolls over; what calls in flight hold stays.
    fn keep_time(&mut self, now_ms: i64, settings: &Settings) {
        let Some(period) = self.terms.period else {
            self.terms.resets_at_ms = None;
            return;
        };
        match self.terms.resets_at_ms {
            Some(at) if at > now_ms => return,
            Some(at) => {
                let carried = match self.terms.max_budget {
                    Some(max) if settings.rolls_over => (self.spend - max).max(Usd::ZERO),
                    _ => Usd::ZERO,
                };
                let before = self.ended.map_or(Usd::ZERO, |it| it.spent);
                self.ended = Some(Ended {
                    spent: before + self.spend,
                    carried,
                    until_ms: settings.calendar.began(period, at, now_ms),
                });
                self.spend = carried;
                self.soft_reported = false;
            }
            None => {}
        }
        self.terms.resets_at_ms = Some(settings.calendar.next_reset(period, now_ms));
    }

    /// A window that ended is named again, with what ended since.
    pub fn name_reset_again(&mut self, reset: &Reset) {
        let since = self.ended.unwrap_or(Ended {
            spent: Usd::ZERO,
            carried: reset.carried,
            until_ms: reset.began_ms,
        });
        self.ended = Some(Ended {
            spent: since.spent + reset.spent,
            ..since
        });
    }

    /// Whether a window ended that nobody has asked for.
    pub const fn reset_unreported(&self) -> bool {
        self.ended.is_some()
    }

    /// With a temporary increase that is in force.
    pub fn max_budget(&self, now_ms: i64) -> Option<Usd> {
        let increase = match self.terms.increase {
            Some(increase) if now_ms < increase.until_ms => increase.by,
            _ => Usd::ZERO,
        };
        self.terms.max_budget.map(|max| max + increase)
    }

    /// Whether a call that wants to hold `amount` may begin. What does not fit goes when it is
    /// alone, as long as any money is left: so the last cent can be spent, and what is spent
    /// beyond the budget is less than one such amount.
    pub fn opens(&self, amount: Usd, now_ms: i64) -> Answer {
        let Some(max) = self.max_budget(now_ms) else {
            return Answer::Room;
        };
        if self.spend >= max {
            Answer::Spent
        } else if amount.is_zero()
            || self.reserved.is_zero()
            || self.spend + self.reserved + amount <= max
        {
            Answer::Room
        } else {
            Answer::Wait(Reason::Held)
        }
    }

    /// Why a call that runs may not hold more. It may as long as not everything is spent or held.
    pub fn refuses_more(&self, now_ms: i64) -> Option<Reason> {
        let max = self.max_budget(now_ms)?;
        if self.spend >= max {
            Some(Reason::Spent)
        } else if self.spend + self.reserved >= max {
            Some(Reason::Held)
        } else {
            None
        }
    }

    /// Whether the soft budget is reached and nobody was told in this window; now someone is.
    pub fn tells_soft_budget(&mut self) -> bool {
        let reached = |soft| self.spend >= soft;
        let news = !self.soft_reported && self.terms.soft_budget.is_some_and(reached);
        self.soft_reported |= news;
        news
    }

    /// A spend from outside, such as a reset by hand.
    pub fn set_spend(&mut self, spend: Usd) {
        self.spend = spend;
        self.soft_reported &= self.terms.soft_budget.is_some_and(|soft| spend >= soft);
    }

    /// Never ends a window: a reset time that has passed is one that was kept here already, and
    /// that the store has not heard of.
    pub fn set_terms(&mut self, mut terms: Terms, now_ms: i64, settings: &Settings) {
        if terms.resets_at_ms.is_some_and(|at| at <= now_ms) {
            let same = self.terms.period == terms.period;
            terms.resets_at_ms = self.terms.resets_at_ms.filter(|_| same);
        }
        self.soft_reported &= self.terms.soft_budget == terms.soft_budget;
        self.terms = terms;
        self.keep_time(now_ms, settings);
    }
}

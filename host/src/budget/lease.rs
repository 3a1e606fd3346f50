//! What this process may spend of an account that several processes spend from: a lease, taken in
//! portions before it is needed. Who grants it is not known here: the ledger says what is wanted, and
//! is told what was granted.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::Usd;

use super::error::Reason;
use super::terms::AccountId;

/// How long an answer holds that there is nothing more: others may have given back.
const DRY_MS: i64 = 500;

/// The smallest amount: what a call that holds nothing needs to be left.
const LEAST: Usd = Usd::from_pico(1);

/// A lease of one account.
#[derive(Debug, Default)]
pub(super) struct Lease {
    /// All that was granted since it began.
    granted: Usd,
    /// Settled by this process since then, with what nobody had stored when it began.
    spent: Usd,
    /// What was granted last.
    portion: Usd,
    dry: Option<Dry>,
}

/// There is nothing more for now.
#[derive(Debug, Clone, Copy)]
struct Dry {
    until_ms: i64,
    why: Why,
}

/// Why there is nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// All is spent or leased here.
    Gone,
    /// Other processes hold some, and may give it back.
    Others,
    /// Nobody grants anything now.
    Unheard {
        /// Calls go on by what the account is known to have spent.
        lenient: bool,
    },
}

/// Whether the lease lets a call hold more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// `low`: more is to be leased before it is needed.
    Room {
        low: bool,
    },
    /// `ask`: more is to be leased first; `by`: who holds it until then.
    Wait {
        ask: bool,
        by: Reason,
    },
    Spent,
    /// More is needed, and nobody grants it.
    Unheard,
}

impl Lease {
    fn right(&self, reserved: Usd) -> Usd {
        self.granted - self.spent - reserved
    }

    /// Whether there is nothing more for now.
    pub fn is_dry(&self, now_ms: i64) -> bool {
        self.dry.is_some_and(|it| now_ms < it.until_ms)
    }

    pub fn charge(&mut self, cost: Usd) {
        self.spent += cost;
    }

    /// Whether a call may hold `amount` beside what is `reserved`.
    pub fn answer(&self, amount: Usd, reserved: Usd, now_ms: i64) -> Answer {
        let right = self.right(reserved);
        let wanted = amount.max(LEAST);
        let dry = self.dry.filter(|it| now_ms < it.until_ms);
        if wanted <= right {
            let half = Usd::from_pico(self.portion.pico() / 2);
            return Answer::Room {
                low: dry.is_none() && right - wanted < half,
            };
        }
        match dry.map(|it| it.why) {
            None => Answer::Wait {
                ask: true,
                by: match reserved.is_zero() {
                    true => Reason::Leased,
                    false => Reason::Held,
                },
            },
            Some(Why::Unheard { lenient: true }) => Answer::Room { low: false },
            Some(Why::Unheard { lenient: false }) => Answer::Unheard,
            // The last of it goes to one call at a time, as where a process is alone.
            Some(_) if reserved.is_zero() && right > Usd::ZERO => Answer::Room { low: false },
            Some(Why::Gone) if reserved.is_zero() => Answer::Spent,
            Some(Why::Others) => Answer::Wait {
                ask: false,
                by: Reason::Leased,
            },
            Some(Why::Gone) => Answer::Wait {
                ask: false,
                by: Reason::Held,
            },
        }
    }

    /// Why a call that runs may not hold more: it may as long as anything is left. Never waits.
    pub fn refuses_more(&self, reserved: Usd, now_ms: i64) -> Option<Reason> {
        if self.right(reserved) > Usd::ZERO {
            return None;
        }
        let dry = self.dry.filter(|it| now_ms < it.until_ms);
        match dry.map(|it| it.why) {
            Some(Why::Unheard { lenient: true }) => None,
            Some(Why::Gone) => Some(Reason::Held),
            None | Some(Why::Others | Why::Unheard { lenient: false }) => Some(Reason::Leased),
        }
    }
}

/// What is to be leased of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseNeed {
    pub max_budget: Usd,
    /// Spent or held beyond what was granted.
    pub owed: Usd,
    /// Granted, and neither spent nor held.
    pub right: Usd,
}

/// What was granted of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseGrant {
    pub granted: Usd,
    /// Whether that is all that was asked for.
    pub enough: bool,
    /// Whether other processes hold some that they may give back.
    pub others_hold: bool,
}

/// Which accounts want more, and whether leases are needed at all.
#[derive(Debug, Default)]
pub(super) struct Wants {
    /// Several processes spend from the same accounts.
    shared: AtomicBool,
    /// With the most that a call wants to hold.
    wanted: Mutex<HashMap<AccountId, Usd>>,
    told: Notify,
}

impl Wants {
    pub fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// Whether that is news.
    pub fn set_shared(&self, shared: bool) -> bool {
        self.shared.swap(shared, Ordering::Relaxed) != shared
    }

    pub fn want(&self, id: &AccountId, amount: Usd) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let amount = amount.max(LEAST);
        match wanted.get_mut(id) {
            Some(most) => *most = amount.max(*most),
            None => {
                wanted.insert(id.clone(), amount);
                self.told.notify_one();
            }
        }
    }

    pub async fn told(&self) {
        self.told.notified().await;
    }

    pub fn take(&self) -> HashMap<AccountId, Usd> {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut wanted)
    }
}

impl Lease {
    /// A lease that begins now, and what was settled here that nobody had stored.
    pub fn begin(unstored: Usd) -> Self {
        Self {
            spent: unstored,
            ..Self::default()
        }
    }

    pub fn need(&self, max_budget: Usd, reserved: Usd) -> LeaseNeed {
        let right = self.right(reserved);
        LeaseNeed {
            max_budget,
            owed: (-right).max(Usd::ZERO),
            right: right.max(Usd::ZERO),
        }
    }

    pub fn grant(&mut self, grant: LeaseGrant, now_ms: i64) {
        self.granted += grant.granted;
        self.portion = grant.granted;
        self.dry = (!grant.enough).then(|| Dry {
            until_ms: now_ms.saturating_add(DRY_MS),
            why: if grant.others_hold {
                Why::Others
            } else {
                Why::Gone
            },
        });
    }

    /// Nobody grants anything until [`heard`](Self::heard).
    pub fn unheard(&mut self, lenient: bool) {
        self.dry = Some(Dry {
            until_ms: i64::MAX,
            why: Why::Unheard { lenient },
        });
    }

    /// Somebody grants again.
    pub fn heard(&mut self) {
        let unheard = |it: &Dry| matches!(it.why, Why::Unheard { .. });
        self.dry = self.dry.filter(|it| !unheard(it));
    }

    /// Gives up what is not used.
    pub fn give_up(&mut self, reserved: Usd) -> Usd {
        let unused = self.right(reserved).max(Usd::ZERO);
        self.granted -= unused;
        unused
    }
}

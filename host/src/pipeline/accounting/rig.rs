//! Tests: accounting of a gateway that is alone, and a clock that can be paused.

use std::cell::Cell;
use std::path::Path;

use tokio::time::Instant;

use super::{Accounting, AccountingSettings, Services};
use crate::alerts::Alerts;
use crate::auth::{KeySettings, Keys};
use crate::budget::{self, Ledger};
use crate::limits::{Limiter, TokenCounting};
use crate::prices::{Adjustments, Prices};
use crate::spend::{self, Journal};
use crate::store::Store;

/// On this database, with its journal in this folder.
pub fn alone(store: &Store, folder: &Path) -> Accounting {
    let services = Services {
        store: store.clone(),
        keys: Keys::new(None, KeySettings::default()),
        journal: Journal::start(spend::Settings::new(folder.join("journal")))
            .unwrap()
            .0,
        ledger: Ledger::new(budget::Settings::default()),
        limiter: Limiter::new(TokenCounting::Total),
        shared: None,
        prices: Prices::embedded(),
        alerts: Alerts::default(),
    };
    let settings = AccountingSettings {
        proxy_budget: None,
        budget_status: 422,
        reserves: true,
        needs_prices: false,
        adjustments: Adjustments::default(),
        max_parallel_requests: None,
        strict_limits: false,
        goes_without_accounts: false,
        retention: None,
        bare_rows: false,
        bodies: None,
        responses: crate::pipeline::ResponseSettings::default(),
        tells_all_budgets: false,
        throttle: None,
    };
    Accounting::new(services, settings)
}

thread_local! {
    /// What the clock showed, and when, where it goes by the runtime's.
    static SHOWN: Cell<Option<(i64, Instant)>> = const { Cell::new(None) };
}

/// While it is there, the time of day on this thread passes as the runtime's does.
pub struct PausedClock(());

impl PausedClock {
    /// From now on the runtime's time stands still, unless everything waits for it.
    pub fn pause() -> Self {
        let now = super::now_ms();
        tokio::time::pause();
        SHOWN.set(Some((now, Instant::now())));
        Self(())
    }
}

impl Drop for PausedClock {
    fn drop(&mut self) {
        SHOWN.set(None);
        tokio::time::resume();
    }
}

pub(super) fn now_ms() -> Option<i64> {
    let (shown, at) = SHOWN.get()?;
    let passed = i64::try_from(at.elapsed().as_millis()).unwrap();
    Some(shown + passed)
}

//! What is known of the tables from outside, and when the address is to be asked again.

use serde_json::Value;

use crate::config::PriceSources;
use crate::prices::Prices;
use crate::store::ConfigRow;

/// After an address that gave no table, in milliseconds.
pub(super) const RETRY_MS: i64 = 300_000;
pub(super) const HOUR_MS: i64 = 3_600_000;

/// What is known of the tables.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub sources: PriceSources,
    pub(super) file: Option<Prices>,
    pub(super) fetched: Option<Prices>,
    /// When the address was asked last, and when it gave a table, in milliseconds since 1970.
    pub(super) asked_ms: Option<i64>,
    pub fetched_ms: Option<i64>,
    /// Why the address gave none, or the file was none.
    pub failure: Option<String>,
    /// The request to fetch that was answered last.
    pub(super) answered: Option<i64>,
}

impl State {
    /// Whether a fetched table counts.
    pub const fn is_remote(&self) -> bool {
        self.fetched.is_some()
    }

    /// Where a table is to be fetched, if it is.
    pub(super) fn address(&self) -> Option<String> {
        self.sources
            .url
            .clone()
            .filter(|_| !self.sources.local_only)
    }

    /// When the address is to be asked next; None: when somebody says so.
    pub(super) fn due(&self, schedule: Schedule) -> Option<i64> {
        self.address()?;
        let Some(asked) = self.asked_ms else {
            return Some(0);
        };
        if schedule.requested_ms.is_some() && schedule.requested_ms != self.answered {
            return Some(0);
        }
        let again = self.failure.as_ref().map(|_| RETRY_MS);
        let every = schedule.every_ms;
        let wait = again.into_iter().chain(every).min()?;
        Some(asked.saturating_add(wait))
    }
}

/// What was scheduled through the API, for every replica.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Schedule {
    pub every_ms: Option<i64>,
    /// Somebody asked for a table at this time.
    pub requested_ms: Option<i64>,
}

impl Schedule {
    pub fn read(row: Option<ConfigRow>) -> Self {
        let doc = row.map(|it| it.doc).unwrap_or_default();
        let number = |name: &str| doc.get(name).and_then(Value::as_i64).filter(|it| *it > 0);
        Self {
            every_ms: number("interval_hours").map(|it| it.saturating_mul(HOUR_MS)),
            requested_ms: number("requested_at"),
        }
    }
}

//! Who hears of changes that were made through the management API, and its clock.

use std::fmt;

use super::Running;
use crate::auth::Source;
use crate::budget::AccountId;
use crate::config::is_of_config;
use crate::domain::{Entity, EntityKind, Usd};
use crate::manage::{Changed, Clock, Touched};
use crate::pipeline::accounting::{Accounting, now_ms};

/// Carries changes to whoever remembers what was changed.
#[derive(Clone)]
pub struct Heard {
    pub accounting: Accounting,
    pub running: Running,
}

impl fmt::Debug for Heard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Heard")
    }
}

impl Changed for Heard {
    fn changed(&self, touched: &[Touched]) {
        let now = now_ms();
        for it in touched {
            let keys = self.accounting.keys();
            keys.changed(&Source::new(it.kind, it.id.as_str()));
            let kind = EntityKind::parse(it.kind);
            if let (Some(kind), Some(spend)) = (kind, it.spend) {
                self.set_spend(Entity::new(kind, it.id.as_str()), spend, now);
            }
            if is_of_config(it.kind) {
                self.running.word.tell();
            }
        }
        if let Some(shared) = self.accounting.shared() {
            shared.has_news();
        }
    }
}

impl Heard {
    fn set_spend(&self, entity: Entity, spend: Usd, now: i64) {
        self.accounting
            .ledger()
            .set_spend(&AccountId::whole(entity), spend, now);
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        now_ms()
    }
}

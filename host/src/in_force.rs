//! What the gateway runs with, as the management API asks for it; and what it does when something
//! was changed there.

use std::fmt;
use std::sync::Arc;

use crate::auth::Source;
use crate::budget::AccountId;
use crate::domain::{Entity, EntityKind, Usd};
use crate::manage::{Changed, Clock, Touched};
use crate::pipeline::Pipeline;
use crate::pipeline::accounting::{Accounting, now_ms};

/// The running gateway.
#[derive(Clone)]
pub struct Running {
    pipeline: Pipeline,
    models_changed: Arc<tokio::sync::Notify>,
}

impl Running {
    pub fn new(pipeline: Pipeline) -> Self {
        Self {
            pipeline,
            models_changed: Arc::default(),
        }
    }

    /// Somebody changed a model or a setting through the API.
    pub fn models_changed(&self) -> Arc<tokio::sync::Notify> {
        Arc::clone(&self.models_changed)
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Running")
    }
}

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
            if matches!(it.kind, "model" | "config" | "credential") {
                self.running.models_changed.notify_one();
            }
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

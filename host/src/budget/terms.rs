//! Whose an account is, what it may hold, and what it says of itself.

use std::fmt;
use std::sync::Arc;

use crate::domain::{Entity, Usd};

use super::Period;

/// An account: whose it is, and which of the holder's budgets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountId {
    pub entity: Entity,
    pub window: Window,
}

impl AccountId {
    /// The account of the entity's own `max_budget`.
    pub const fn whole(entity: Entity) -> Self {
        Self {
            entity,
            window: Window::Whole,
        }
    }
}

/// Which of an entity's budgets. An entity's windows count side by side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Window {
    /// `max_budget` with `budget_duration`, whatever that is: a new duration keeps the spend.
    Whole,
    /// One entry of `budget_limits`, by its duration.
    Limit(Period),
    /// One entry of `model_max_budget`, by its model.
    Model(Arc<str>),
}

impl fmt::Display for AccountId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.window {
            Window::Whole => write!(out, "{}", self.entity),
            Window::Limit(period) => write!(out, "{} for {period}", self.entity),
            Window::Model(model) => write!(out, "{} on {model}", self.entity),
        }
    }
}

/// What the account may hold. All None: it counts spend and refuses nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// None: no limit.
    pub max_budget: Option<Usd>,
    /// Reported once a window when spend reaches it; refuses nothing.
    pub soft_budget: Option<Usd>,
    /// None: the window never ends.
    pub period: Option<Period>,
    /// When the running window ends, in milliseconds since 1970. None: as the calendar says.
    pub resets_at_ms: Option<i64>,
    /// `temp_budget_increase`.
    pub increase: Option<Increase>,
}

/// A rise of `max_budget` for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Increase {
    pub by: Usd,
    /// It is in force before this, in milliseconds since 1970.
    pub until_ms: i64,
}

/// What the store knows of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// In the window that ends at `terms.resets_at_ms`.
    pub spend: Usd,
    /// In the one after it, if it has ended.
    pub spend_since: Usd,
    pub terms: Terms,
}

/// What an account holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub spend: Usd,
    /// Held by calls in flight.
    pub reserved: Usd,
    /// With a temporary increase that is in force.
    pub max_budget: Option<Usd>,
    pub soft_budget: Option<Usd>,
    pub resets_at_ms: Option<i64>,
}

/// A window that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reset {
    pub account: AccountId,
    /// What had been spent in it.
    pub spent: Usd,
    /// What was spent above this stays spent in the window that runs now. None: nothing does.
    pub carries_above: Option<Usd>,
    /// What stayed spent, as far as is known here.
    pub carried: Usd,
    /// When the window that runs now began, in milliseconds since 1970.
    pub began_ms: i64,
    /// When the window that runs now ends, in milliseconds since 1970.
    pub resets_at_ms: i64,
}

/// An account whose settled spend reached its soft budget, reported once a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftCrossing {
    pub account: AccountId,
    pub spend: Usd,
    pub soft_budget: Usd,
}

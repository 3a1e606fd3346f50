//! LiteLLM's management API as functions: keys, teams, users, organisations, customers, budgets,
//! tags, access groups, invitations, credentials, models, guardrails and settings.
//!
//! An operation takes a proven caller and the parameters of a request, checks every field and
//! whether the object is the caller's to see or change, changes all of it in one transaction with
//! its audit entries, tells the [`Changed`] listener, and answers in LiteLLM's shape. The room
//! knows no HTTP server: a door maps [`OPERATIONS`] to routes. Whether a role may call a route at
//! all is the door's question; whose an object is, is answered here.

mod access_groups;
mod audit;
mod budgets;
mod cache;
mod config;
mod credentials;
mod cursor;
mod customers;
mod fault;
mod fields;
mod group_budgets;
mod guardrails;
mod holders;
mod idle;
mod in_force;
mod input;
mod invitations;
mod keys;
mod kinds;
mod logging;
mod models;
mod operations;
mod organizations;
mod prices;
mod redact;
mod rights;
mod settings;
mod spend;
mod tags;
mod teams;
#[cfg(test)]
mod tests;
mod time;
mod users;
mod work;

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::domain::Fault;
use crate::store::{SaltKey, Store};

pub use crate::asked::Input;
pub use in_force::{CacheAsk, Deployment, InForce, PriceTable};
pub use operations::{Method, OPERATIONS, Op, Operation, PUBLIC, PublicOp, PublicOperation};
pub use prices::PRICE_SCHEDULE;
pub use settings::{KeyGeneration, KeyRules, Settings};
pub use users::{SsoPerson, hash_password, verify_password};
pub use work::Touched;

/// Hears of every change once it is durable: the cache of auth, the ledger of budgets, the
/// router. What other replicas changed comes through the store's notices instead.
pub trait Changed: Send + Sync + std::fmt::Debug {
    fn changed(&self, touched: &[Touched]);
}

/// Milliseconds since 1970.
pub trait Clock: Send + Sync + std::fmt::Debug {
    fn now_ms(&self) -> i64;
}

/// The management of one gateway. Clones share everything.
#[derive(Debug, Clone)]
pub struct Manage {
    store: Store,
    settings: Arc<ArcSwap<Settings>>,
    /// Closes what is secret in the database.
    salt: SaltKey,
    listener: Arc<dyn Changed>,
    in_force: Arc<dyn InForce>,
    clock: Arc<dyn Clock>,
}

impl Manage {
    pub fn new(
        store: Store,
        settings: Settings,
        salt: SaltKey,
        listener: Arc<dyn Changed>,
        in_force: Arc<dyn InForce>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            settings: Arc::new(ArcSwap::from_pointee(settings)),
            salt,
            listener,
            in_force,
            clock,
        }
    }

    /// What was written is in force when that is answered; where the config as a whole cannot be, it is
    /// written all the same, and the log says why.
    async fn take_over(&self) {
        if let Err(fault) = self.in_force.taken_over().await {
            tracing::warn!(%fault, "a change was written down and is not in force");
        }
    }

    /// Rules for the requests that come.
    pub fn set_settings(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
    }

    fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    fn now(&self) -> i64 {
        self.clock.now_ms()
    }
}

/// What every operation asks for, in rows: method, path, `query`, `body`, `answer` or `example`, and
/// then fields as `name:kind` (`!` before those that have to be there), the type of the answer, or a
/// body. A test writes it by calling them.
pub const ASKED: &str = include_str!("asked.tsv");

/// What an operation gives back.
type Answer = Result<serde_json::Value, Fault>;

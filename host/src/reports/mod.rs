//! LiteLLM's spend and usage API as functions: rows of calls, sums by day, what holders spent, and
//! what a call would cost.
//!
//! An operation takes a proven caller and the parameters of a request, finds out whose spend the
//! caller may see, and answers in LiteLLM's shape. Sums come from the store's sums by day, rows
//! from its rows. The room knows no HTTP server: a door maps [`OPERATIONS`] to routes. Prices and
//! the clock are outside: whoever wires it gives them as [`Outside`].

mod activity;
mod ask;
mod cached;
mod calculate;
mod daily;
mod days;
mod failures;
mod fault;
mod gateway;
mod global;
mod holders;
mod logs;
mod names;
mod operations;
mod paces;
mod providers;
mod questions;
mod report;
mod reset;
mod sight;
mod sums;
mod tags;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::domain::{CallId, Fault, SpendRow, Usage, Usd};
use crate::prices::Cost;
use crate::store::Store;

/// What every operation asks for, in rows as those of `manage`. A test writes it by calling them.
pub const ASKED: &str = include_str!("asked.tsv");

pub use ask::Input;
pub use operations::{OPERATIONS, Op, Operation};

/// What the room must be told by the house.
pub trait Outside: Send + Sync + std::fmt::Debug {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;
    /// What a usage of a model costs; None: nobody knows, which is not the same as free. The name
    /// is a model group, or `provider/model`.
    fn price(&self, model: &str, usage: &Usage) -> Option<Usd>;
    /// What the cost of a stored call is made of. None: it cannot be told any more.
    fn bill(&self, row: &SpendRow) -> Option<Cost>;
    /// The provider's name of a model that the caller may use, and what is known of it in
    /// LiteLLM's fields; None: there is no such model.
    ///
    /// # Errors
    /// The caller may not use it.
    fn model(&self, caller: &Caller, model: &str) -> Result<Option<(String, Value)>, Fault>;
    /// The optional parameters of the OpenAI API that the model takes.
    fn params(&self, model: &str) -> Vec<&'static str>;
    /// What would be sent for a request of LiteLLM's call type, which the caller may make. Nothing
    /// is sent.
    ///
    /// # Errors
    /// There is no such call type, or the provider refuses the request.
    fn preview(
        &self,
        call_type: &str,
        body: Map<String, Value>,
    ) -> BoxFuture<'_, Result<Preview, Fault>>;
    /// The tokens of a request to a model that the caller may use: a chat (`messages`), Google's
    /// `contents` or a `prompt`. `asks`: the provider, where it can count, in a call of that id.
    ///
    /// # Errors
    /// The call is not let in.
    fn count<'a>(
        &'a self,
        who: (&'a Caller, Option<CallId>),
        body: Map<String, Value>,
        asks: bool,
    ) -> BoxFuture<'a, Result<Counted, Fault>>;
    /// `litellm_settings.max_budget`: what the whole gateway may spend.
    fn max_budget(&self) -> Option<Usd>;
    /// The spend of every key and team was set to zero: budgets in memory are out of date.
    fn spend_was_reset(&self);
    /// `router_settings.provider_budget_config`: what each provider may be paid.
    fn provider_budgets(&self) -> Vec<ProviderBudget>;
    /// Whether the bodies of calls are stored; a moment after their rows, if they are.
    fn keeps_bodies(&self) -> bool;
    /// `alerting_threshold`: a call that takes as long is slow, in milliseconds.
    fn slow_ms(&self) -> i64;
}

/// How many tokens a request has, and who counted them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    pub tokens: u64,
    /// `provider/model` that was asked, or that they were counted for.
    pub model: Option<String>,
    /// None: the gateway's own tokenizer.
    pub provider: Option<String>,
    /// Why the provider did not count, who can: what it says, with its status.
    pub failed: Option<(u16, String)>,
}

/// A request as a provider would get it, without credentials and the operator's own headers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preview {
    /// Without its query. None: the provider's plugin answers by itself.
    pub address: Option<String>,
    pub headers: Vec<(String, String)>,
    /// JSON, or a text of another type.
    pub body: Value,
}

/// What a provider may be paid.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderBudget {
    pub provider: String,
    pub max: Usd,
    /// As durations are written; None: for ever.
    pub period: Option<String>,
    /// What was spent, and when the window ends, in milliseconds since 1970. None: no call was
    /// made since the start, so the database knows.
    pub running: Option<(Usd, Option<i64>)>,
}

/// The reports of one gateway. Clones share everything.
#[derive(Debug, Clone)]
pub struct Reports {
    store: Store,
    outside: Arc<dyn Outside>,
}

impl Reports {
    pub fn new(store: Store, outside: Arc<dyn Outside>) -> Self {
        Self { store, outside }
    }
}

/// What an operation answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    Json(Value),
    /// JSON that is written already: as a tree of values, a large answer takes longer than its sums.
    Written(String),
    /// A file of comma-separated values, with a line of names first.
    Csv(String),
}

impl Report {
    /// The `content-type` of the answer.
    pub const fn content_type(&self) -> &'static str {
        match self {
            Self::Json(_) | Self::Written(_) => "application/json",
            Self::Csv(_) => "text/csv; charset=utf-8",
        }
    }

    /// The body of the answer.
    pub fn into_text(self) -> String {
        match self {
            Self::Json(value) => value.to_string(),
            Self::Written(text) | Self::Csv(text) => text,
        }
    }
}

impl From<Value> for Report {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

/// What an operation gives back.
type Answer = Result<Report, Fault>;

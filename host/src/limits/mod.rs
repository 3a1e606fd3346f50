//! Rate limits: requests and tokens a minute, tokens a day, and calls at once, for every scope of
//! a call.
//!
//! A call is admitted by all scopes on its path or by none. The room counts in memory, and where
//! several processes share the limits, against portions that a pool grants it: it does not know
//! what keeps the pool, who the scopes are (the caller brings each with its limits), HTTP (a refusal
//! says which limit and when it ends) or a clock: times come in as milliseconds since 1970 in UTC.
//! The rule, as an operator needs it, stands in `docs/budgets.md` and `docs/replicas.md`.

mod admission;
mod counter;
mod limiter;
mod pool;
mod portions;
mod refusal;
mod scope;
mod telling;
mod together;
mod tokens;

pub use admission::Admission;
pub use counter::{DAY_MS, WINDOW_MS};
pub use limiter::Limiter;
pub use pool::{Ask, Back, Given, Held, Pool};
pub use refusal::{LimitType, Refusal};
pub use scope::{Limits, Remaining, Scope, ScopeKind, Standing};
pub use together::Barred;
pub use tokens::{DEFAULT_OUTPUT_TOKENS, TokenCounting, Tokens};

#[cfg(test)]
mod crowd_tests;
#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod sum_tests;
#[cfg(test)]
mod together_rig;
#[cfg(test)]
mod together_tests;

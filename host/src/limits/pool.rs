//! What several processes count together, as this room asks for it: portions of windows, and places
//! among the calls at once. Whoever keeps the count is somewhere else.

use std::fmt;

use futures_util::future::BoxFuture;

use super::counter::{DAY_MS, WINDOW_MS};
use super::refusal::LimitType;
use super::scope::Scope;

/// Asks for more of one limit of one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub scope: Scope,
    pub limit_type: LimitType,
    pub limit: u64,
    /// Needed beyond what was granted. Zero: only what is owed is told.
    pub need: u64,
    /// Used beyond what was granted, in the window that the next member names.
    pub owed: u64,
    /// Used in all of that window.
    pub used: u64,
    /// When the window began, by the keeper's clock. None: none is known.
    pub began: Option<i64>,
    /// Of places: the first of the numbers that may be taken, and how many.
    pub numbers: (u64, u64),
}

impl Ask {
    /// Milliseconds of a window of this limit. None: it has none.
    pub const fn window_ms(limit_type: LimitType) -> Option<i64> {
        match limit_type {
            LimitType::Requests | LimitType::Tokens => Some(WINDOW_MS),
            LimitType::TokensPerDay => Some(DAY_MS),
            LimitType::MaxParallelRequests => None,
        }
    }
}

/// What was answered to an [`Ask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// Whether what was needed is among what was granted.
    pub enough: bool,
    /// Granted now, with what was owed.
    pub granted: u64,
    /// What nobody has been granted.
    pub left: u64,
    /// When the window began, by the keeper's clock.
    pub began: i64,
    /// When it ends, by our clock and rather too early than too late.
    pub ends_ms: i64,
}

/// What this process gives back for others to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// Of the window that began then.
    Window {
        scope: Scope,
        limit_type: LimitType,
        began: i64,
        unused: u64,
    },
    /// Places, by their numbers.
    Places { scope: Scope, numbers: Vec<u64> },
}

/// Places that this process holds, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub scope: Scope,
    pub numbers: Vec<u64>,
}

/// Keeps the count for every process.
pub trait Pool: Send + Sync + fmt::Debug {
    /// Grants all that is needed, or nothing but what is owed. None: it does not answer.
    fn take<'a>(&'a self, asks: &'a [Ask]) -> BoxFuture<'a, Option<Vec<Given>>>;

    /// Says that these places are still held, and takes back what is not used. Whether it was heard.
    fn renew<'a>(&'a self, held: &'a [Held], back: &'a [Back]) -> BoxFuture<'a, bool>;

    /// Whether it answered last time; else nobody waits for it.
    fn is_there(&self) -> bool;

    /// Processes that count together, this one among them; at least 1.
    fn processes(&self) -> u64;
}

//! What one scope has used of its window.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::refusal::{LimitType, Refusal};
use super::scope::{Limits, Remaining, Scope, Standing};

/// Length of a window in milliseconds, as LiteLLM's (`LITELLM_RATE_LIMIT_WINDOW_SIZE`, 60 s). It
/// begins with the first call of a scope, not with the minute.
pub const WINDOW_MS: i64 = 60_000;

/// How soon a call may come back that found every place taken: one may be free at any time.
const PARALLEL_RETRY_MS: i64 = 1000;

#[derive(Debug)]
pub(super) struct Counter {
    pub scope: Scope,
    /// Locks are taken in this order.
    pub serial: u64,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
pub(super) struct Used {
    /// None: no call yet.
    began_ms: Option<i64>,
    requests: u64,
    tokens: u64,
    parallel: u64,
}

/// What one call wants of a scope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub limits: Limits,
    pub tokens: u64,
}

/// What one call was counted for at one scope, to be corrected later.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    /// The beginning of the window that `here` stands in.
    began_ms: i64,
    /// Tokens counted in that window.
    here: u64,
    /// Tokens counted in windows that are over.
    before: u64,
}

impl Counter {
    pub fn new(scope: Scope, serial: u64) -> Self {
        Self {
            scope,
            serial,
            used: Mutex::default(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Used> {
        // A panic cannot leave it half-written: it is changed by plain sums only.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    /// What is asked of the token limit: the estimate, but no more than the limit itself, or a
    /// call with a long `max_tokens` could never go.
    fn capped_tokens(&self) -> u64 {
        self.limits
            .tokens_per_minute
            .map_or(self.tokens, |limit| self.tokens.min(limit))
    }
}

impl Used {
    /// Forgets a window that is over. The next begins with the next call that is admitted.
    pub fn keep_time(&mut self, now_ms: i64) {
        if self.began_ms.is_some_and(|began| is_over(began, now_ms)) {
            self.began_ms = None;
            self.requests = 0;
            self.tokens = 0;
        }
    }

    /// Nothing is counted here that anyone could miss.
    pub fn is_idle(&self, now_ms: i64) -> bool {
        self.parallel == 0 && self.began_ms.is_none_or(|began| is_over(began, now_ms))
    }

    /// The limit that keeps the call out, if any. Changes nothing.
    pub fn refusal(&self, scope: &Scope, wanted: &Wanted, now_ms: i64) -> Option<Refusal> {
        let Limits {
            requests_per_minute,
            tokens_per_minute,
            max_parallel_requests,
        } = wanted.limits;
        let ends = self.ends_ms(now_ms);
        let soon = now_ms.saturating_add(PARALLEL_RETRY_MS);
        let needs = [
            (
                LimitType::Requests,
                requests_per_minute,
                self.requests,
                1,
                ends,
            ),
            (
                LimitType::Tokens,
                tokens_per_minute,
                self.tokens,
                wanted.capped_tokens().max(1), // a window that is used up takes no call
                ends,
            ),
            (
                LimitType::MaxParallelRequests,
                max_parallel_requests,
                self.parallel,
                1,
                soon,
            ),
        ];
        needs.into_iter().find_map(|(what, limit, used, need, at)| {
            let limit = limit?;
            let left = limit.saturating_sub(used);
            (need > left).then(|| Refusal::new(scope.clone(), what, (limit, left), at, now_ms))
        })
    }

    /// Counts an admitted call.
    pub fn add(&mut self, wanted: &Wanted, now_ms: i64) -> Counted {
        let tokens = wanted.capped_tokens();
        self.requests = self.requests.saturating_add(1);
        self.tokens = self.tokens.saturating_add(tokens);
        self.parallel = self.parallel.saturating_add(1);
        Counted {
            began_ms: *self.began_ms.get_or_insert(now_ms),
            here: tokens,
            before: 0,
        }
    }

    /// Replaces the estimate by what the call used. In a later window only what exceeds the
    /// tokens counted before it is counted: those stood in a window that is over.
    pub fn correct(&mut self, counted: &mut Counted, tokens: u64, now_ms: i64) {
        self.keep_time(now_ms);
        if self.began_ms != Some(counted.began_ms) {
            counted.before = counted.before.saturating_add(counted.here);
            counted.here = 0;
            counted.began_ms = *self.began_ms.get_or_insert(now_ms);
        }
        let here = tokens.saturating_sub(counted.before);
        self.tokens = self
            .tokens
            .saturating_sub(counted.here)
            .saturating_add(here);
        counted.here = here;
    }

    /// The call has ended.
    pub fn leave(&mut self) {
        self.parallel = self.parallel.saturating_sub(1);
    }

    pub fn standing(&self, scope: &Scope, limits: &Limits, now_ms: i64) -> Standing {
        let remaining = |limit: Option<u64>, used: u64| {
            limit.map(|limit| Remaining {
                limit,
                remaining: limit.saturating_sub(used),
            })
        };
        Standing {
            scope: scope.clone(),
            requests: remaining(limits.requests_per_minute, self.requests),
            tokens: remaining(limits.tokens_per_minute, self.tokens),
            resets_at_ms: self.ends_ms(now_ms),
        }
    }

    fn ends_ms(&self, now_ms: i64) -> i64 {
        self.began_ms.unwrap_or(now_ms).saturating_add(WINDOW_MS)
    }
}

/// A window is over after its length, and if the clock was set back by more than that. A smaller
/// step back is two threads that read the clock in one order and came here in the other.
fn is_over(began_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(began_ms).saturating_abs() >= WINDOW_MS
}

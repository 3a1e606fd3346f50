//! What one scope has used of its window.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::pool::Ask;
use super::portions::{self, Answer, Portions, Rule, needs};
use super::refusal::{LimitType, Refusal};
use super::scope::{Limits, Remaining, Scope, Standing};

/// Length of a window in milliseconds, as LiteLLM's (`LITELLM_RATE_LIMIT_WINDOW_SIZE`, 60 s). It
/// begins with the first call of a scope, not with the minute.
pub const WINDOW_MS: i64 = 60_000;

/// Length of a day's window in milliseconds. It too begins with the first call of a scope.
pub const DAY_MS: i64 = 86_400_000;

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
    minute: Window<WINDOW_MS>,
    /// Of scopes that have a limit a day; else it never begins.
    day: Window<DAY_MS>,
    requests: u64,
    parallel: u64,
    /// What the last call that came was limited to.
    limits: Limits,
    /// Where several processes count together: the windows and places of this one, instead of those
    /// above.
    portions: Option<Box<Portions>>,
}

/// Whether a call may enter a scope that several processes count together.
#[derive(Debug)]
pub(super) enum Verdict {
    Room,
    /// The common count has to be asked this.
    Ask(Vec<Ask>),
    Full(Refusal),
}

/// Tokens in a window of this many milliseconds.
#[derive(Debug, Default)]
struct Window<const LENGTH: i64> {
    /// None: no call yet.
    began_ms: Option<i64>,
    tokens: u64,
}

/// What one call wants of a scope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub limits: Limits,
    pub tokens: u64,
}

/// What one call was counted for at one scope, to be corrected later.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted {
    Alone {
        minute: Stake,
        day: Option<Stake>,
    },
    /// Of those limits that the scope has.
    Together {
        requests: Option<portions::Stake>,
        tokens: Option<portions::Stake>,
        day: Option<portions::Stake>,
    },
}

/// What one call was counted for in one kind of window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stake {
    /// The beginning of the window that `here` stands in.
    began_ms: i64,
    /// Tokens counted in that window.
    here: u64,
    /// Tokens counted in windows that are over.
    before: u64,
}

impl Counter {
    /// `shared`: several processes count it together.
    pub fn new(scope: Scope, serial: u64, shared: bool) -> Self {
        let used = Used {
            portions: shared.then(Box::default),
            ..Used::default()
        };
        Self {
            scope,
            serial,
            used: Mutex::new(used),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, Used> {
        // A panic cannot leave it half-written: it is changed by plain sums only.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wanted {
    /// What is asked of a token limit: the estimate, but no more than the limit itself, or a
    /// call with a long `max_tokens` could never go.
    pub fn capped(&self, limit: Option<u64>) -> u64 {
        limit.map_or(self.tokens, |limit| self.tokens.min(limit))
    }
}

impl<const LENGTH: i64> Window<LENGTH> {
    /// Forgets a window that is over, and says so. The next begins with the next call that is
    /// admitted.
    fn keep_time(&mut self, now_ms: i64) -> bool {
        let over = self.began_ms.is_some() && self.is_idle(now_ms);
        if over {
            *self = Self::default();
        }
        over
    }

    /// Over after its length, and if the clock was set back by more than that. A smaller step
    /// back is two threads that read the clock in one order and came here in the other.
    fn is_idle(&self, now_ms: i64) -> bool {
        self.began_ms
            .is_none_or(|began| now_ms.saturating_sub(began).saturating_abs() >= LENGTH)
    }

    fn add(&mut self, tokens: u64, now_ms: i64) -> Stake {
        self.tokens = self.tokens.saturating_add(tokens);
        Stake {
            began_ms: *self.began_ms.get_or_insert(now_ms),
            here: tokens,
            before: 0,
        }
    }

    /// Replaces the estimate by what the call used. In a later window only what exceeds the
    /// tokens counted before it is counted: those stood in a window that is over.
    fn correct(&mut self, stake: &mut Stake, tokens: u64, now_ms: i64) {
        if self.began_ms != Some(stake.began_ms) {
            stake.before = stake.before.saturating_add(stake.here);
            stake.here = 0;
            stake.began_ms = *self.began_ms.get_or_insert(now_ms);
        }
        let here = tokens.saturating_sub(stake.before);
        self.tokens = self.tokens.saturating_sub(stake.here).saturating_add(here);
        stake.here = here;
    }

    /// Takes back what was counted, if its window still runs; whether it does.
    fn withdraw(&mut self, stake: Stake) -> bool {
        let runs = self.began_ms == Some(stake.began_ms);
        if runs {
            self.tokens = self.tokens.saturating_sub(stake.here);
        }
        runs
    }

    fn ends_ms(&self, now_ms: i64) -> i64 {
        self.began_ms.unwrap_or(now_ms).saturating_add(LENGTH)
    }
}

impl Used {
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Forgets windows that are over.
    pub fn keep_time(&mut self, now_ms: i64) {
        if let Some(portions) = &mut self.portions {
            return portions.keep_time(now_ms);
        }
        if self.minute.keep_time(now_ms) {
            self.requests = 0;
        }
        self.day.keep_time(now_ms);
    }

    /// Nothing is counted here that anyone could miss.
    pub fn is_idle(&self, now_ms: i64) -> bool {
        let windows = || self.minute.is_idle(now_ms) && self.day.is_idle(now_ms);
        let shared = self.portions.as_ref().map(|it| it.is_idle(now_ms));
        self.parallel == 0 && shared.unwrap_or_else(windows)
    }

    /// Whether a call may enter, where several processes count together. Changes nothing that is
    /// counted.
    pub fn judge(&mut self, scope: &Scope, wanted: &Wanted, rule: Rule, now_ms: i64) -> Verdict {
        self.limits = wanted.limits;
        let parallel = self.parallel;
        let Some(portions) = &mut self.portions else {
            return match self.refusal(scope, wanted, now_ms) {
                Some(refusal) => Verdict::Full(refusal),
                None => Verdict::Room,
            };
        };
        let mut asks = Vec::new();
        for (what, limit, need) in needs(wanted) {
            let bucket = match what {
                LimitType::Requests => &mut portions.requests,
                LimitType::Tokens => &mut portions.tokens,
                LimitType::TokensPerDay => &mut portions.day,
                LimitType::MaxParallelRequests => {
                    let places = &mut portions.places;
                    match places.answer(limit, parallel, rule, now_ms) {
                        Answer::Room => {}
                        Answer::Ask => asks.push(places.ask(scope, limit, parallel)),
                        Answer::Full => {
                            let at = now_ms.saturating_add(PARALLEL_RETRY_MS);
                            let of = (
                                limit,
                                places.remaining(parallel).min(need.saturating_sub(1)),
                            );
                            let full = Refusal::new(scope.clone(), what, of, at, now_ms);
                            return Verdict::Full(full);
                        }
                    }
                    continue;
                }
            };
            bucket.set_limit(limit);
            match bucket.answer(limit, need, rule, now_ms) {
                Answer::Room => {}
                Answer::Ask => asks.push(bucket.ask(scope, need)),
                Answer::Full => {
                    let of = (limit, bucket.remaining(limit).min(need.saturating_sub(1)));
                    let ends = bucket.ends_ms(now_ms);
                    return Verdict::Full(Refusal::new(scope.clone(), what, of, ends, now_ms));
                }
            }
        }
        if asks.is_empty() {
            Verdict::Room
        } else {
            Verdict::Ask(asks)
        }
    }

    /// What is shared here. None: this process counts alone. With the calls at once.
    pub fn portions(&mut self) -> Option<(&mut Portions, u64)> {
        let parallel = self.parallel;
        Some((self.portions.as_deref_mut()?, parallel))
    }

    /// The limit that keeps the call out, if any. Changes nothing.
    pub fn refusal(&self, scope: &Scope, wanted: &Wanted, now_ms: i64) -> Option<Refusal> {
        let Limits {
            requests_per_minute,
            tokens_per_minute,
            tokens_per_day,
            max_parallel_requests,
        } = wanted.limits;
        let ends = self.minute.ends_ms(now_ms);
        let soon = now_ms.saturating_add(PARALLEL_RETRY_MS);
        // A window that is used up takes no call.
        let tokens = |limit| wanted.capped(limit).max(1);
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
                self.minute.tokens,
                tokens(tokens_per_minute),
                ends,
            ),
            (
                LimitType::TokensPerDay,
                tokens_per_day,
                self.day.tokens,
                tokens(tokens_per_day),
                self.day.ends_ms(now_ms),
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
        self.parallel = self.parallel.saturating_add(1);
        let Limits {
            requests_per_minute,
            tokens_per_minute,
            tokens_per_day,
            max_parallel_requests,
        } = wanted.limits;
        if let Some(portions) = &mut self.portions {
            if max_parallel_requests.is_some() {
                portions.places.entered(self.parallel);
            }
            let minute = wanted.capped(tokens_per_minute);
            let day = wanted.capped(tokens_per_day);
            return Counted::Together {
                requests: requests_per_minute.map(|_| portions.requests.add(1, now_ms)),
                tokens: tokens_per_minute.map(|_| portions.tokens.add(minute, now_ms)),
                day: tokens_per_day.map(|_| portions.day.add(day, now_ms)),
            };
        }
        self.requests = self.requests.saturating_add(1);
        let tokens = wanted.capped(tokens_per_day);
        Counted::Alone {
            minute: self.minute.add(wanted.capped(tokens_per_minute), now_ms),
            day: tokens_per_day.map(|_| self.day.add(tokens, now_ms)),
        }
    }

    /// Replaces the estimate by what the call used.
    pub fn correct(&mut self, counted: &mut Counted, used: u64, now_ms: i64) {
        self.keep_time(now_ms);
        match counted {
            Counted::Alone { minute, day } => {
                self.minute.correct(minute, used, now_ms);
                if let Some(day) = day {
                    self.day.correct(day, used, now_ms);
                }
            }
            Counted::Together { tokens, day, .. } => {
                let Some(portions) = &mut self.portions else {
                    return;
                };
                if let Some(tokens) = tokens {
                    portions.tokens.correct(tokens, used, now_ms);
                }
                if let Some(day) = day {
                    portions.day.correct(day, used, now_ms);
                }
            }
        }
    }

    /// The call never began: takes back what was counted for it.
    pub fn withdraw(&mut self, counted: &Counted) {
        match *counted {
            Counted::Alone { minute, day } => self.withdraw_alone(minute, day),
            Counted::Together {
                requests,
                tokens,
                day,
            } => {
                let Some(portions) = &mut self.portions else {
                    return;
                };
                for (bucket, stake) in portions.buckets().into_iter().zip([requests, tokens, day]) {
                    if let Some(stake) = stake {
                        bucket.withdraw(stake);
                    }
                }
            }
        }
    }

    fn withdraw_alone(&mut self, minute: Stake, day: Option<Stake>) {
        if self.minute.withdraw(minute) {
            self.requests = self.requests.saturating_sub(1);
            if self.requests == 0 && self.minute.tokens == 0 {
                // Nobody else is in it, so it has not begun.
                self.minute = Window::default();
            }
        }
        if let Some(day) = day
            && self.day.withdraw(day)
            && self.day.tokens == 0
        {
            self.day = Window::default();
        }
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
        if let Some(portions) = &self.portions {
            let left = |limit: Option<u64>, bucket: &portions::Bucket| {
                limit.map(|limit| Remaining {
                    limit,
                    remaining: bucket.remaining(limit),
                })
            };
            let has_requests = limits.requests_per_minute.is_some();
            let of_minute = match has_requests {
                true => &portions.requests,
                false => &portions.tokens,
            };
            return Standing {
                scope: scope.clone(),
                requests: left(limits.requests_per_minute, &portions.requests),
                tokens: left(limits.tokens_per_minute, &portions.tokens),
                tokens_of_day: left(limits.tokens_per_day, &portions.day),
                resets_at_ms: of_minute.ends_ms(now_ms),
            };
        }
        Standing {
            scope: scope.clone(),
            requests: remaining(limits.requests_per_minute, self.requests),
            tokens: remaining(limits.tokens_per_minute, self.minute.tokens),
            tokens_of_day: remaining(limits.tokens_per_day, self.day.tokens),
            resets_at_ms: self.minute.ends_ms(now_ms),
        }
    }
}

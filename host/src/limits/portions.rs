//! What this process may use of limits that several processes keep together.
//!
//! Of a window it is granted portions: an eighth of what is left, down to one call, so that what is
//! admitted everywhere is never more than the limit. Of the places among the calls at once it holds
//! some for as long as it says so. Nothing here asks anyone: the limiter does.
//!
//! While the count cannot be asked for, what was granted is used up, and then this process's part
//! of what was left, or of the whole limit in a window that begins meanwhile. What it uses so it
//! owes, and tells with its next question.

use std::sync::atomic::{AtomicU64, Ordering};

use super::counter::Wanted;
use super::pool::{Ask, Given};
use super::refusal::LimitType;
use super::scope::Scope;

/// How long a refusal holds before the count is asked again: others may have given back.
const DRY_MS: i64 = 100;
/// Places that are taken beyond the one that is needed, at most.
const MORE_PLACES: u64 = 15;

/// Numbers of places, each used once.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// How a process counts that shares its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The common count can be asked.
    Together,
    /// It cannot; so many processes are known.
    CutOff { processes: u64 },
}

/// Whether there is room, as far as this process knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Room,
    /// The common count has to be asked.
    Ask,
    Full,
}

/// The shared limits of one scope.
#[derive(Debug)]
pub(super) struct Portions {
    pub requests: Bucket,
    pub tokens: Bucket,
    pub day: Bucket,
    pub places: Places,
}

/// One kind of window.
#[derive(Debug)]
pub(super) struct Bucket {
    limit_type: LimitType,
    length_ms: i64,
    /// As the keeper of the count names it. None: it has not been asked in this window.
    began: Option<i64>,
    /// None: no window runs.
    ends_ms: Option<i64>,
    /// Counts windows, so that a call finds the one that it was counted in.
    number: u64,
    limit: u64,
    granted: u64,
    used: u64,
    /// What nobody had been granted, when that was last told.
    left: u64,
    dry_until_ms: i64,
    /// A question is under way that tells what is owed.
    telling: bool,
}

/// What one call was counted for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stake {
    number: u64,
    here: u64,
    before: u64,
}

/// Places among the calls at once.
#[derive(Debug, Default)]
pub(super) struct Places {
    limit: u64,
    /// Numbers of those that are held, used or not.
    held: Vec<u64>,
    /// The most calls at once since the last [`Places::upkeep`].
    peak: u64,
    left: u64,
    dry_until_ms: i64,
}

impl Default for Portions {
    fn default() -> Self {
        Self {
            requests: Bucket::new(LimitType::Requests),
            tokens: Bucket::new(LimitType::Tokens),
            day: Bucket::new(LimitType::TokensPerDay),
            places: Places::default(),
        }
    }
}

impl Portions {
    pub fn buckets(&mut self) -> [&mut Bucket; 3] {
        [&mut self.requests, &mut self.tokens, &mut self.day]
    }

    /// The windows of a limit. None: it has places.
    pub fn bucket(&mut self, limit_type: LimitType) -> Option<&mut Bucket> {
        match limit_type {
            LimitType::Requests => Some(&mut self.requests),
            LimitType::Tokens => Some(&mut self.tokens),
            LimitType::TokensPerDay => Some(&mut self.day),
            LimitType::MaxParallelRequests => None,
        }
    }

    pub fn keep_time(&mut self, now_ms: i64) {
        for bucket in self.buckets() {
            bucket.keep_time(now_ms);
        }
    }

    /// Nothing is counted or held here that anyone could miss.
    pub fn is_idle(&self, now_ms: i64) -> bool {
        let buckets = [&self.requests, &self.tokens, &self.day];
        self.places.held.is_empty() && buckets.iter().all(|it| it.is_over(now_ms))
    }

    /// Takes over what was answered.
    pub fn take(&mut self, ask: &Ask, given: &Given, now_ms: i64) {
        match self.bucket(ask.limit_type) {
            Some(bucket) => bucket.take(given, now_ms),
            None => self.places.take(ask.numbers.0, given, now_ms),
        }
    }

    /// What was used beyond what was granted, to be told.
    pub fn owed(&mut self, scope: &Scope, now_ms: i64) -> Vec<Ask> {
        let mut owed = Vec::new();
        for bucket in self.buckets() {
            bucket.keep_time(now_ms);
            if bucket.used > bucket.granted {
                owed.push(bucket.ask(scope, 0));
            }
        }
        owed
    }
}

impl Bucket {
    const fn new(limit_type: LimitType) -> Self {
        Self {
            limit_type,
            length_ms: match Ask::window_ms(limit_type) {
                Some(length) => length,
                None => 0,
            },
            began: None,
            ends_ms: None,
            number: 0,
            limit: 0,
            granted: 0,
            used: 0,
            left: 0,
            dry_until_ms: i64::MIN,
            telling: false,
        }
    }

    /// Over at its end, and if the clock was set back by so much that the end is too far away.
    fn is_over(&self, now_ms: i64) -> bool {
        self.ends_ms.is_none_or(|ends| {
            let left = ends.saturating_sub(now_ms);
            left <= 0 || left > self.length_ms.saturating_mul(2)
        })
    }

    fn keep_time(&mut self, now_ms: i64) {
        if self.ends_ms.is_some() && self.is_over(now_ms) {
            *self = Self {
                number: self.number.wrapping_add(1),
                ..Self::new(self.limit_type)
            };
        }
    }

    pub fn ends_ms(&self, now_ms: i64) -> i64 {
        let ends = self.ends_ms;
        ends.unwrap_or(now_ms.saturating_add(self.length_ms))
    }

    /// What may still be used here, and what of it nobody was granted.
    pub fn remaining(&self, limit: u64) -> u64 {
        if self.began.is_none() {
            return limit.saturating_sub(self.used);
        }
        let own = self.granted.saturating_sub(self.used);
        own.saturating_add(self.left).min(limit)
    }

    pub fn answer(&self, limit: u64, need: u64, rule: Rule, now_ms: i64) -> Answer {
        let wanted = self.used.saturating_add(need);
        if need > limit {
            return Answer::Full;
        }
        let may = match rule {
            Rule::Together if wanted <= self.granted => true,
            Rule::Together if now_ms < self.dry_until_ms => false,
            Rule::Together => return Answer::Ask,
            Rule::CutOff { processes } => {
                let rest = match self.began {
                    Some(_) => self.left.min(limit),
                    None => limit,
                };
                let part = rest.div_ceil(processes.max(1));
                // One call that is more than a part goes nevertheless, or none would.
                let first = self.used <= self.granted && need <= rest;
                first || wanted <= self.granted.saturating_add(part)
            }
        };
        if may { Answer::Room } else { Answer::Full }
    }

    pub fn ask(&mut self, scope: &Scope, need: u64) -> Ask {
        let beyond = self.used.saturating_add(need);
        let known = self.granted.max(self.used);
        Ask {
            scope: scope.clone(),
            limit_type: self.limit_type,
            limit: self.limit,
            need: beyond.saturating_sub(known),
            owed: self.used.saturating_sub(self.granted),
            used: self.used,
            began: self.began,
            numbers: (0, 0),
        }
    }

    /// Has a question tell what is owed by now, or nothing of it if another one does. Gives the window
    /// that is told of.
    pub fn tell(&mut self, ask: &mut Ask) -> Option<u64> {
        (ask.owed, ask.used) = (0, 0);
        if self.telling || self.used == 0 {
            return None;
        }
        ask.owed = self.used.saturating_sub(self.granted);
        (ask.used, ask.began) = (self.used, self.began);
        self.telling = true;
        Some(self.number)
    }

    /// The question of [`tell`](Self::tell) is over.
    pub fn told(&mut self, number: u64) {
        if self.number == number {
            self.telling = false;
        }
    }

    pub fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    fn take(&mut self, given: &Given, now_ms: i64) {
        self.keep_time(now_ms);
        match self.began {
            Some(began) if began == given.began => {
                self.granted = self.granted.saturating_add(given.granted);
            }
            // Of a window that is over.
            Some(began) if began > given.began && given.ends_ms <= now_ms => return,
            // The first answer of this window; or the count was lost, or its clock set back, and what
            // is used was owed anew.
            Some(_) | None => {
                self.began = Some(given.began);
                self.granted = given.granted;
            }
        }
        self.ends_ms = Some(given.ends_ms);
        self.left = given.left;
        if !given.enough {
            self.dry_until_ms = now_ms.saturating_add(DRY_MS);
        }
    }

    pub fn add(&mut self, amount: u64, now_ms: i64) -> Stake {
        if self.ends_ms.is_none() {
            self.ends_ms = Some(now_ms.saturating_add(self.length_ms));
        }
        self.used = self.used.saturating_add(amount);
        Stake {
            number: self.number,
            here: amount,
            before: 0,
        }
    }

    /// As a window that is counted alone does it.
    pub fn correct(&mut self, stake: &mut Stake, amount: u64, now_ms: i64) {
        self.keep_time(now_ms);
        if self.number != stake.number {
            stake.before = stake.before.saturating_add(stake.here);
            (stake.here, stake.number) = (0, self.number);
        }
        let here = amount.saturating_sub(stake.before);
        if here > 0 && self.ends_ms.is_none() {
            self.ends_ms = Some(now_ms.saturating_add(self.length_ms));
        }
        self.used = self.used.saturating_sub(stake.here).saturating_add(here);
        stake.here = here;
    }

    pub fn withdraw(&mut self, stake: Stake) {
        if self.number == stake.number {
            self.used = self.used.saturating_sub(stake.here);
        }
    }

    /// Gives up what is not used: the window, and how much of it.
    pub fn give_back(&mut self, now_ms: i64) -> Option<(i64, u64)> {
        self.keep_time(now_ms);
        let unused = self.granted.checked_sub(self.used).filter(|it| *it > 0)?;
        let began = self.began?;
        self.granted = self.used;
        Some((began, unused))
    }
}

impl Places {
    pub fn answer(&self, limit: u64, parallel: u64, rule: Rule, now_ms: i64) -> Answer {
        let wanted = parallel.saturating_add(1);
        let held = self.count();
        let may = match rule {
            _ if limit == 0 => false,
            Rule::Together if wanted <= held => true,
            Rule::Together if now_ms < self.dry_until_ms => false,
            Rule::Together => return Answer::Ask,
            Rule::CutOff { processes } => wanted <= held.max(limit.div_ceil(processes.max(1))),
        };
        if may { Answer::Room } else { Answer::Full }
    }

    pub fn ask(&mut self, scope: &Scope, limit: u64, parallel: u64) -> Ask {
        self.limit = limit;
        let need = parallel.saturating_add(1).saturating_sub(self.count());
        let most = need.saturating_add(MORE_PLACES);
        Ask {
            scope: scope.clone(),
            limit_type: LimitType::MaxParallelRequests,
            limit,
            need,
            owed: 0,
            used: 0,
            began: None,
            numbers: (NUMBERS.fetch_add(most, Ordering::Relaxed), most),
        }
    }

    fn count(&self) -> u64 {
        u64::try_from(self.held.len()).unwrap_or(u64::MAX)
    }

    pub fn remaining(&self, parallel: u64) -> u64 {
        let own = self.count().saturating_sub(parallel);
        own.saturating_add(self.left)
    }

    fn take(&mut self, first: u64, given: &Given, now_ms: i64) {
        self.held
            .extend((0..given.granted).map(|it| first.saturating_add(it)));
        self.left = given.left;
        if !given.enough {
            self.dry_until_ms = now_ms.saturating_add(DRY_MS);
        }
    }

    /// So many calls are under way now.
    pub fn entered(&mut self, parallel: u64) {
        self.peak = self.peak.max(parallel);
        // While the count cannot be asked: it is told of them with the next renewal.
        while self.count() < parallel {
            self.held.push(NUMBERS.fetch_add(1, Ordering::Relaxed));
        }
    }

    /// Places that are still held, and those that were not needed since the last time.
    pub fn upkeep(&mut self, parallel: u64) -> (Vec<u64>, Vec<u64>) {
        let needed = self.peak.max(parallel);
        self.peak = parallel;
        let freed = self.give_up(needed);
        (self.held.clone(), freed)
    }

    /// Gives up all but so many.
    pub fn give_up(&mut self, needed: u64) -> Vec<u64> {
        let needed = usize::try_from(needed).unwrap_or(usize::MAX);
        self.held.split_off(needed.min(self.held.len()))
    }
}

/// What a call wants of each limit that the scope has, in the order in which they are named.
pub(super) fn needs(wanted: &Wanted) -> impl Iterator<Item = (LimitType, u64, u64)> {
    let limits = wanted.limits;
    // A window that is used up takes no call.
    let tokens = |limit: Option<u64>| wanted.capped(limit).max(1);
    let needs = [
        (LimitType::Requests, limits.requests_per_minute, 1),
        (
            LimitType::Tokens,
            limits.tokens_per_minute,
            tokens(limits.tokens_per_minute),
        ),
        (
            LimitType::TokensPerDay,
            limits.tokens_per_day,
            tokens(limits.tokens_per_day),
        ),
        (
            LimitType::MaxParallelRequests,
            limits.max_parallel_requests,
            1,
        ),
    ];
    needs
        .into_iter()
        .filter_map(|(what, limit, need)| Some((what, limit?, need)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    #[test]
    fn cut_off_a_call_that_is_more_than_a_part_goes_and_no_second_one() {
        let rule = Rule::CutOff { processes: 3 };
        let mut bucket = Bucket::new(LimitType::Tokens);
        assert_eq!(bucket.answer(2_000, 1_034, rule, NOW), Answer::Room);
        bucket.add(1_034, NOW);
        assert_eq!(bucket.answer(2_000, 1_034, rule, NOW), Answer::Full);
        assert_eq!(bucket.answer(2_000, 2_001, rule, NOW), Answer::Full);
    }

    #[test]
    fn a_count_whose_clock_was_set_back_is_followed_and_an_old_answer_is_not() {
        let given = |began, ends_ms| Given {
            enough: true,
            granted: 5,
            left: 7,
            began,
            ends_ms,
        };
        let mut bucket = Bucket::new(LimitType::Requests);
        bucket.take(&given(NOW, NOW + 60_000), NOW);
        bucket.take(&given(NOW - 90_000, NOW - 30_000), NOW);
        assert_eq!(bucket.began, Some(NOW));
        bucket.take(&given(NOW - 5_000, NOW + 55_000), NOW);
        assert_eq!((bucket.began, bucket.granted), (Some(NOW - 5_000), 5));
    }
}

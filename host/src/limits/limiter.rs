//! Every counter in memory, found by its scope.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::admission::{Admission, Place};
use super::counter::{Counter, Used, Verdict, Wanted};
use super::pool::{Ask, Given, Pool};
use super::portions::Rule;
use super::refusal::Refusal;
use super::scope::{Limits, Scope, ScopeKind, Standing};
use super::tokens::{TokenCounting, Tokens};

/// Parts of the map, each with its lock: far more than threads, so that they seldom meet.
const SHARDS: usize = 64;

/// Scopes in a shard below which nobody looks for idle ones.
const FEW: usize = 64;

/// Counts the calls of this process.
///
/// Scopes are there while they are used: idle ones are dropped as new ones come, so that memory is
/// bounded by what is called within two windows.
#[derive(Debug)]
pub struct Limiter {
    shards: Vec<Mutex<Shard>>,
    next_serial: AtomicU64,
    counting: ArcSwap<TokenCounting>,
    pub(super) shared: Option<Shared>,
}

/// What keeps the count for several processes.
#[derive(Debug)]
pub(super) struct Shared {
    pub pool: Arc<dyn Pool>,
    /// Held by who asks: others who need the same look again first.
    pub lanes: Vec<tokio::sync::Mutex<()>>,
    /// No call with limits goes while the pool does not answer.
    pub strict: AtomicBool,
}

#[derive(Debug)]
struct Shard {
    counters: HashMap<Scope, Arc<Counter>>,
    /// Idle counters are looked for when there are this many.
    sweep_at: usize,
}

impl Limiter {
    pub fn new(counting: TokenCounting) -> Self {
        Self::with(counting, None)
    }

    /// Counts together with other processes, whose count the pool keeps.
    pub fn shared(counting: TokenCounting, pool: Arc<dyn Pool>) -> Self {
        let lanes = (0..SHARDS).map(|_| tokio::sync::Mutex::default()).collect();
        let shared = Shared {
            pool,
            lanes,
            strict: AtomicBool::new(false),
        };
        Self::with(counting, Some(shared))
    }

    fn with(counting: TokenCounting, shared: Option<Shared>) -> Self {
        let shard = || {
            Mutex::new(Shard {
                counters: HashMap::new(),
                sweep_at: FEW,
            })
        };
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            next_serial: AtomicU64::new(0),
            counting: ArcSwap::from_pointee(counting),
            shared,
        }
    }

    /// How tokens are counted from now on; calls under way are counted as they began.
    pub fn set_counting(&self, counting: TokenCounting) {
        self.counting.store(Arc::new(counting));
    }

    /// Admits a call to every scope of its path, or to none, as far as this process knows. The
    /// estimated tokens stand until [`Admission::settle`]. A scope named twice counts once, by its
    /// first limits; one without limits is not counted.
    ///
    /// # Errors
    /// The first limit of the path that is in the way; nothing was counted. With limits that are
    /// shared, this is [`let_in`](Self::let_in) of a process that is cut off from the others.
    pub fn admit(
        &self,
        path: &[(Scope, Limits)],
        estimate: Tokens,
        now_ms: i64,
    ) -> Result<Admission, Box<Refusal>> {
        let processes = self.shared.as_ref().map_or(1, |it| it.pool.processes());
        let rule = Rule::CutOff { processes };
        match self.attempt(path, estimate, rule, now_ms) {
            Ok(admission) => Ok(admission),
            Err(Denied::Full(refusal) | Denied::Ask { refusal, .. }) => Err(refusal),
        }
    }

    /// As [`admit`](Self::admit), by what this process knows; or what has to be asked first.
    pub(super) fn attempt(
        &self,
        path: &[(Scope, Limits)],
        estimate: Tokens,
        rule: Rule,
        now_ms: i64,
    ) -> Result<Admission, Denied> {
        let counting = **self.counting.load();
        let tokens = counting.count(estimate);
        let mut places: Vec<(usize, Arc<Counter>, Wanted)> = path
            .iter()
            .enumerate()
            .filter(|(_, (_, limits))| !limits.is_none())
            .map(|(at, (scope, limits))| {
                let wanted = Wanted {
                    limits: *limits,
                    tokens,
                };
                (at, self.counter(scope, now_ms), wanted)
            })
            .collect();
        places.sort_unstable_by_key(|(at, counter, _)| (counter.serial, *at));
        places.dedup_by_key(|(_, counter, _)| counter.serial);

        // Always in the same order, so that two calls never wait for each other.
        let mut used: Vec<MutexGuard<'_, Used>> = places
            .iter()
            .map(|(_, counter, _)| counter.lock())
            .collect();
        let mut refused: Option<(usize, Refusal)> = None;
        let mut asks: Vec<(usize, Vec<Ask>)> = Vec::new();
        for ((at, counter, wanted), used) in places.iter().zip(&mut used) {
            used.keep_time(now_ms);
            match used.judge(&counter.scope, wanted, rule, now_ms) {
                Verdict::Full(refusal) if refused.as_ref().is_none_or(|(first, _)| at < first) => {
                    refused = Some((*at, refusal));
                }
                Verdict::Ask(more) => asks.push((*at, more)),
                Verdict::Full(_) | Verdict::Room => {}
            }
        }
        if let Some((_, refusal)) = refused {
            return Err(Denied::Full(Box::new(refusal)));
        }
        asks.sort_unstable_by_key(|(at, _)| *at);
        let asks: Vec<Ask> = asks.into_iter().flat_map(|(_, asks)| asks).collect();
        if let Some(first) = asks.first() {
            let of = (first.limit, 0);
            let refusal = Refusal::new(first.scope.clone(), first.limit_type, of, now_ms, now_ms);
            let refusal = Box::new(refusal);
            return Err(Denied::Ask { asks, refusal });
        }
        let counted: Vec<_> = places
            .iter()
            .zip(&mut used)
            .map(|((_, _, wanted), used)| used.add(wanted, now_ms))
            .collect();
        drop(used);
        places.sort_unstable_by_key(|(at, _, _)| *at);
        let places = places
            .into_iter()
            .zip(counted)
            .map(|((_, counter, wanted), counted)| Place::new(counter, wanted.limits, counted))
            .collect();
        Ok(Admission::new(places, counting))
    }

    /// Takes over what the common count answered.
    pub(super) fn take(&self, asks: &[Ask], given: &[Given], now_ms: i64) {
        for (ask, given) in asks.iter().zip(given) {
            let counter = self.counter(&ask.scope, now_ms);
            if let Some((portions, _)) = counter.lock().portions() {
                portions.take(ask, given, now_ms);
            }
        }
    }

    /// Every counter, some at a time.
    pub(super) fn counters(&self) -> impl Iterator<Item = Arc<Counter>> {
        self.shards.iter().flat_map(|shard| {
            let counters: Vec<_> = lock(shard).counters.values().cloned().collect();
            counters
        })
    }

    /// The counter of a scope, if there is one.
    pub(super) fn known(&self, scope: &Scope) -> Option<Arc<Counter>> {
        self.shard(scope).counters.get(scope).cloned()
    }

    /// What is left to each scope of a path, without a call: for `/key/info` and refusals.
    pub fn standings(&self, path: &[(Scope, Limits)], now_ms: i64) -> Vec<Standing> {
        path.iter()
            .filter(|(_, limits)| !limits.is_none())
            .map(|(scope, limits)| {
                match self.known(scope) {
                    Some(counter) => {
                        let mut used = counter.lock();
                        used.keep_time(now_ms);
                        used.standing(scope, limits, now_ms)
                    }
                    // Alone or not: nothing is used here.
                    None => Used::default().standing(scope, limits, now_ms),
                }
            })
            .collect()
    }

    /// What is left to every scope of these kinds that calls came to of late.
    pub fn known_standings(&self, kinds: &[ScopeKind], now_ms: i64) -> Vec<Standing> {
        let known = self.counters().filter(|it| kinds.contains(&it.scope.kind));
        let standing = known.map(|counter| {
            let mut used = counter.lock();
            used.keep_time(now_ms);
            let limits = used.limits();
            used.standing(&counter.scope, &limits, now_ms)
        });
        standing.collect()
    }

    /// Drops the scopes that are idle at `now_ms`, if the caller wants the memory sooner than new
    /// scopes would bring it; returns how many.
    pub fn sweep(&self, now_ms: i64) -> usize {
        self.shards
            .iter()
            .map(|shard| lock(shard).sweep(now_ms))
            .sum()
    }

    /// Scopes in memory.
    pub fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| lock(shard).counters.len())
            .sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn counter(&self, scope: &Scope, now_ms: i64) -> Arc<Counter> {
        let mut shard = self.shard(scope);
        if let Some(counter) = shard.counters.get(scope) {
            return Arc::clone(counter);
        }
        if shard.counters.len() >= shard.sweep_at {
            shard.sweep(now_ms);
        }
        let serial = self.next_serial.fetch_add(1, Ordering::Relaxed);
        let shared = self.shared.is_some();
        let counter = Arc::new(Counter::new(scope.clone(), serial, shared));
        shard.counters.insert(scope.clone(), Arc::clone(&counter));
        counter
    }

    fn shard(&self, scope: &Scope) -> MutexGuard<'_, Shard> {
        lock(&self.shards[shard_of(&scope.id)])
    }
}

impl Shard {
    fn sweep(&mut self, now_ms: i64) -> usize {
        let before = self.counters.len();
        self.counters.retain(|_, counter| {
            // Nobody else can get hold of it while the shard is locked.
            Arc::strong_count(counter) > 1 || !counter.lock().is_idle(now_ms)
        });
        let after = self.counters.len();
        if after < self.counters.capacity() / 4 {
            self.counters.shrink_to_fit();
        }
        self.sweep_at = after.saturating_mul(2).max(FEW);
        before - after
    }
}

/// Why a call is not in yet.
#[derive(Debug)]
pub(super) enum Denied {
    Full(Box<Refusal>),
    /// The common count has to be asked this; the refusal, if nobody answers in time.
    Ask {
        asks: Vec<Ask>,
        refusal: Box<Refusal>,
    },
}

/// The shard of an id, by its last bytes: the map within it hashes the whole.
pub(super) fn shard_of(id: &str) -> usize {
    let mix = |sum: usize, byte: u8| sum.wrapping_mul(31).wrapping_add(byte.into());
    id.bytes().rev().take(8).fold(0, mix) % SHARDS
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

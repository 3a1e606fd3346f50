//! Letting calls in where several processes share their limits: the common count is asked when what
//! this process was granted is used up, and never for the calls in between.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::admission::Admission;
use super::counter::Counter;
use super::limiter::{Denied, Limiter, Shared, shard_of};
use super::pool::{Ask, Back, Held};
use super::portions::Rule;
use super::refusal::{LimitType, Refusal};
use super::scope::{Limits, Scope};
use super::tokens::Tokens;

/// How long a call that finds nothing left waits for what other processes give back, before the
/// count is asked a second time.
const GIVING_BACK: Duration = Duration::from_millis(15);
/// Times that one call asks: others may use up what it was granted.
const TURNS: usize = 20;
/// Questions that go out together.
const AT_ONCE: usize = 200;

/// Why a call is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    #[error(transparent)]
    Limit(#[from] Box<Refusal>),
    /// The common count does not answer, and no call goes without it.
    #[error("rate limits are shared through Redis, and Redis does not answer")]
    Uncounted,
}

impl Limiter {
    /// Whether calls with limits are refused while the common count does not answer
    /// (`fail_closed_rate_limit_enforcement`).
    pub fn set_strict(&self, strict: bool) {
        if let Some(shared) = &self.shared {
            shared.strict.store(strict, Ordering::Relaxed);
        }
    }

    /// Admits a call to every scope of its path, or to none, as [`admit`](Self::admit) does; where
    /// limits are shared, by the common count.
    ///
    /// # Errors
    /// The first limit of the path that is in the way; nothing was counted.
    pub async fn let_in(
        &self,
        path: &[(Scope, Limits)],
        estimate: Tokens,
        now_ms: i64,
    ) -> Result<Admission, Barred> {
        let Some(shared) = &self.shared else {
            return Ok(self.admit(path, estimate, now_ms)?);
        };
        let began = Instant::now();
        let mut last = None;
        for _ in 0..TURNS {
            let now_ms = later(now_ms, began);
            let asks = match self.attempt(path, estimate, Rule::Together, now_ms) {
                Ok(admission) => return Ok(admission),
                Err(Denied::Full(refusal)) => return Err(refusal.into()),
                Err(Denied::Ask { asks, .. }) => asks,
            };
            if !shared.pool.is_there() {
                return self.cut_off(shared, path, estimate, now_ms);
            }
            let lane = asks.first().map_or(0, |it| shard_of(&it.scope.id));
            let turn = match shared.lanes.get(lane) {
                Some(lane) => Some(lane.lock().await),
                None => None,
            };
            // Whoever had the lane before may have asked for this call too.
            let now_ms = later(now_ms, began);
            let asks = match self.attempt(path, estimate, Rule::Together, now_ms) {
                Ok(admission) => return Ok(admission),
                Err(Denied::Full(refusal)) => return Err(refusal.into()),
                Err(Denied::Ask { asks, refusal }) => {
                    last = Some(refusal);
                    asks
                }
            };
            if !self.ask(shared, asks, turn, now_ms).await {
                return self.cut_off(shared, path, estimate, later(now_ms, began));
            }
        }
        match last {
            Some(refusal) => Err(refusal.into()),
            None => self.cut_off(shared, path, estimate, now_ms),
        }
    }

    /// Asks the count, and a second time if others may have something to give back. Whether it
    /// answered. `turn` is held while the first question is under way.
    async fn ask<T>(&self, shared: &Shared, mut asks: Vec<Ask>, turn: T, now_ms: i64) -> bool {
        let telling = self.tell(&mut asks);
        let Some(given) = shared.pool.take(&asks).await else {
            return false;
        };
        self.take(&asks, &given, now_ms);
        drop((telling, turn));
        if given.iter().all(|it| it.enough) || shared.pool.processes() < 2 {
            return true;
        }
        sleep(GIVING_BACK).await;
        // What is owed was told.
        let asks: Vec<Ask> = asks.iter().zip(&given).map(again).collect();
        let Some(given) = shared.pool.take(&asks).await else {
            return false;
        };
        self.take(&asks, &given, now_ms);
        true
    }

    fn cut_off(
        &self,
        shared: &Shared,
        path: &[(Scope, Limits)],
        estimate: Tokens,
        now_ms: i64,
    ) -> Result<Admission, Barred> {
        if shared.strict.load(Ordering::Relaxed) {
            return Err(Barred::Uncounted);
        }
        Ok(self.admit(path, estimate, now_ms)?)
    }

    /// Tells the common count what was used without it, and, if `renews`, which places are still
    /// held. To be done well within the time after which places that nobody renews are free.
    pub async fn upkeep(&self, now_ms: i64, renews: bool) {
        let Some(shared) = &self.shared else {
            return;
        };
        let mut owed = Vec::new();
        for counter in self.counters() {
            if let Some((portions, _)) = counter.lock().portions() {
                owed.extend(portions.owed(&counter.scope, now_ms));
            }
        }
        for asks in owed.chunks_mut(AT_ONCE) {
            let _telling = self.tell(asks);
            let Some(given) = shared.pool.take(asks).await else {
                break;
            };
            self.take(asks, &given, now_ms);
        }
        if renews {
            self.renew(shared).await;
        }
    }

    async fn renew(&self, shared: &Shared) {
        let (mut held, mut back) = (Vec::new(), Vec::new());
        for counter in self.counters() {
            let mut used = counter.lock();
            let Some((portions, parallel)) = used.portions() else {
                continue;
            };
            let (numbers, freed) = portions.places.upkeep(parallel);
            let scope = || counter.scope.clone();
            held.extend((!numbers.is_empty()).then(|| Held {
                scope: scope(),
                numbers,
            }));
            back.extend((!freed.is_empty()).then(|| Back::Places {
                scope: scope(),
                numbers: freed,
            }));
        }
        let (mut held, mut back) = (held.chunks(AT_ONCE), back.chunks(AT_ONCE));
        loop {
            let (held, back) = (held.next(), back.next());
            if held.is_none() && back.is_none() {
                return;
            }
            let heard = shared
                .pool
                .renew(held.unwrap_or_default(), back.unwrap_or_default());
            if !heard.await {
                return;
            }
        }
    }

    /// Another process found nothing left of this limit: what is not used here is given back.
    pub async fn give_back(&self, scope: &Scope, limit_type: LimitType, now_ms: i64) {
        let (Some(shared), Some(counter)) = (&self.shared, self.known(scope)) else {
            return;
        };
        let back = unused(&counter, limit_type, now_ms);
        if let Some(back) = back {
            // What is not heard stays taken until the window ends, or until it is renewed no more.
            shared.pool.renew(&[], &[back]).await;
        }
    }

    /// What keeps the count for several processes. None: this one counts alone.
    pub fn pool(&self) -> Option<&Arc<dyn super::Pool>> {
        self.shared.as_ref().map(|it| &it.pool)
    }
}

/// Takes from a counter what it does not use of a limit.
fn unused(counter: &Counter, limit_type: LimitType, now_ms: i64) -> Option<Back> {
    let mut used = counter.lock();
    let (portions, parallel) = used.portions()?;
    let scope = counter.scope.clone();
    let Some(bucket) = portions.bucket(limit_type) else {
        let numbers = portions.places.give_up(parallel);
        return (!numbers.is_empty()).then_some(Back::Places { scope, numbers });
    };
    let (began, unused) = bucket.give_back(now_ms)?;
    Some(Back::Window {
        scope,
        limit_type,
        began,
        unused,
    })
}

/// The same question, where what was owed has been told.
fn again((ask, given): (&Ask, &super::Given)) -> Ask {
    Ask {
        owed: 0,
        used: 0,
        began: Some(given.began),
        ..ask.clone()
    }
}

fn later(now_ms: i64, began: Instant) -> i64 {
    now_ms.saturating_add(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX))
}

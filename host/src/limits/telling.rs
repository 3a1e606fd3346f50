//! One question at a time tells the common count what is owed of a limit: two that overlap would have
//! it counted twice, and granted twice.

use super::limiter::Limiter;
use super::pool::Ask;
use super::refusal::LimitType;
use super::scope::Scope;

/// What questions under way tell. Dropped when they are answered, fail, or nobody waits for them.
pub(super) struct Telling<'a> {
    limiter: &'a Limiter,
    /// Each limit, and in which of its windows it is told.
    told: Vec<(Scope, LimitType, u64)>,
}

impl Limiter {
    /// Has these questions tell what is owed by now, except what another one under way tells.
    pub(super) fn tell(&self, asks: &mut [Ask]) -> Telling<'_> {
        let mut told = Vec::new();
        for ask in asks {
            let Some(counter) = self.known(&ask.scope) else {
                continue;
            };
            let mut used = counter.lock();
            let Some((portions, _)) = used.portions() else {
                continue;
            };
            let bucket = portions.bucket(ask.limit_type);
            if let Some(number) = bucket.and_then(|it| it.tell(ask)) {
                told.push((ask.scope.clone(), ask.limit_type, number));
            }
        }
        Telling {
            limiter: self,
            told,
        }
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        for (scope, limit_type, number) in &self.told {
            let Some(counter) = self.limiter.known(scope) else {
                continue;
            };
            let mut used = counter.lock();
            let Some((portions, _)) = used.portions() else {
                continue;
            };
            if let Some(bucket) = portions.bucket(*limit_type) {
                bucket.told(*number);
            }
        }
    }
}

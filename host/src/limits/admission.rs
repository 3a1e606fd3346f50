//! A call that was let in, and its places.

use std::sync::Arc;

use super::counter::{Counted, Counter};
use super::scope::{Limits, Scope, Standing};
use super::tokens::{TokenCounting, Tokens};

/// A call that every scope of its path let in. Dropping it frees its places among the parallel
/// calls; what it counted of requests and tokens stays in the window.
#[derive(Debug)]
#[must_use = "the call's places are freed when this is dropped"]
pub struct Admission {
    /// In the order of the path.
    places: Vec<Place>,
    counting: TokenCounting,
    tentative: bool,
}

#[derive(Debug)]
pub(super) struct Place {
    counter: Arc<Counter>,
    limits: Limits,
    counted: Counted,
}

impl Place {
    pub(super) const fn new(counter: Arc<Counter>, limits: Limits, counted: Counted) -> Self {
        Self {
            counter,
            limits,
            counted,
        }
    }
}

impl Admission {
    pub(super) const fn new(places: Vec<Place>, counting: TokenCounting) -> Self {
        Self {
            places,
            counting,
            tentative: false,
        }
    }

    /// The call may still be refused elsewhere: dropping it before [`begin`](Self::begin) gives
    /// back all that was counted, because a refused call costs nothing.
    pub const fn tentative(mut self) -> Self {
        self.tentative = true;
        self
    }

    /// Nobody refused the call: what it counted stays.
    pub const fn begin(&mut self) {
        self.tentative = false;
    }

    /// Replaces the estimate by what the call used, as often as more is known. A call that never
    /// says keeps its estimate. What is used in a later window than the estimate stood in counts
    /// there only as far as it exceeds the estimate.
    pub fn settle(&mut self, used: Tokens, now_ms: i64) {
        let tokens = self.counting.count(used);
        for place in &mut self.places {
            let mut used = place.counter.lock();
            used.correct(&mut place.counted, tokens, now_ms);
        }
    }

    /// Parts with the places in some of the scopes.
    pub fn split_off(&mut self, which: impl Fn(&Scope) -> bool) -> Self {
        let all = std::mem::take(&mut self.places).into_iter();
        let (theirs, own) = all.partition(|it: &Place| which(&it.counter.scope));
        self.places = own;
        Self {
            places: theirs,
            counting: self.counting,
            tentative: self.tentative,
        }
    }

    /// What is left to each scope of the path, in its order, for the answer's headers.
    pub fn standings(&self, now_ms: i64) -> Vec<Standing> {
        self.places
            .iter()
            .map(|place| {
                let mut used = place.counter.lock();
                used.keep_time(now_ms);
                used.standing(&place.counter.scope, &place.limits, now_ms)
            })
            .collect()
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        for place in &self.places {
            let mut used = place.counter.lock();
            if self.tentative {
                used.withdraw(&place.counted);
            }
            used.leave();
        }
    }
}

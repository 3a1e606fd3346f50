//! A call whose first deployment takes long is sent to a second one as well, where the operator wants
//! that: whoever answers first serves it. The other is cancelled, and charged as any call that is cut
//! off: what it is known to have used, or else what was held for it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::choose::{Chosen, Search};
use super::course::Course;
use super::reached::Reached;
use super::request::{ClientRequest, Operation};
use super::settle::Settlement;
use crate::domain::Fault;

/// What one second attempt takes; a call brings as much of it as `hedge_most_percent` says.
const PRICE: u32 = 100;
/// What is saved up, at most: a slow minute has no more second attempts in a row.
const MOST_SAVED: u32 = 10 * PRICE;

/// How many second attempts there may be still.
#[derive(Debug)]
pub struct Hedges {
    saved: AtomicU32,
}

impl Default for Hedges {
    fn default() -> Self {
        Self {
            saved: AtomicU32::new(PRICE),
        }
    }
}

impl Hedges {
    /// A call came that may have one.
    fn earn(&self, percent: u32) {
        let more = |saved: u32| Some(saved.saturating_add(percent).min(MOST_SAVED));
        let order = Ordering::Relaxed;
        // It always gives a number.
        let _ = self.saved.fetch_update(order, order, more);
    }

    /// Whether one may be sent.
    fn spend(&self) -> bool {
        let order = Ordering::Relaxed;
        let less = |saved: u32| saved.checked_sub(PRICE);
        self.saved.fetch_update(order, order, less).is_ok()
    }
}

/// Whether asking twice does nothing twice but read and write words.
const fn may_be_asked_twice(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Chat
            | Operation::Completions
            | Operation::Embeddings
            | Operation::Responses
            | Operation::Messages
            | Operation::GenerateContent
            | Operation::Rerank
            | Operation::Moderations
    )
}

impl Course<'_> {
    /// How long the first deployment has, before a second one is asked as well. None: for ever.
    pub(super) fn patience(&self, request: &ClientRequest) -> Option<Duration> {
        let router = self.router;
        let after = router.hedge_after?;
        let controls = &request.controls;
        let bound = controls.pinned.is_some() || controls.answered_by.is_some();
        if bound || controls.disable_fallbacks || !may_be_asked_twice(request.operation) {
            return None;
        }
        self.inner.hedges.earn(router.hedge_most_percent);
        Some(after)
    }

    /// Asks a deployment, and after `patience` a second one as well. Gives the one whose answer or
    /// failure counts.
    pub(super) async fn race(
        &self,
        request: &ClientRequest,
        chosen: Chosen,
        (search, patience): (&mut Search<'_>, Duration),
        settlement: &mut Settlement,
    ) -> (Chosen, Result<Reached, Fault>) {
        let (place, began) = (settlement.last_choice(), Instant::now());
        settlement.heads_for(&chosen.line, &chosen.model);
        settlement.sent();
        let mut first = settlement.twin();
        let mut one = Box::pin(self.attempt(request, &chosen, &mut first));
        if let Ok(tried) = timeout(patience, &mut one).await {
            drop(one);
            settlement.adopt(first, (place, &tried));
            return (chosen, tried);
        }
        let metrics = &self.inner.watchers.metrics;
        let beside = match self.inner.hedges.spend() {
            true => search.beside(&chosen, settlement).await,
            false => {
                metrics.hedge("capped");
                None
            }
        };
        let Some((other, mut room)) = beside else {
            let tried = one.await;
            settlement.adopt(first, (place, &tried));
            return (chosen, tried);
        };
        let second_place = settlement.last_choice();
        tracing::info!(
            call.id = %request.id, deployment.id = %other.place.id, slow = %chosen.place.id,
            "a second deployment is asked as well"
        );
        let mut second = settlement.twin();
        let mut two = Box::pin(self.attempt(request, &other, &mut second));
        let (is_first, tried) = tokio::select! {
            biased;
            tried = &mut one => (true, tried),
            tried = &mut two => (false, tried),
        };
        match (is_first, tried) {
            (true, Ok(reached)) => {
                metrics.hedge("lost");
                drop((one, two));
                settlement.lost(second, (second_place, room), &other);
                let tried = Ok(reached);
                settlement.adopt(first, (place, &tried));
                (chosen, tried)
            }
            (false, Ok(reached)) => {
                metrics.hedge("won");
                drop((one, two));
                settlement.change_places(&mut room);
                settlement.lost(first, (place, room), &chosen);
                let tried = Ok(reached);
                settlement.adopt(second, (second_place, &tried));
                // The wait for the first was one for an upstream.
                settlement.trail().upstream_time += patience;
                (other, tried)
            }
            (true, failed) => {
                drop(one);
                if let Err(fault) = &failed {
                    search.failed(&chosen, fault);
                }
                settlement.adopt(first, (place, &failed));
                settlement.change_places(&mut room);
                settlement.sent();
                let tried = two.await;
                metrics.hedge(if tried.is_ok() { "won" } else { "failed" });
                settlement.adopt(second, (second_place, &tried));
                settlement.trail().upstream_time += began.elapsed().min(patience);
                (other, tried)
            }
            (false, failed) => {
                metrics.hedge("failed");
                drop(two);
                if let Err(fault) = &failed {
                    search.failed(&other, fault);
                }
                settlement.change_places(&mut room);
                settlement.adopt(second, (second_place, &failed));
                settlement.change_places(&mut room);
                settlement.sent();
                let tried = one.await;
                settlement.adopt(first, (place, &tried));
                (chosen, tried)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_calls_are_sent_twice_than_the_share_that_may() {
        let hedges = Hedges::default();
        let sent = (0..1000).filter(|_| {
            hedges.earn(5);
            hedges.spend()
        });
        // The one that every process begins with, and five in a hundred.
        assert_eq!(sent.count(), 51);
    }

    #[test]
    fn quiet_hours_are_not_saved_up_for_a_loud_one() {
        let hedges = Hedges::default();
        for _ in 0..100_000 {
            hedges.earn(5);
        }
        assert_eq!((0..100).filter(|_| hedges.spend()).count(), 10);
    }
}

//! Calls that are the same and under way together: one leads, the others wait for its answer.
//!
//! A leader that leaves without an answer (its client hung up) hands the lead on. One that failed,
//! or whose answer is not to be kept, lets the others go for themselves, all at once: in a row each
//! of them would wait for the failures of all before it.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::entry::Entry;
use super::key::Key;

/// How a flight ended for those who waited.
#[derive(Debug, Clone)]
enum End {
    Answered(Arc<Entry>),
    /// Each for itself.
    Alone,
    /// Somebody else leads.
    Again,
}

type Waiting = watch::Receiver<Option<End>>;

/// Every key that a call is under way for.
#[derive(Debug, Clone, Default)]
pub struct Flights(Arc<Mutex<HashMap<Key, Waiting>>>);

/// Whose turn it is.
#[derive(Debug)]
pub enum Turn {
    Lead(Lead),
    /// Another call brought the answer.
    Answered(Arc<Entry>),
    /// Another call failed to bring one.
    Alone,
}

impl Flights {
    /// Leads, or waits for who does.
    pub async fn turn(&self, key: &Key) -> Turn {
        loop {
            let mut waiting = match self.lock().entry(key.clone()) {
                Slot::Occupied(taken) => taken.get().clone(),
                Slot::Vacant(free) => {
                    let (end, waiting) = watch::channel(None);
                    free.insert(waiting);
                    return Turn::Lead(Lead {
                        flights: self.clone(),
                        key: key.clone(),
                        end,
                    });
                }
            };
            let ended = waiting.wait_for(Option::is_some).await;
            match ended.ok().and_then(|it| it.clone()) {
                Some(End::Answered(entry)) => return Turn::Answered(entry),
                Some(End::Alone) => return Turn::Alone,
                // None: the leader is gone, and has said so.
                Some(End::Again) | None => {}
            }
        }
    }

    /// Keys that a call is under way for.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that others wait for. Dropping it hands the lead on.
#[derive(Debug)]
#[must_use = "the others lead as soon as this is dropped"]
pub struct Lead {
    flights: Flights,
    key: Key,
    end: watch::Sender<Option<End>>,
}

impl Lead {
    /// Everybody has the answer.
    pub fn answered(self, entry: Arc<Entry>) {
        self.finish(End::Answered(entry));
    }

    /// There is no answer for the others.
    pub fn alone(self) {
        self.finish(End::Alone);
    }

    fn finish(&self, end: End) {
        // Who comes now begins anew; who waits is told.
        self.flights.lock().remove(&self.key);
        self.end.send_replace(Some(end));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let told = self.end.borrow().is_some();
        if !told {
            self.finish(End::Again);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::whole;
    use super::*;

    fn key() -> Key {
        Key::parse(&format!("sluice:cache:{:064x}", 7), None).unwrap()
    }

    async fn lead(flights: &Flights) -> Lead {
        match flights.turn(&key()).await {
            Turn::Lead(lead) => lead,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn who_waits_gets_the_leaders_answer() {
        let flights = Flights::default();
        let leader = lead(&flights).await;
        let (first, second) = (key(), key());
        let waiting = async { tokio::join!(flights.turn(&first), flights.turn(&second)) };
        let leading = async { leader.answered(Arc::new(whole("x", 1, 2))) };
        let ((first, second), ()) = tokio::join!(waiting, leading);
        for turn in [first, second] {
            assert!(matches!(turn, Turn::Answered(entry) if *entry == whole("x", 1, 2)));
        }
        assert_eq!(flights.count(), 0);
    }

    #[tokio::test]
    async fn a_leader_that_leaves_hands_the_lead_to_one_of_the_others() {
        let flights = Flights::default();
        let leader = lead(&flights).await;
        let (first, second) = (key(), key());
        let follow = async |key: &Key| match flights.turn(key).await {
            Turn::Lead(lead) => {
                tokio::task::yield_now().await;
                lead.answered(Arc::new(whole("y", 1, 2)));
                "led"
            }
            Turn::Answered(_) => "answered",
            Turn::Alone => "alone",
        };
        let leaving = async { drop(leader) };
        let (mut did, ()) = {
            let both = async { tokio::join!(follow(&first), follow(&second)) };
            let ((a, b), ()) = tokio::join!(both, leaving);
            ([a, b], ())
        };
        did.sort_unstable();
        assert_eq!(did, ["answered", "led"]);
        assert_eq!(flights.count(), 0);
    }

    #[tokio::test]
    async fn a_leader_that_failed_lets_the_others_go_at_once() {
        let flights = Flights::default();
        let leader = lead(&flights).await;
        let own = key();
        let (turn, ()) = tokio::join!(flights.turn(&own), async { leader.alone() });
        assert!(matches!(turn, Turn::Alone));
        assert_eq!(flights.count(), 0);
    }

    #[tokio::test]
    async fn who_leaves_while_waiting_holds_up_nobody() {
        let flights = Flights::default();
        let leader = lead(&flights).await;
        let own = key();
        {
            let mut waiting = std::pin::pin!(flights.turn(&own));
            assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        }
        leader.answered(Arc::new(whole("x", 1, 2)));
        let _led = lead(&flights).await;
    }
}

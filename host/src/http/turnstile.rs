//! The turnstile before calls to models: so many are served at once, so many wait in line, and none
//! waits longer than it may. A gateway that has more to do than it can answers some in time and the
//! others at once, instead of all of them too late. Who calls and what for is not known here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::config::Admission;
use crate::domain::{At, Blame, ErrorKind, Fault, Retry};

/// The turnstile of one gateway.
#[derive(Debug, Clone, Default)]
pub struct Turnstile {
    line: Arc<Mutex<Line>>,
}

#[derive(Debug, Default)]
struct Line {
    inside: usize,
    /// By the config of whoever came last.
    at_once: usize,
    /// Lower priorities first; of one priority the longest in line.
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    priority: u8,
    tell: oneshot::Sender<Turn>,
}

/// The right to be served; given on to the next in line when it is dropped.
#[derive(Debug)]
pub struct Turn {
    /// None: it was never had.
    line: Option<Arc<Mutex<Line>>>,
}

/// Why a call was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shed {
    /// As many wait already as may.
    Full,
    /// It waited for as long as it may.
    Late,
}

impl Shed {
    /// The metric's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Late => "late",
        }
    }

    /// What the client is told.
    pub fn fault(self, limits: &Admission) -> Fault {
        let message = match self {
            Self::Full => format!(
                "the gateway serves {} requests and {} more wait; try again in a moment",
                limits.at_once.unwrap_or_default(),
                limits.waiting
            ),
            Self::Late => format!(
                "the gateway serves {} requests, and this one waited {} seconds in vain; try again \
                 in a moment",
                limits.at_once.unwrap_or_default(),
                limits.longest_wait.as_secs_f64()
            ),
        };
        Fault {
            blame: Blame::Us,
            retry: Retry::Never,
            retry_after: Some(Duration::from_secs(1)),
            at: At::Door,
            ..Fault::caller(ErrorKind::Overloaded, message)
        }
    }
}

impl Turnstile {
    /// Waits for a turn: those of a lower `priority` go first, and of one priority the longest in line.
    /// None: nothing limits the calls.
    ///
    /// # Errors
    /// The call is not served: the line is too long, or does not move.
    pub async fn enter(&self, limits: &Admission, priority: u8) -> Result<Option<Turn>, Shed> {
        let Some(at_once) = limits.at_once else {
            return Ok(None);
        };
        let turn = {
            let mut line = locked(&self.line);
            line.at_once = at_once;
            line.forget_gone(limits.waiting);
            if line.inside < at_once && line.waiting.is_empty() {
                line.inside += 1;
                return Ok(Some(self.turn()));
            }
            if line.waiting.len() >= limits.waiting && !line.give_way(priority) {
                return Err(Shed::Full);
            }
            line.join(priority)
        };
        let late = Instant::now() + limits.longest_wait;
        match timeout_at(late, turn).await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            // Nobody tells those who had to give way.
            Ok(Err(_)) => Err(Shed::Full),
            Err(_) => Err(Shed::Late),
        }
    }

    /// Whether a call that came now would have to wait.
    pub fn is_busy(&self, limits: &Admission) -> bool {
        let Some(at_once) = limits.at_once else {
            return false;
        };
        let line = locked(&self.line);
        line.inside >= at_once || !line.waiting.is_empty()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        let line = locked(&self.line);
        line.waiting.iter().filter(|it| !it.is_gone()).count()
    }

    fn turn(&self) -> Turn {
        Turn {
            line: Some(Arc::clone(&self.line)),
        }
    }
}

impl Line {
    /// Those who left the line no longer count.
    fn forget_gone(&mut self, most: usize) {
        while self.waiting.front().is_some_and(Waiting::is_gone) {
            self.waiting.pop_front();
        }
        if self.waiting.len() >= most {
            self.waiting.retain(|it| !it.is_gone());
        }
    }

    /// The last in a full line leaves it for one that goes before it. False: there is none such.
    fn give_way(&mut self, priority: u8) -> bool {
        let gives = self.waiting.back().is_some_and(|it| it.priority > priority);
        gives && self.waiting.pop_back().is_some()
    }

    fn join(&mut self, priority: u8) -> oneshot::Receiver<Turn> {
        let (tell, turn) = oneshot::channel();
        let at = self.waiting.partition_point(|it| it.priority <= priority);
        self.waiting.insert(at, Waiting { priority, tell });
        turn
    }
}

impl Waiting {
    fn is_gone(&self) -> bool {
        self.tell.is_closed()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(shared) = self.line.take() else {
            return;
        };
        let mut line = locked(&shared);
        line.inside -= 1;
        while line.inside < line.at_once {
            let Some(next) = line.waiting.pop_front() else {
                return;
            };
            let turn = Self {
                line: Some(Arc::clone(&shared)),
            };
            match next.tell.send(turn) {
                Ok(()) => line.inside += 1,
                // Who waited has left.
                Err(mut turn) => turn.line = None,
            }
        }
    }
}

fn locked(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(at_once: usize, waiting: usize) -> Admission {
        Admission {
            at_once: Some(at_once),
            waiting,
            longest_wait: Duration::from_secs(10),
        }
    }

    /// Whether a future is not done yet.
    async fn waits<T>(call: &mut (impl Future<Output = T> + Unpin)) -> bool {
        futures_util::poll!(call).is_pending()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_in_line_is_the_first_to_be_served() {
        let stile = Turnstile::default();
        let limits = limits(1, 2);
        let first = stile.enter(&limits, 0).await.unwrap();
        let mut second = Box::pin(stile.enter(&limits, 0));
        assert!(waits(&mut second).await);
        let mut third = Box::pin(stile.enter(&limits, 0));
        assert!(waits(&mut third).await);
        assert_eq!(stile.waiting(), 2);
        drop(first);
        let second = second.await.unwrap();
        assert!(waits(&mut third).await);
        drop(second);
        assert!(third.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_more_than_may_wait_is_turned_away_at_once() {
        let stile = Turnstile::default();
        let limits = limits(1, 1);
        let _inside = stile.enter(&limits, 0).await.unwrap();
        let mut waiting = Box::pin(stile.enter(&limits, 0));
        assert!(waits(&mut waiting).await);
        assert_eq!(stile.enter(&limits, 0).await.unwrap_err(), Shed::Full);
        // Who leaves the line makes room in it.
        drop(waiting);
        let mut next = Box::pin(stile.enter(&limits, 0));
        assert!(waits(&mut next).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_it_may() {
        let stile = Turnstile::default();
        let limits = limits(1, 5);
        let _inside = stile.enter(&limits, 0).await.unwrap();
        let before = Instant::now();
        assert_eq!(stile.enter(&limits, 0).await.unwrap_err(), Shed::Late);
        assert_eq!(before.elapsed(), limits.longest_wait);
        let fault = Shed::Late.fault(&limits);
        assert!(fault.message.contains("waited 10 seconds"));
        assert_eq!(fault.retry_after, Some(Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_came_when_its_caller_had_left_goes_to_the_next() {
        let stile = Turnstile::default();
        let limits = limits(1, 5);
        let inside = stile.enter(&limits, 0).await.unwrap();
        let mut second = Box::pin(stile.enter(&limits, 0));
        assert!(waits(&mut second).await);
        let mut third = Box::pin(stile.enter(&limits, 0));
        assert!(waits(&mut third).await);
        // The turn is given to the second, who never looks.
        drop(inside);
        drop(second);
        assert!(third.await.is_ok());
        assert!(stile.enter(&limits, 0).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lower_limit_holds_for_those_who_come_next() {
        let stile = Turnstile::default();
        let two = limits(2, 5);
        let first = stile.enter(&two, 0).await.unwrap();
        let second = stile.enter(&two, 0).await.unwrap();
        let one = limits(1, 5);
        let mut third = Box::pin(stile.enter(&one, 0));
        assert!(waits(&mut third).await);
        drop(first);
        assert!(waits(&mut third).await);
        drop(second);
        assert!(third.await.is_ok());
        assert!(
            stile
                .enter(&Admission::default(), 0)
                .await
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_lower_priority_goes_first_and_takes_the_last_place_of_a_full_line() {
        let stile = Turnstile::default();
        let limits = limits(1, 2);
        let inside = stile.enter(&limits, 9).await.unwrap();
        let mut slow = Box::pin(stile.enter(&limits, 9));
        let mut slower = Box::pin(stile.enter(&limits, 9));
        assert!(waits(&mut slow).await && waits(&mut slower).await);
        assert_eq!(stile.enter(&limits, 9).await.unwrap_err(), Shed::Full);
        let mut urgent = Box::pin(stile.enter(&limits, 1));
        assert!(waits(&mut urgent).await);
        assert_eq!(slower.await.unwrap_err(), Shed::Full);
        drop(inside);
        assert!(waits(&mut slow).await);
        let urgent = urgent.await.unwrap();
        drop(urgent);
        assert!(slow.await.is_ok());
    }
}

//! A plugin that only breaks is not asked for a while: its calls fail at once, so that fallbacks
//! come sooner and the processor is the others'.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Traps are counted for so long.
const WINDOW: Duration = Duration::from_secs(60);
/// So many of them open the circuit, if most calls of the window ended in one: a client that knows
/// one request that traps must not be able to take the plugin from everybody.
const MIN_TRAPS: u64 = 5;
/// How long it stays open.
const PAUSE: Duration = Duration::from_secs(30);

/// The circuit of one loaded plugin.
pub(crate) struct Breaker {
    start: Instant,
    /// Milliseconds after `start`; the only thing that a call looks at.
    open_until: AtomicU64,
    window: Mutex<Window>,
}

#[derive(Clone, Copy)]
struct Window {
    since: Duration,
    calls_before: u64,
    traps: u64,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            open_until: AtomicU64::new(0),
            window: Mutex::new(Window {
                since: Duration::ZERO,
                calls_before: 0,
                traps: 0,
            }),
        }
    }

    /// How long the circuit stays open, if it is.
    pub(crate) fn open_for(&self) -> Option<Duration> {
        let until = self.open_until.load(Ordering::Relaxed);
        if until == 0 {
            return None;
        }
        let left = Duration::from_millis(until).checked_sub(self.start.elapsed());
        left.filter(|left| !left.is_zero())
    }

    /// A call ended in a trap, the last one of `calls` since the start. True if that opens the
    /// circuit.
    pub(crate) fn trapped(&self, calls: u64) -> bool {
        self.trapped_at(self.start.elapsed(), calls)
    }

    fn trapped_at(&self, now: Duration, calls: u64) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.traps == 0 || now.saturating_sub(window.since) > WINDOW {
            *window = Window {
                since: now,
                calls_before: calls.saturating_sub(1),
                traps: 0,
            };
        }
        window.traps += 1;
        let calls = calls.saturating_sub(window.calls_before);
        if window.traps < MIN_TRAPS || window.traps.saturating_mul(2) <= calls {
            return false;
        }
        window.traps = 0;
        let until = (now + PAUSE).as_millis() as u64;
        self.open_until.store(until, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn five_traps_and_hardly_anything_else_open_the_circuit_for_a_while() {
        let breaker = Breaker::new();
        for call in 1..=4 {
            assert!(!breaker.trapped_at(SECOND, 100 + call));
        }
        assert!(breaker.open_for().is_none());
        assert!(breaker.trapped_at(SECOND, 105));
        assert!(
            breaker
                .open_for()
                .is_some_and(|left| left <= PAUSE + SECOND)
        );
        // Afterwards it is given a new chance.
        assert!(!breaker.trapped_at(SECOND * 40, 106));
    }

    #[test]
    fn traps_among_calls_that_go_well_do_not() {
        let breaker = Breaker::new();
        for trap in 1..100 {
            assert!(!breaker.trapped_at(SECOND, trap * 3));
        }
    }

    #[test]
    fn traps_that_are_rare_do_not() {
        let breaker = Breaker::new();
        for trap in 1u32..100 {
            assert!(!breaker.trapped_at(SECOND * 20 * trap, u64::from(trap)));
        }
    }
}

//! How often somebody may try: by the name that is tried, and by the address it comes from. Each
//! replica counts for itself.
//!
//! An attempt counts when it begins, so that a thousand at once are not a thousand guesses; one that
//! succeeds is taken back. A name waits for a minute at most, so that nobody is kept out for long by
//! strangers who try their name.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Attempts that cost no waiting, and the longest wait after that.
#[derive(Debug, Clone, Copy)]
struct Bound {
    free: u32,
    longest: Duration,
}

const BY_NAME: Bound = Bound {
    free: 5,
    longest: Duration::from_secs(60),
};

/// Many people may sit behind one address.
const BY_ADDRESS: Bound = Bound {
    free: 30,
    longest: Duration::from_secs(900),
};

/// Names and addresses that are remembered, each, and for how long after their last attempt.
const REMEMBERED: u64 = 100_000;
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// Too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    /// How long until it is worth another.
    pub wait: Duration,
}

#[derive(Debug, Default)]
struct Tries {
    failed: u32,
    until: Option<Instant>,
}

type Counter = Arc<Mutex<Tries>>;

#[derive(Debug)]
pub(super) struct Throttle {
    names: moka::sync::Cache<String, Counter>,
    addresses: moka::sync::Cache<IpAddr, Counter>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            names: moka::sync::Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_idle(FORGOTTEN_AFTER)
                .build(),
            addresses: moka::sync::Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_idle(FORGOTTEN_AFTER)
                .build(),
        }
    }
}

/// An attempt under way. Dropped, it failed.
#[derive(Debug)]
#[must_use = "an attempt that is not said to have passed has failed"]
pub struct Attempt {
    name: Option<Counter>,
    address: Option<Counter>,
}

impl Throttle {
    /// `name` is empty where a key is tried, which has none.
    pub fn enter(&self, name: &str, address: Option<IpAddr>) -> Result<Attempt, Throttled> {
        let name = name.trim().to_lowercase();
        // What is longer is nobody's name.
        let name = (!name.is_empty()).then(|| name.chars().take(255).collect::<String>());
        let name = name.map(|it| self.names.get_with(it, Counter::default));
        let address = address.map(|it| self.addresses.get_with(network(it), Counter::default));
        let now = Instant::now();
        {
            // Both are asked before either counts: whoever has to wait tried nothing.
            let mut of_address = address.as_ref().map(|it| (lock(it), BY_ADDRESS));
            let mut of_name = name.as_ref().map(|it| (lock(it), BY_NAME));
            let mut both = [&mut of_address, &mut of_name];
            for (tries, _) in both.iter().filter_map(|it| it.as_ref()) {
                tries.may(now)?;
            }
            for (tries, bound) in both.iter_mut().filter_map(|it| it.as_mut()) {
                tries.count(*bound, now);
            }
        }
        Ok(Attempt { name, address })
    }
}

impl Attempt {
    /// Somebody was proven: the name begins anew, the address has this attempt back. Not more, or
    /// whoever has an account could try others' for ever.
    pub fn passed(self) {
        if let Some(name) = &self.name {
            *lock(name) = Tries::default();
        }
        if let Some(address) = &self.address {
            let mut tries = lock(address);
            tries.failed = tries.failed.saturating_sub(1);
            tries.until = None;
        }
    }
}

impl Tries {
    fn may(&self, now: Instant) -> Result<(), Throttled> {
        let wait = self.until.and_then(|it| it.checked_duration_since(now));
        match wait.filter(|it| !it.is_zero()) {
            Some(wait) => Err(Throttled { wait }),
            None => Ok(()),
        }
    }

    fn count(&mut self, bound: Bound, now: Instant) {
        self.failed = self.failed.saturating_add(1);
        self.until = Some(now + delay(self.failed, bound));
    }
}

/// Nothing at first, then a second, then twice as long each time.
fn delay(failed: u32, bound: Bound) -> Duration {
    let Some(beyond) = failed.checked_sub(bound.free) else {
        return Duration::ZERO;
    };
    let seconds = 1u64.checked_shl(beyond).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(bound.longest)
}

/// A household or a server has a whole /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() >> 64 << 64;
            IpAddr::V6(bits.into())
        }
        address => address,
    }
}

fn lock(counter: &Counter) -> std::sync::MutexGuard<'_, Tries> {
    counter.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn from(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    fn wait(throttle: &Throttle, name: &str, address: Option<IpAddr>) -> u64 {
        let entered = throttle.enter(name, address);
        entered.map_or_else(|it| it.wait.as_secs(), |_| 0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_waits_twice_as_long_each_time_up_to_a_minute() {
        let throttle = Throttle::default();
        for at in 0..5 {
            assert_eq!(wait(&throttle, "ann", from(at)), 0, "{at}");
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(wait(&throttle, " ANN", from(9)), seconds);
            advance(Duration::from_secs(seconds)).await;
            assert_eq!(wait(&throttle, "ann", from(9)), 0);
        }
        assert_eq!(wait(&throttle, "bob", from(8)), 0, "others do not wait");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_proven_begins_anew_and_their_address_does_not() {
        let throttle = Throttle::default();
        for name in 0..29 {
            assert_eq!(wait(&throttle, &name.to_string(), from(1)), 0);
        }
        throttle.enter("ann", from(1)).unwrap().passed();
        for _ in 0..5 {
            assert_eq!(wait(&throttle, "ann", None), 0);
        }
        assert_eq!(wait(&throttle, "ann", None), 1);
        assert_eq!(wait(&throttle, "x", from(1)), 0, "one was given back");
        assert_eq!(wait(&throttle, "y", from(1)), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_wait_by_their_address_alone_and_a_network_is_one() {
        let throttle = Throttle::default();
        let host = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]));
        for at in 0..30 {
            assert_eq!(wait(&throttle, "", host(at)), 0);
        }
        assert_eq!(wait(&throttle, "", host(99)), 1);
        assert_eq!(wait(&throttle, "", from(1)), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_to_wait_tried_nothing() {
        let throttle = Throttle::default();
        for at in 0..5 {
            assert_eq!(wait(&throttle, "ann", from(at)), 0);
        }
        for _ in 0..100 {
            assert_eq!(wait(&throttle, "ann", from(9)), 1);
        }
        assert_eq!(
            wait(&throttle, "bob", from(9)),
            0,
            "the address has all its attempts"
        );
    }

    #[test]
    fn the_longest_wait_is_reached_and_kept() {
        for failed in [40, 70, 200, u32::MAX] {
            assert_eq!(delay(failed, BY_NAME), BY_NAME.longest);
        }
    }
}

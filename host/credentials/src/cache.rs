//! Values that are made at some cost and are good for a time: one making at a time for all who
//! ask, a new one before the old one ends, and no storm of questions where making fails.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, after};
use crate::error::Error;
use crate::key::Key;

/// Values that are kept. Those asked for least go first.
const MAX_VALUES: u64 = 4096;

/// Longest time before its end that a value is made anew.
const EARLIEST: Duration = Duration::from_secs(300);

/// A value is not used in its last seconds: a request with it takes a while to arrive, and clocks
/// differ.
const MARGIN: Duration = Duration::from_secs(10);

/// First and longest pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A value that an upstream refused is asked for anew only if it is older than this.
const REFUSABLE_AFTER: Duration = Duration::from_secs(30);

/// A value and how long it is good.
#[derive(Debug, Clone)]
pub(crate) struct Lease<T> {
    pub value: T,
    /// None: for ever.
    pub expires: Option<SystemTime>,
}

pub(crate) struct Cache<T: Clone + Send + Sync + 'static> {
    slots: moka::sync::Cache<Key, Arc<Slot<T>>>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
}

type Flight<T> = Shared<BoxFuture<'static, Result<T, Error>>>;

struct Slot<T>(Mutex<State<T>>);

struct State<T> {
    held: Option<Held<T>>,
    failure: Option<Failure>,
    flight: Option<Flight<T>>,
}

struct Held<T> {
    value: T,
    made: SystemTime,
    /// From when on it is made anew, and from when on it is not used.
    span: Option<(SystemTime, SystemTime)>,
}

struct Failure {
    error: Error,
    until: SystemTime,
    /// How many there were in a row.
    count: u32,
}

impl<T: Clone + Send + Sync + 'static> Cache<T> {
    pub fn new(clock: Arc<dyn Clock>, tasks: TaskTracker) -> Self {
        Self {
            slots: moka::sync::Cache::new(MAX_VALUES),
            clock,
            tasks,
        }
    }

    /// The value, which `make` makes if there is none that is good. Making goes on if the one who
    /// asked for it goes away: others may be waiting.
    pub async fn get<F>(&self, key: Key, make: impl FnOnce() -> F + Send) -> Result<T, Error>
    where
        F: Future<Output = Result<Lease<T>, Error>> + Send + 'static,
    {
        let slot = self.slots.get_with(key, || Arc::new(Slot::empty()));
        let flight = {
            let mut state = slot.lock();
            let now = self.clock.now();
            let pausing = state.failure.as_ref().is_some_and(|it| now < it.until);
            if let Some(held) = state.held.as_ref().filter(|it| it.is_good(now)) {
                let value = held.value.clone();
                if held.is_due(now) && state.flight.is_none() && !pausing {
                    state.flight = Some(self.begin(&slot, make()));
                }
                return Ok(value);
            }
            match (&state.flight, &state.failure) {
                (Some(flight), _) => flight.clone(),
                (None, Some(failure)) if pausing => return Err(failure.error.clone()),
                _ => {
                    let flight = self.begin(&slot, make());
                    state.flight = Some(flight.clone());
                    flight
                }
            }
        };
        flight.await
    }

    /// An upstream refused the value. A young one stays: it is not its age that is wrong, and each
    /// refusal would cost a question.
    pub fn refuse(&self, key: Key) {
        let Some(slot) = self.slots.get(&key) else {
            return;
        };
        let now = self.clock.now();
        let mut state = slot.lock();
        let old = |it: &Held<T>| after(it.made, REFUSABLE_AFTER) <= now;
        if state.held.as_ref().is_some_and(old) {
            state.held = None;
        }
    }

    fn begin<F>(&self, slot: &Arc<Slot<T>>, making: F) -> Flight<T>
    where
        F: Future<Output = Result<Lease<T>, Error>> + Send + 'static,
    {
        let slot = Arc::clone(slot);
        let clock = Arc::clone(&self.clock);
        let task = self.tasks.spawn(async move {
            let made = AssertUnwindSafe(making).catch_unwind().await;
            let made = made.unwrap_or_else(|_| {
                Err(Error::internal("making a credential broke off: report it"))
            });
            slot.settle(made, clock.now())
        });
        let flight = async move {
            task.await
                .unwrap_or_else(|_| Err(Error::internal("the gateway is stopping")))
        };
        flight.boxed().shared()
    }
}

impl<T: Clone> Slot<T> {
    const fn empty() -> Self {
        Self(Mutex::new(State {
            held: None,
            failure: None,
            flight: None,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, made: Result<Lease<T>, Error>, now: SystemTime) -> Result<T, Error> {
        let made = made.and_then(|lease| Held::new(lease, now));
        let mut state = self.lock();
        state.flight = None;
        match made {
            Ok(held) => {
                let value = held.value.clone();
                state.held = Some(held);
                state.failure = None;
                Ok(value)
            }
            Err(error) => {
                let count = state.failure.as_ref().map_or(0, |it| it.count);
                let pause = FIRST_PAUSE.saturating_mul(1 << count.min(5));
                let pause = pause
                    .min(LONGEST_PAUSE)
                    .max(error.retry_after.unwrap_or_default());
                state.failure = Some(Failure {
                    error: error.clone(),
                    until: after(now, pause),
                    count: count.saturating_add(1),
                });
                Err(error)
            }
        }
    }
}

impl<T> Held<T> {
    fn new(lease: Lease<T>, made: SystemTime) -> Result<Self, Error> {
        let Some(expires) = lease.expires else {
            return Ok(Self {
                value: lease.value,
                made,
                span: None,
            });
        };
        let life = expires.duration_since(made).unwrap_or_default();
        if life.is_zero() {
            return Err(Error::malformed(
                "a credential came that has expired already: check the clock of this machine, and \
                 what issues the credential",
            ));
        }
        let before = |by: Duration| expires.checked_sub(by).unwrap_or(made);
        Ok(Self {
            value: lease.value,
            made,
            span: Some((
                before(EARLIEST.min(life / 4)),
                before(MARGIN.min(life / 20)),
            )),
        })
    }

    fn is_good(&self, now: SystemTime) -> bool {
        self.span.is_none_or(|(_, end)| now < end)
    }

    fn is_due(&self, now: SystemTime) -> bool {
        self.span.is_some_and(|(due, _)| due <= now)
    }
}

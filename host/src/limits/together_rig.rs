//! Tests: processes over one count, as a script keeps it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use super::rule_tests::{NOW, input};
use super::*;

pub(super) const HOLD_MS: i64 = 10_000;

/// The common count, as the script keeps it.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) now_ms: i64,
    pub(super) silent: bool,
    /// When a window began, and what of it is granted.
    pub(super) windows: HashMap<(Scope, LimitType), (i64, u64)>,
    /// Until when a process holds a place.
    pub(super) places: HashMap<(Scope, usize, u64), i64>,
}

impl Count {
    pub(super) fn grant(&mut self, process: usize, asks: &[Ask]) -> Option<Vec<Given>> {
        if self.silent {
            return None;
        }
        let now = self.now_ms;
        self.places.retain(|_, until| *until > now);
        let mut rows = Vec::new();
        for ask in asks {
            let Some(length) = Ask::window_ms(ask.limit_type) else {
                let taken = self.places.keys().filter(|it| it.0 == ask.scope).count() as u64;
                rows.push((0, 0, ask.limit.saturating_sub(taken)));
                continue;
            };
            let name = (ask.scope.clone(), ask.limit_type);
            let known = self.windows.get(&name).copied();
            let runs = known.filter(|(began, _)| now - began < length);
            let (began, given) = runs.unwrap_or((now, 0));
            let owed = if ask.began == Some(began) {
                ask.owed
            } else {
                ask.used
            };
            self.windows.insert(name, (began, given + owed));
            rows.push((began, owed, ask.limit.saturating_sub(given + owed)));
        }
        let enough = asks.iter().zip(&rows).all(|(ask, row)| ask.need <= row.2);
        let mut given = Vec::new();
        for (ask, (began, owed, left)) in asks.iter().zip(rows) {
            let window = Ask::window_ms(ask.limit_type);
            let portion = match window {
                Some(_) => left / 8,
                None => (left / 16).min(ask.numbers.1),
            };
            let more = if enough && ask.need > 0 {
                portion.max(ask.need)
            } else {
                0
            };
            match window {
                Some(_) => {
                    let name = (ask.scope.clone(), ask.limit_type);
                    self.windows.get_mut(&name).unwrap().1 += more;
                }
                None => self.hold(process, &ask.scope, (0..more).map(|it| ask.numbers.0 + it)),
            }
            given.push(Given {
                enough: ask.need <= left,
                granted: owed + more,
                left: left - more,
                began,
                ends_ms: began + window.unwrap_or(0),
            });
        }
        Some(given)
    }

    pub(super) fn hold(
        &mut self,
        process: usize,
        scope: &Scope,
        numbers: impl Iterator<Item = u64>,
    ) {
        let until = self.now_ms + HOLD_MS;
        let places = numbers.map(|it| ((scope.clone(), process, it), until));
        self.places.extend(places);
    }

    pub(super) fn tell(&mut self, process: usize, held: &[Held], back: &[Back]) -> bool {
        if self.silent {
            return false;
        }
        for it in held {
            self.hold(process, &it.scope, it.numbers.iter().copied());
        }
        for it in back {
            match it {
                Back::Window {
                    scope,
                    limit_type,
                    began,
                    unused,
                } => {
                    let window = self.windows.get_mut(&(scope.clone(), *limit_type));
                    if let Some((_, given)) = window.filter(|it| it.0 == *began) {
                        *given = given.saturating_sub(*unused);
                    }
                }
                Back::Places { scope, numbers } => {
                    for number in numbers {
                        self.places.remove(&(scope.clone(), process, *number));
                    }
                }
            }
        }
        true
    }
}

/// One process's way to the count.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) count: Arc<Mutex<Count>>,
    pub(super) process: usize,
    pub(super) processes: u64,
}

impl Pool for Way {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> BoxFuture<'a, Option<Vec<Given>>> {
        ready(self.count.lock().unwrap().grant(self.process, asks)).boxed()
    }

    fn renew<'a>(&'a self, held: &'a [Held], back: &'a [Back]) -> BoxFuture<'a, bool> {
        ready(self.count.lock().unwrap().tell(self.process, held, back)).boxed()
    }

    fn is_there(&self) -> bool {
        !self.count.lock().unwrap().silent
    }

    fn processes(&self) -> u64 {
        self.processes
    }
}

/// Processes over one count.
pub(super) struct House {
    pub(super) count: Arc<Mutex<Count>>,
    pub(super) limiters: Vec<Limiter>,
}

impl House {
    pub(super) fn new(processes: usize) -> Self {
        let count = Arc::new(Mutex::new(Count {
            now_ms: NOW,
            ..Count::default()
        }));
        let limiter = |process| {
            let way = Way {
                count: Arc::clone(&count),
                process,
                // None waits for others to give back: here they are asked by steps.
                processes: 1,
            };
            Limiter::shared(TokenCounting::Total, Arc::new(way))
        };
        let limiters = (0..processes).map(limiter).collect();
        Self { count, limiters }
    }

    pub(super) fn now(&self) -> i64 {
        self.count.lock().unwrap().now_ms
    }

    pub(super) fn pass(&self, ms: i64) {
        self.count.lock().unwrap().now_ms += ms;
    }

    pub(super) fn silence(&self, silent: bool) {
        self.count.lock().unwrap().silent = silent;
    }

    pub(super) fn call(
        &self,
        process: usize,
        path: &[(Scope, Limits)],
        tokens: u64,
    ) -> Option<Admission> {
        let let_in = self.limiters[process].let_in(path, input(tokens), self.now());
        // Nothing here waits for anything.
        let_in.now_or_never().unwrap().ok()
    }

    pub(super) fn upkeep(&self, process: usize, renews: bool) {
        let done = self.limiters[process].upkeep(self.now(), renews);
        done.now_or_never().unwrap();
    }
}

pub(super) fn limits(requests: u64, tokens: u64, parallel: u64) -> Limits {
    Limits {
        requests_per_minute: Some(requests),
        tokens_per_minute: Some(tokens),
        max_parallel_requests: Some(parallel),
        ..Limits::default()
    }
}

pub(super) fn rpm(limit: u64) -> Limits {
    Limits {
        requests_per_minute: Some(limit),
        ..Limits::default()
    }
}

pub(super) fn parallel(limit: u64) -> Limits {
    Limits {
        max_parallel_requests: Some(limit),
        ..Limits::default()
    }
}

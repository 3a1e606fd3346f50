//! Several processes over one count, under any order of calls, losses and silences.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proptest::prelude::*;

use super::rule_tests::{input, key, scope};
use super::together_rig::{Count, HOLD_MS, House, Way, limits, parallel, rpm};
use super::*;

#[test]
fn a_limit_is_used_up_to_its_last_call_by_all_together() {
    let house = House::new(3);
    let path = [(key(), rpm(100))];
    let mut admitted = 0;
    for turn in 0..600 {
        admitted += u64::from(house.call(turn % 3, &path, 0).is_some());
    }
    assert_eq!(admitted, 100);
    house.pass(60_000);
    assert!(house.call(1, &path, 0).is_some());
}

#[test]
fn the_count_is_asked_seldom() {
    let house = House::new(1);
    let path = [(key(), rpm(10_000))];
    assert!(house.call(0, &path, 0).is_some());
    house.silence(true);
    // An eighth of the limit was granted with the first call.
    let granted = (0..1249).filter(|_| house.call(0, &path, 0).is_some());
    assert_eq!(granted.count(), 1249);
}

#[test]
fn what_a_process_does_not_use_it_gives_back_when_it_is_wanted() {
    let house = House::new(2);
    let path = [(key(), rpm(16))];
    assert!(house.call(0, &path, 0).is_some());
    let admitted = (0..99)
        .filter(|_| house.call(1, &path, 0).is_some())
        .count();
    assert_eq!(admitted, 14);
    let scope = key();
    let back = house.limiters[0].give_back(&scope, LimitType::Requests, house.now());
    back.now_or_never().unwrap();
    house.pass(101);
    assert!(house.call(1, &path, 0).is_some() && house.call(1, &path, 0).is_none());
    assert!(house.call(0, &path, 0).is_none());
}

#[test]
fn places_of_a_killed_process_are_free_when_it_is_not_heard_of_any_more() {
    let house = House::new(2);
    let path = [(key(), parallel(3))];
    let held: Vec<_> = (0..3).map(|_| house.call(0, &path, 0).unwrap()).collect();
    assert!(house.call(1, &path, 0).is_none());
    for _ in 0..20 {
        house.pass(2_000);
        house.upkeep(0, true);
        assert!(house.call(1, &path, 0).is_none());
    }
    // Killed: nobody says any more that they are held.
    std::mem::forget(held);
    house.pass(HOLD_MS - 1);
    assert!(house.call(1, &path, 0).is_none());
    house.pass(101);
    assert!(house.call(1, &path, 0).is_some());
}

#[test]
fn places_that_were_not_used_since_two_renewals_are_given_back() {
    let house = House::new(2);
    let path = [(key(), parallel(2))];
    drop([house.call(0, &path, 0), house.call(0, &path, 0)]);
    house.upkeep(0, true);
    assert!(house.call(1, &path, 0).is_none());
    house.upkeep(0, true);
    house.pass(101);
    let both = [house.call(1, &path, 0), house.call(1, &path, 0)];
    assert!(both.iter().all(Option::is_some));
}

#[test]
fn without_the_count_each_process_has_its_part_and_owes_what_it_used() {
    let house = House::new(1);
    let path = [(key(), rpm(16))];
    let way = Way {
        count: Arc::clone(&house.count),
        process: 7,
        processes: 4,
    };
    let cut_off = Limiter::shared(TokenCounting::Total, Arc::new(way));
    house.silence(true);
    let call = || {
        let let_in = cut_off.let_in(&path, input(0), house.now());
        let_in.now_or_never().unwrap()
    };
    assert_eq!((0..99).filter(|_| call().is_ok()).count(), 4);
    cut_off.set_strict(true);
    assert_eq!(call().unwrap_err(), Barred::Uncounted);
    house.silence(false);
    cut_off.upkeep(house.now(), false).now_or_never().unwrap();
    let others = (0..99).filter(|_| house.call(0, &path, 0).is_some());
    assert_eq!(others.count(), 12);
}

#[test]
fn a_count_that_was_emptied_is_told_what_the_window_has_had() {
    let house = House::new(2);
    let path = [(key(), rpm(10))];
    assert_eq!(
        (0..6).filter(|_| house.call(0, &path, 0).is_some()).count(),
        6
    );
    house.pass(1_000);
    *house.count.lock().unwrap() = Count {
        now_ms: house.now(),
        ..Count::default()
    };
    let left = (0..99).filter(|_| house.call(0, &path, 0).is_some());
    assert_eq!(left.count(), 4);
    assert!(house.call(1, &path, 0).is_none());
}

/// A way on which questions are heard at once and answered when somebody says so.
#[derive(Debug)]
struct Slow {
    way: Way,
    answers: tokio::sync::Semaphore,
}

impl Pool for Slow {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> BoxFuture<'a, Option<Vec<Given>>> {
        async move {
            let given = self.way.take(asks).await;
            self.answers.acquire().await.ok()?.forget();
            given
        }
        .boxed()
    }

    fn renew<'a>(&'a self, held: &'a [Held], back: &'a [Back]) -> BoxFuture<'a, bool> {
        self.way.renew(held, back)
    }

    fn is_there(&self) -> bool {
        self.way.is_there()
    }

    fn processes(&self) -> u64 {
        self.way.processes
    }
}

#[test]
fn questions_that_overlap_tell_once_what_is_owed_and_a_lost_one_tells_nothing() {
    let house = House::new(1);
    let path = [(key(), rpm(10))];
    let slow = Arc::new(Slow {
        way: Way {
            count: Arc::clone(&house.count),
            process: 7,
            processes: 1,
        },
        answers: tokio::sync::Semaphore::new(0),
    });
    let limiter = Limiter::shared(TokenCounting::Total, Arc::clone(&slow) as Arc<dyn Pool>);
    // Six calls while nobody could be asked.
    house.silence(true);
    let cut_off = (0..6).filter(|_| {
        let let_in = limiter.let_in(&path, input(0), house.now());
        let_in.now_or_never().unwrap().is_ok()
    });
    assert_eq!(cut_off.count(), 6);
    house.silence(false);
    let given = || house.count.lock().unwrap().windows[&(key(), LimitType::Requests)].1;

    let mut first = limiter.upkeep(house.now(), false).boxed();
    assert!(first.as_mut().now_or_never().is_none());
    assert_eq!(given(), 6);
    let mut second = limiter.upkeep(house.now(), false).boxed();
    assert!(second.as_mut().now_or_never().is_none());
    assert_eq!(given(), 6);
    slow.answers.add_permits(2);
    first.now_or_never().unwrap();
    second.now_or_never().unwrap();

    // Nobody waits any more for a question that tells: what is owed later is told all the same.
    house.silence(true);
    assert!(
        limiter
            .let_in(&path, input(0), house.now())
            .now_or_never()
            .unwrap()
            .is_ok()
    );
    house.silence(false);
    house.pass(1_000);
    *house.count.lock().unwrap() = Count {
        now_ms: house.now(),
        ..Count::default()
    };
    let mut dropped = limiter.upkeep(house.now(), false).boxed();
    assert!(dropped.as_mut().now_or_never().is_none());
    drop(dropped);
    slow.answers.add_permits(1);
    limiter.upkeep(house.now(), false).now_or_never().unwrap();
    assert!(given() >= 7);
    let left = (0..99).filter(|_| house.call(0, &path, 0).is_some());
    assert!(left.count() <= 3);
}

#[derive(Debug, Clone)]
enum Step {
    Call {
        process: usize,
        path: usize,
        tokens: u64,
    },
    Settle {
        call: usize,
        tokens: u64,
    },
    End {
        call: usize,
    },
    Withdraw {
        process: usize,
        path: usize,
    },
    Pass {
        ms: i64,
    },
    Upkeep {
        process: usize,
        renews: bool,
    },
    GiveBack {
        process: usize,
        what: usize,
    },
    Kill {
        process: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3usize, 0..3usize, 0..400u64)
            .prop_map(|(process, path, tokens)| Step::Call { process, path, tokens }),
        2 => (0..9usize, 0..400u64).prop_map(|(call, tokens)| Step::Settle { call, tokens }),
        3 => (0..9usize).prop_map(|call| Step::End { call }),
        1 => (0..3usize, 0..3usize).prop_map(|(process, path)| Step::Withdraw { process, path }),
        2 => (0..5_000i64).prop_map(|ms| Step::Pass { ms }),
        2 => (0..3usize, any::<bool>()).prop_map(|(process, renews)| Step::Upkeep { process, renews }),
        2 => (0..3usize, 0..4usize).prop_map(|(process, what)| Step::GiveBack { process, what }),
        1 => (0..3usize).prop_map(|process| Step::Kill { process }),
    ]
}

proptest! {
    #[test]
    fn all_together_never_admit_more_than_a_limit(
        steps in prop::collection::vec(step(), 0..250),
    ) {
        let scopes = [
            (key(), limits(17, 3_000, 4)),
            (scope(ScopeKind::Team, "t"), limits(40, 5_000, 6)),
            (scope(ScopeKind::Model, "m"), limits(9, 1_000, 2)),
        ];
        let paths = [vec![0usize, 1], vec![1, 2], vec![2, 1, 0]];
        let mut house = House::new(3);
        // The process, its path, and the call.
        let mut calls: Vec<(usize, usize, Admission)> = Vec::new();
        let mut windows: HashMap<usize, (i64, u64)> = HashMap::new();
        for step in steps {
            // Who runs says so in time.
            for process in 0..3 {
                house.upkeep(process, true);
            }
            match step {
                Step::Call { process, path: at, tokens } => {
                    let path: Vec<_> = paths[at].iter().map(|it| scopes[*it].clone()).collect();
                    if let Some(call) = house.call(process, &path, tokens) {
                        for it in &paths[at] {
                            let began = house.count.lock().unwrap().windows
                                [&(scopes[*it].0.clone(), LimitType::Requests)].0;
                            let window = windows.entry(*it).or_insert((began, 0));
                            if window.0 != began {
                                *window = (began, 0);
                            }
                            window.1 += 1;
                            prop_assert!(window.1 <= scopes[*it].1.requests_per_minute.unwrap());
                        }
                        calls.push((process, at, call));
                    }
                }
                Step::Settle { call, tokens } => {
                    let now = house.now();
                    if let Some((_, _, it)) = calls.get_mut(call) {
                        it.settle(input(tokens), now);
                    }
                }
                Step::End { call } if call < calls.len() => drop(calls.swap_remove(call)),
                Step::End { .. } => {}
                Step::Withdraw { process, path: at } => {
                    let path: Vec<_> = paths[at].iter().map(|it| scopes[*it].clone()).collect();
                    drop(house.call(process, &path, 1).map(Admission::tentative));
                }
                Step::Pass { ms } => house.pass(ms),
                Step::Upkeep { process, renews } => house.upkeep(process, renews),
                Step::GiveBack { process, what } => {
                    for (scope, _) in &scopes {
                        let what = LimitType::ALL[what];
                        let back = house.limiters[process].give_back(scope, what, house.now());
                        back.now_or_never().unwrap();
                    }
                }
                Step::Kill { process } => {
                    // Its calls are gone with it; what it was granted is not.
                    calls.retain(|it| it.0 != process);
                    let count = Arc::clone(&house.count);
                    let way = Way { count, process: process + 100, processes: 1 };
                    house.limiters[process] = Limiter::shared(TokenCounting::Total, Arc::new(way));
                }
            }
            for (it, (_, limits)) in scopes.iter().enumerate() {
                let under_way = calls.iter().filter(|call| paths[call.1].contains(&it)).count();
                prop_assert!(under_way as u64 <= limits.max_parallel_requests.unwrap());
            }
        }
    }
}

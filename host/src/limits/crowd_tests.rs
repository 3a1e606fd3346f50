//! Many calls at once.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

const NOW: i64 = 1_795_000_000_000;

fn path(limits: Limits) -> [(Scope, Limits); 3] {
    [
        (Scope::new(ScopeKind::Key, "k"), limits),
        (Scope::new(ScopeKind::Team, "t"), limits),
        (Scope::new(ScopeKind::Deployment, "d"), limits),
    ]
}

/// Runs `turns` of `work` on each of 8 threads, with a path in another order on every other one.
fn crowd(limits: Limits, turns: usize, work: impl Fn(&[(Scope, Limits)]) + Sync) {
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let work = &work;
            threads.spawn(move || {
                let mut path = path(limits);
                path.rotate_left(thread % 3);
                (0..turns).for_each(|_| work(&path));
            });
        }
    });
}

#[test]
fn never_more_calls_at_once_than_allowed() {
    let limiter = Limiter::new(TokenCounting::Total);
    let limits = Limits {
        max_parallel_requests: Some(3),
        ..Limits::default()
    };
    let (running, most) = (AtomicU64::new(0), AtomicU64::new(0));

    crowd(limits, 5000, |path| {
        if let Ok(call) = limiter.admit(path, Tokens::NONE, NOW) {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            std::thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            drop(call);
        }
    });

    assert!((1..=3).contains(&most.into_inner()));
    // Every place came back.
    let places: Vec<_> = (0..3)
        .map(|_| limiter.admit(&path(limits), Tokens::NONE, NOW))
        .collect();
    assert!(places.iter().all(Result::is_ok));
}

#[test]
fn a_window_admits_exactly_its_limit_whoever_asks() {
    let limiter = Limiter::new(TokenCounting::Total);
    let limits = Limits {
        requests_per_minute: Some(777),
        tokens_per_minute: Some(1_000_000),
        ..Limits::default()
    };
    let admitted = AtomicU64::new(0);

    crowd(limits, 500, |path| {
        let ten = Tokens {
            input: 10,
            output: 0,
        };
        if let Ok(mut call) = limiter.admit(path, ten, NOW) {
            admitted.fetch_add(1, Ordering::SeqCst);
            call.settle(Tokens { input: 3, ..ten }, NOW);
        }
    });

    assert_eq!(admitted.into_inner(), 777);
    for standing in limiter.standings(&path(limits), NOW) {
        assert_eq!(standing.requests.unwrap().remaining, 0);
        assert_eq!(standing.tokens.unwrap().remaining, 1_000_000 - 3 * 777);
    }
}

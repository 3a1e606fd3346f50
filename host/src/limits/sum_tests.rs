//! Sums and bounds over any order of events.

use proptest::prelude::*;

use super::rule_tests::{NOW, input, key, limiter, scope, tokens_left, tpm};
use super::*;

#[derive(Debug, Clone)]
enum Step {
    Admit { path: usize, tokens: u64 },
    Settle { call: usize, tokens: u64 },
    End { call: usize },
    Pass { ms: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3usize, 0..400u64).prop_map(|(path, tokens)| Step::Admit { path, tokens }),
        2 => (0..6usize, 0..600u64).prop_map(|(call, tokens)| Step::Settle { call, tokens }),
        2 => (0..6usize).prop_map(|call| Step::End { call }),
        1 => (0..40_000i64).prop_map(|ms| Step::Pass { ms }),
    ]
}

proptest! {
    #[test]
    fn no_window_takes_more_than_its_limits_and_no_refusal_costs(
        steps in prop::collection::vec(step(), 0..150),
    ) {
        let limits = |rpm, tpm, parallel| Limits {
            requests_per_minute: Some(rpm),
            tokens_per_minute: Some(tpm),
            max_parallel_requests: Some(parallel),
            ..Limits::default()
        };
        let scopes = [
            (key(), limits(7, 1000, 3)),
            (scope(ScopeKind::Team, "t"), limits(10, 1500, 5)),
            (scope(ScopeKind::Model, "m"), limits(6, 700, 2)),
        ];
        let paths = [vec![0usize, 1], vec![1, 2], vec![2, 1, 0]];
        let limiter = limiter();
        let mut now = NOW;
        let mut calls: Vec<(usize, Admission)> = Vec::new();
        // Of each scope: where its window ends, and the calls admitted in it.
        let mut windows = [(i64::MIN, 0u64); 3];
        for step in steps {
            match step {
                Step::Admit { path: at, tokens } => {
                    let path: Vec<_> = paths[at].iter().map(|it| scopes[*it].clone()).collect();
                    let before = limiter.standings(&scopes, now);
                    match limiter.admit(&path, input(tokens), now) {
                        Ok(call) => {
                            for (it, standing) in paths[at].iter().zip(call.standings(now)) {
                                let (end, admitted) = &mut windows[*it];
                                if *end != standing.resets_at_ms {
                                    (*end, *admitted) = (standing.resets_at_ms, 0);
                                }
                                *admitted += 1;
                            }
                            calls.push((at, call));
                        }
                        Err(refusal) => {
                            prop_assert_eq!(limiter.standings(&scopes, now), before);
                            prop_assert!(refusal.resets_at_ms > now);
                            prop_assert!((1..=60).contains(&refusal.retry_after_s));
                        }
                    }
                }
                Step::Settle { call, tokens } if call < calls.len() => {
                    calls[call].1.settle(input(tokens), now);
                }
                Step::End { call } if call < calls.len() => {
                    drop(calls.swap_remove(call));
                }
                Step::Settle { .. } | Step::End { .. } => {}
                Step::Pass { ms } => now += ms,
            }
            for (it, (_, limits)) in scopes.iter().enumerate() {
                prop_assert!(windows[it].1 <= limits.requests_per_minute.unwrap());
                let running = calls.iter().filter(|(at, _)| paths[*at].contains(&it)).count();
                prop_assert!(running as u64 <= limits.max_parallel_requests.unwrap());
            }
        }
        // When every call has taken its tokens back, none are missing and none too many.
        for (_, call) in &mut calls {
            call.settle(Tokens::NONE, now);
        }
        drop(calls);
        limiter.sweep(now + WINDOW_MS);
        prop_assert!(limiter.is_empty());
    }

    #[test]
    fn the_tokens_of_a_window_are_the_sum_of_its_calls(
        calls in prop::collection::vec((0..1000u64, prop::collection::vec(0..2000u64, 0..4)), 0..20),
    ) {
        let limiter = limiter();
        let path = [(key(), tpm(1_000_000))];
        let mut sum = 0;
        for (estimate, corrections) in calls {
            let mut call = limiter.admit(&path, input(estimate), NOW).unwrap();
            sum += corrections.last().copied().unwrap_or(estimate);
            corrections.iter().for_each(|used| call.settle(input(*used), NOW));
            drop(call);
            prop_assert_eq!(tokens_left(&limiter, &path, NOW), 1_000_000 - sum);
        }
    }
}

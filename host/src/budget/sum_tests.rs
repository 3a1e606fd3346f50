//! Sums and bounds over any order of events.

use proptest::prelude::*;

use crate::domain::{EntityKind, Usd};

use super::rule_tests::{NOW, cents, id, ledger};
use super::{Portion, Reservation};

/// One step of a random day.
#[derive(Debug, Clone)]
enum Step {
    Open {
        path: usize,
        cents: i128,
    },
    TopUp {
        call: usize,
        cents: i128,
    },
    /// Costs this share of what it holds, in percent.
    Settle {
        call: usize,
        percent: i128,
    },
    Forget {
        call: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3usize, 0..40i128).prop_map(|(path, cents)| Step::Open { path, cents }),
        (0..9usize, 0..40i128).prop_map(|(call, cents)| Step::TopUp { call, cents }),
        (0..9usize, 0..=100i128).prop_map(|(call, percent)| Step::Settle { call, percent }),
        (0..9usize).prop_map(|call| Step::Forget { call }),
    ]
}

proptest! {
    #[test]
    fn nobody_spends_more_than_a_slice_beyond_the_budget(
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let accounts = [
            (id(EntityKind::Key, "k"), cents(100)),
            (id(EntityKind::Team, "t"), cents(150)),
            (id(EntityKind::User, "u"), cents(70)),
        ];
        let ledger = ledger(&accounts);
        let paths = [&[0usize, 1][..], &[1, 2], &[0, 1, 2]];
        let mut calls: Vec<(usize, Reservation)> = Vec::new();
        let mut billed = [Usd::ZERO; 3];
        let mut largest = Usd::ZERO;
        for step in steps {
            match step {
                Step::Open { path: at, cents: amount } => {
                    let ids: Vec<_> = paths[at].iter().map(|it| accounts[*it].0.clone()).collect();
                    let path = ledger.path(&ids).unwrap();
                    if let Ok(hold) = path.try_reserve(Some(cents(amount)), NOW) {
                        largest = largest.max(hold.held());
                        calls.push((at, hold.start()));
                    }
                }
                Step::TopUp { call, cents: amount } => {
                    if let Some((_, call)) = calls.get_mut(call)
                        && call.top_up(cents(amount), NOW).is_ok()
                    {
                        largest = largest.max(cents(amount));
                    }
                }
                Step::Settle { call, percent } if call < calls.len() => {
                    let (at, call) = calls.swap_remove(call);
                    let cost = Usd::from_pico(call.held().pico() * percent / 100);
                    let charged = call.settle(cost, NOW).charged;
                    paths[at].iter().for_each(|it| billed[*it] += charged);
                }
                Step::Forget { call } if call < calls.len() => {
                    let (at, call) = calls.swap_remove(call);
                    let charged = call.if_interrupted();
                    drop(call);
                    paths[at].iter().for_each(|it| billed[*it] += charged);
                }
                Step::Settle { .. } | Step::Forget { .. } => {}
            }
            for (it, (id, max)) in accounts.iter().enumerate() {
                let now = ledger.snapshot(id, NOW).unwrap();
                let held: Usd = calls
                    .iter()
                    .filter(|(at, _)| paths[*at].contains(&it))
                    .map(|(_, call)| call.held())
                    .sum();
                prop_assert_eq!(now.spend, billed[it], "{} is the sum of its calls", id);
                prop_assert_eq!(now.reserved, held, "{} holds what its calls hold", id);
                prop_assert!(now.spend + now.reserved <= *max + largest);
            }
        }
    }

    #[test]
    fn streams_side_by_side_cost_no_more_than_they_hold(
        events in prop::collection::vec((0..8usize, 1..=50i128), 0..400),
        slice in 400i128..1000,
    ) {
        let key = id(EntityKind::Key, "k");
        let max = Usd::from_pico(3000);
        let ledger = ledger(&[(key.clone(), max)]);
        let path = ledger.path(std::slice::from_ref(&key)).unwrap();
        let portion = Portion { slice: Usd::from_pico(slice), most: None };
        let mut streams: Vec<_> = (0..8)
            .map(|_| path.try_reserve(Some(portion.slice), NOW).ok())
            .map(|hold| hold.map(|hold| (hold.start(), Usd::ZERO)))
            .collect();
        for (at, cost) in events {
            if let Some((stream, so_far)) = &mut streams[at] {
                *so_far += Usd::from_pico(cost);
                let cut_off = stream.advance(*so_far, portion, NOW).is_err();
                prop_assert!(*so_far <= stream.held());
                if cut_off {
                    streams[at] = None;
                }
            }
        }
        drop(streams);
        let now = ledger.snapshot(&key, NOW).unwrap();
        prop_assert!(now.reserved.is_zero() && now.spend <= max + portion.slice);
    }
}

//! Resets, temporary increases, changes by hand, and what stays in memory.

use jiff::Timestamp;

use crate::domain::{EntityKind, Usd};

use super::rule_tests::{NOW, cents, id, ledger, limited};
use super::*;

const DAY: i64 = 86_400_000;

fn user() -> AccountId {
    id(EntityKind::User, "u")
}

/// A day's budget of ten cents with a soft one of four, in the window that `NOW` lies in.
fn daily() -> Standing {
    Standing {
        terms: Terms {
            max_budget: Some(cents(10)),
            soft_budget: Some(cents(4)),
            period: Some("1d".parse().unwrap()),
            ..Terms::default()
        },
        ..Standing::default()
    }
}

fn with(standing: Standing) -> (Ledger, Path) {
    let ledger = Ledger::new(Settings::default());
    ledger.load(user(), standing, NOW);
    let path = ledger.path(&[user()]).unwrap();
    (ledger, path)
}

#[test]
fn a_reset_forgets_what_was_spent_and_keeps_what_is_held() {
    let (ledger, path) = with(daily());
    path.charge(cents(8), NOW);
    let call = path.try_reserve(Some(cents(2)), NOW).unwrap().start();
    let ends = ledger.snapshot(&user(), NOW).unwrap().resets_at_ms.unwrap();

    let before = ledger.snapshot(&user(), ends - 1).unwrap();
    let after = ledger.snapshot(&user(), ends).unwrap();
    call.settle(cents(1), ends);

    assert_eq!((before.spend, before.reserved), (cents(8), cents(2)));
    assert_eq!((after.spend, after.reserved), (Usd::ZERO, cents(2)));
    assert_eq!(after.resets_at_ms, Some(ends + DAY));
    assert_eq!(
        ends,
        "2026-11-19T00:00:00Z"
            .parse::<Timestamp>()
            .unwrap()
            .as_millisecond()
    );
    assert_eq!(ledger.snapshot(&user(), ends).unwrap().spend, cents(1));
}

#[test]
fn what_exceeds_a_budget_rolls_over_where_the_operator_wants_it() {
    let rolling = Settings {
        rolls_over: true,
        ..Settings::default()
    };
    for (spent, left) in [(8, 0), (10, 0), (13, 3), (25, 15)] {
        let ledger = Ledger::new(rolling.clone());
        ledger.load(user(), daily(), NOW);
        let path = ledger.path(&[user()]).unwrap();
        path.charge(cents(spent), NOW);
        let after = ledger.snapshot(&user(), NOW + DAY).unwrap();
        assert_eq!(after.spend, cents(left), "{spent}");
        let reset = ledger.due_resets(NOW + DAY).remove(0);
        assert_eq!(reset.carries_above, Some(cents(10)));
        assert_eq!(reset.spent, cents(spent));
    }
    // One that was away while its window ended is read with what it had spent.
    let ledger = Ledger::new(rolling);
    let mut standing = daily();
    standing.spend = cents(12);
    standing.terms.resets_at_ms = Some(NOW - 1);
    ledger.load(user(), standing, NOW);
    assert_eq!(ledger.snapshot(&user(), NOW).unwrap().spend, cents(2));
}

#[test]
fn the_first_call_after_a_reset_goes_without_any_job() {
    let (_ledger, path) = with(daily());
    path.charge(cents(10), NOW);
    assert!(path.try_reserve(Some(cents(1)), NOW).is_err());
    assert!(path.try_reserve(Some(cents(1)), NOW + DAY).is_ok());
}

#[test]
fn each_reset_is_named_once_for_the_store() {
    let (ledger, path) = with(daily());
    path.charge(cents(8), NOW);
    let none = ledger.due_resets(NOW);
    drop(path.try_reserve(Some(cents(1)), NOW + DAY)); // ended the window by itself

    let resets = ledger.due_resets(NOW + DAY);

    assert!(none.is_empty() && ledger.due_resets(NOW + DAY).is_empty());
    let [reset] = &resets[..] else {
        panic!("{resets:?}")
    };
    assert_eq!((&reset.account, reset.spent), (&user(), cents(8)));
    assert!(reset.resets_at_ms > NOW + DAY);
    assert_eq!(reset.began_ms, reset.resets_at_ms - DAY);
    // Until the store has heard of it.
    ledger.reset_is_untold(reset);
    assert_eq!(ledger.due_resets(NOW + DAY), resets);
}

#[test]
fn a_window_that_ended_while_nobody_looked_is_reset_when_it_is_loaded() {
    let mut standing = daily();
    standing.spend = cents(9);
    standing.terms.resets_at_ms = Some(NOW - 10 * DAY);
    let (ledger, _path) = with(standing);
    assert_eq!(ledger.snapshot(&user(), NOW).unwrap().spend, Usd::ZERO);
    assert_eq!(ledger.due_resets(NOW)[0].spent, cents(9));
    // What is known to be of the window that runs is kept.
    let mut standing = daily();
    (standing.spend, standing.spend_since) = (cents(9), cents(2));
    standing.terms.resets_at_ms = Some(NOW - 10 * DAY);
    let (ledger, _path) = with(standing);
    assert_eq!(ledger.snapshot(&user(), NOW).unwrap().spend, cents(2));
    assert_eq!(ledger.due_resets(NOW)[0].spent, cents(9));
}

#[test]
fn a_change_that_comes_with_yesterdays_reset_time_resets_nothing() {
    let (ledger, path) = with(daily());
    let stale = ledger.snapshot(&user(), NOW).unwrap().resets_at_ms;
    path.charge(cents(3), NOW + DAY);
    let terms = Terms {
        max_budget: Some(cents(20)),
        resets_at_ms: stale,
        ..daily().terms
    };

    assert!(ledger.revise(&user(), terms, NOW + DAY));

    let after = ledger.snapshot(&user(), NOW + DAY).unwrap();
    assert_eq!((after.spend, after.max_budget), (cents(3), Some(cents(20))));
    assert_eq!(after.resets_at_ms, stale.map(|at| at + DAY));
}

#[test]
fn a_temporary_increase_ends_at_its_time() {
    let mut standing = limited(cents(1));
    standing.terms.increase = Some(Increase {
        by: cents(1),
        until_ms: NOW + 1000,
    });
    let (ledger, path) = with(standing);
    path.charge(cents(1), NOW);

    assert_eq!(
        ledger.snapshot(&user(), NOW).unwrap().max_budget,
        Some(cents(2))
    );
    assert!(path.try_reserve(Some(cents(1)), NOW + 999).is_ok());
    assert!(path.try_reserve(Some(cents(1)), NOW + 1000).is_err());
}

#[test]
fn a_soft_budget_is_reported_once_a_window_and_refuses_nothing() {
    let (_ledger, path) = with(daily());
    let reports = |cost, now| {
        let call = path.try_reserve(Some(cost), now).unwrap().start();
        call.settle(cost, now).crossed.len()
    };
    assert_eq!(
        (
            reports(cents(3), NOW),
            reports(cents(1), NOW),
            reports(cents(1), NOW)
        ),
        (0, 1, 0)
    );
    assert_eq!(reports(cents(5), NOW + DAY), 1);
}

#[test]
fn a_soft_budget_reached_by_a_forgotten_call_is_told_by_the_next() {
    let (_ledger, path) = with(daily());
    drop(path.try_reserve(Some(cents(5)), NOW).unwrap().start());
    let [crossing] = &path.charge(Usd::ZERO, NOW).crossed[..] else {
        panic!("told nobody")
    };
    assert_eq!((crossing.spend, crossing.soft_budget), (cents(5), cents(4)));
}

#[test]
fn a_soft_budget_that_is_lowered_below_the_spend_is_told() {
    let (ledger, path) = with(daily());
    assert!(path.charge(cents(3), NOW).crossed.is_empty());
    let terms = Terms {
        soft_budget: Some(cents(2)),
        ..daily().terms
    };
    ledger.revise(&user(), terms, NOW);
    assert_eq!(path.charge(Usd::ZERO, NOW).crossed.len(), 1);
}

#[test]
fn a_soft_budget_that_was_passed_before_the_start_is_not_reported_again() {
    let mut standing = daily();
    standing.spend = cents(5);
    standing.terms.resets_at_ms = Some(NOW + 1);
    let (_ledger, path) = with(standing);
    assert!(path.charge(cents(1), NOW).crossed.is_empty());
}

#[test]
fn a_spend_set_by_hand_leaves_calls_in_flight_alone() {
    let (ledger, path) = with(daily());
    path.charge(cents(10), NOW);
    let before = ledger.set_spend(&user(), Usd::ZERO, NOW);
    let call = path.try_reserve(Some(cents(2)), NOW).unwrap().start();
    ledger.set_spend(&user(), cents(1), NOW);
    call.settle(cents(2), NOW);
    assert_eq!(before, Some(cents(10)));
    assert_eq!(ledger.snapshot(&user(), NOW).unwrap().spend, cents(3));
}

#[test]
fn an_account_that_is_loaded_twice_keeps_what_it_knows() {
    let (ledger, path) = with(daily());
    path.charge(cents(3), NOW);
    ledger.load(user(), daily(), NOW);
    assert_eq!(ledger.snapshot(&user(), NOW).unwrap().spend, cents(3));
}

#[test]
fn only_accounts_that_nobody_uses_leave_memory() {
    let key = id(EntityKind::Key, "k");
    let ledger = ledger(&[(user(), cents(1)), (key.clone(), cents(1))]);
    let hold = ledger
        .path(&[key])
        .unwrap()
        .try_reserve(Some(cents(1)), NOW);

    assert_eq!(ledger.sweep(NOW), 0); // used at NOW, which the store may not know of
    assert_eq!(ledger.sweep(NOW + 1), 1);
    assert_eq!(ledger.len(), 1);
    drop(hold);
    assert_eq!(ledger.sweep(NOW + 1), 1);
    assert!(ledger.is_empty());
}

#[test]
fn what_is_deleted_is_gone_and_its_calls_still_end() {
    let (ledger, path) = with(daily());
    let call = path.try_reserve(Some(cents(2)), NOW).unwrap().start();
    assert!(ledger.forget(&user()) && !ledger.forget(&user()));
    assert_eq!(call.settle(cents(2), NOW).charged, cents(2));
    assert!(!ledger.revise(&user(), Terms::default(), NOW));
    assert_eq!(ledger.set_spend(&user(), Usd::ZERO, NOW), None);
}

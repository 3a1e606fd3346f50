//! Many calls at once, near the end of the money.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::domain::{EntityKind, Usd};

use super::rule_tests::{NOW, cents, id, ledger, limited};
use super::*;

fn key() -> AccountId {
    id(EntityKind::Key, "k")
}

/// Runs a future until it waits.
async fn until_it_waits<T>(call: Pin<&mut impl Future<Output = T>>) {
    tokio::select! {
        biased;
        _ = call => panic!("did not wait"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn what_does_not_fit_waits_for_the_call_in_flight() {
    let ledger = ledger(&[(key(), cents(10))]);
    let path = ledger.path(&[key()]).unwrap();
    let first = path.try_reserve(Some(cents(8)), NOW).unwrap().start();
    let mut second = pin!(path.reserve(Some(cents(8)), NOW));
    until_it_waits(second.as_mut()).await;

    first.settle(cents(1), NOW);

    assert_eq!(second.await.unwrap().held(), cents(8));
}

#[tokio::test]
async fn a_wait_is_bounded_and_says_what_is_held() {
    let ledger = Ledger::new(Settings {
        longest_wait: Duration::from_millis(5),
        ..Settings::default()
    });
    ledger.load(key(), limited(cents(10)), NOW);
    let path = ledger.path(&[key()]).unwrap();
    let _first = path.try_reserve(Some(cents(8)), NOW).unwrap().start();

    let Refusal::Exceeded(refusal) = path.reserve(Some(cents(8)), NOW).await.unwrap_err() else {
        panic!("not for its price")
    };

    assert_eq!((refusal.reason, refusal.reserved), (Reason::Held, cents(8)));
    let message = refusal.client_message("Key=k");
    assert!(message.ends_with("reserved by calls in flight: 0.08; try again when they have ended"));
}

#[tokio::test]
async fn all_that_fit_go_when_room_comes() {
    let ledger = ledger(&[(key(), cents(10))]);
    let path = ledger.path(&[key()]).unwrap();
    let first = path.try_reserve(Some(cents(10)), NOW).unwrap().start();
    let mut second = pin!(path.reserve(Some(cents(3)), NOW));
    let mut third = pin!(path.reserve(Some(cents(3)), NOW));
    until_it_waits(second.as_mut()).await;
    until_it_waits(third.as_mut()).await;

    first.settle(cents(1), NOW);

    let (second, third) = tokio::join!(second, third);
    assert_eq!(second.unwrap().held() + third.unwrap().held(), cents(6));
}

#[tokio::test]
async fn all_that_wait_learn_at_once_that_the_money_is_spent() {
    let ledger = ledger(&[(key(), cents(10))]);
    let path = ledger.path(&[key()]).unwrap();
    let first = path.try_reserve(Some(cents(10)), NOW).unwrap().start();
    let mut second = pin!(path.reserve(Some(cents(3)), NOW));
    let mut third = pin!(path.reserve(Some(cents(3)), NOW));
    until_it_waits(second.as_mut()).await;
    until_it_waits(third.as_mut()).await;

    first.settle(cents(10), NOW);

    let (second, third) = tokio::join!(second, third);
    assert!(second.is_err() && third.is_err());
}

#[tokio::test]
async fn a_client_that_leaves_the_queue_holds_up_nobody() {
    let ledger = ledger(&[(key(), cents(10))]);
    let path = ledger.path(&[key()]).unwrap();
    let first = path.try_reserve(Some(cents(10)), NOW).unwrap().start();
    let mut second = Box::pin(path.reserve(Some(cents(3)), NOW));
    let mut third = pin!(path.reserve(Some(cents(3)), NOW));
    until_it_waits(second.as_mut()).await;
    until_it_waits(third.as_mut()).await;

    first.settle(cents(1), NOW); // its turn goes to the second, who has left
    drop(second);

    assert!(third.await.is_ok());
}

#[tokio::test]
async fn a_raised_budget_lets_those_go_that_wait() {
    let ledger = ledger(&[(key(), cents(10))]);
    let path = ledger.path(&[key()]).unwrap();
    let _first = path.try_reserve(Some(cents(10)), NOW).unwrap().start();
    let mut second = pin!(path.reserve(Some(cents(3)), NOW));
    until_it_waits(second.as_mut()).await;

    ledger.revise(&key(), limited(cents(20)).terms, NOW);

    assert!(second.await.is_ok());
}

#[tokio::test]
async fn a_call_waits_for_one_account_after_the_other() {
    let team = id(EntityKind::Team, "t");
    let ledger = ledger(&[(key(), cents(10)), (team.clone(), cents(10))]);
    let by_key = ledger.path(&[key()]).unwrap();
    let by_team = ledger.path(std::slice::from_ref(&team)).unwrap();
    let both = ledger.path(&[key(), team]).unwrap();
    let first = by_key.try_reserve(Some(cents(10)), NOW).unwrap().start();
    let second = by_team.try_reserve(Some(cents(10)), NOW).unwrap().start();
    let mut third = pin!(both.reserve(Some(cents(5)), NOW));
    until_it_waits(third.as_mut()).await;

    first.settle(cents(1), NOW);
    until_it_waits(third.as_mut()).await;
    second.settle(cents(1), NOW);

    assert_eq!(third.await.unwrap().held(), cents(5));
}

/// One stream of up to `events` events at a tenth of a cent each. Returns what it was charged.
async fn stream(path: Path, events: u32, slice: Usd) -> Result<Usd, Refusal> {
    let event = Usd::from_pico(cents(1).pico() / 10);
    let portion = Portion { slice, most: None };
    let mut call = path.reserve(Some(slice), NOW).await?.start();
    let mut cost = Usd::ZERO;
    for _ in 0..events {
        tokio::task::yield_now().await;
        cost += event;
        if call.advance(cost, portion, NOW).is_err() {
            return Ok(call.interrupt(NOW).charged);
        }
    }
    Ok(call.settle(cost, NOW).charged)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_calls_at_once_spend_the_last_cent_and_at_most_a_slice_more() {
    let five: Vec<_> = [
        (EntityKind::Key, cents(5)), // the tight one
        (EntityKind::User, cents(7)),
        (EntityKind::Team, cents(1_000)),
        (EntityKind::Organization, cents(100_000)),
        (EntityKind::Proxy, cents(1_000_000)),
    ]
    .map(|(kind, max)| (id(kind, "x"), max))
    .into();
    let ledger = Arc::new(ledger(&five));
    let ids: Vec<_> = five.iter().map(|(id, _)| id.clone()).collect();
    let slice = Usd::from_pico(cents(1).pico() * 3 / 10);

    let mut calls = JoinSet::new();
    for at in 0..1000u32 {
        // Each in an order of its own, so that locks taken in that order would deadlock.
        let mut ids = ids.clone();
        ids.rotate_left(at as usize % 5);
        let path = ledger.path(&ids).unwrap();
        let ledger = Arc::clone(&ledger);
        calls.spawn(async move {
            let charged = stream(path, 1 + at % 9, slice).await;
            let now = ledger.snapshot(&id(EntityKind::Key, "x"), NOW).unwrap();
            assert!(now.spend + now.reserved <= cents(5) + slice);
            charged
        });
    }
    let charged: Vec<_> = calls.join_all().await;

    let total: Usd = charged.iter().flatten().copied().sum();
    assert!(total >= cents(5) && total <= cents(5) + slice, "{total}");
    for id in &ids {
        let now = ledger.snapshot(id, NOW).unwrap();
        assert_eq!((now.spend, now.reserved), (total, Usd::ZERO), "{id}");
    }
}

#[test]
fn threads_that_reserve_forget_and_settle_leave_exact_sums() {
    let ledger = ledger(&[(key(), cents(3))]);
    let path = ledger.path(&[key()]).unwrap();
    let amount = Usd::from_pico(1_000_003);

    let charged: Usd = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|thread| {
                let path = path.clone();
                scope.spawn(move || {
                    let mut charged = Usd::ZERO;
                    for turn in 0..5000 {
                        let Ok(hold) = path.try_reserve(Some(amount), NOW) else {
                            continue;
                        };
                        match (thread + turn) % 3 {
                            0 => drop(hold),
                            1 => {
                                drop(hold.start());
                                charged += amount;
                            }
                            _ => charged += hold.start().settle(Usd::from_pico(7), NOW).charged,
                        }
                    }
                    charged
                })
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).sum()
    });

    let now = ledger.snapshot(&key(), NOW).unwrap();
    assert_eq!((now.spend, now.reserved), (charged, Usd::ZERO));
}

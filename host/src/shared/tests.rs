//! Tests: limits over a real Redis, the one that `SLUICE_TEST_REDIS_URL` names.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::limits::{
    Ask, LimitType, Limiter, Limits, Pool as _, Scope, ScopeKind, TokenCounting, Tokens,
};
use crate::redis_link::{cmd, tests};

/// Replicas over the Redis of the tests, each with a connection of its own.
fn replicas(count: usize) -> Option<Vec<Shared>> {
    let (address, namespace) = tests::real()?;
    let replica = |_| Shared::over(Link::new(&address, WORDS), &namespace);
    Some((0..count).map(replica).collect())
}

async fn meet(replicas: &[Shared]) {
    for _ in 0..2 {
        for it in replicas {
            it.exchange(&HashMap::new()).await.unwrap();
        }
    }
    assert!(
        replicas
            .iter()
            .all(|it| it.replicas() == replicas.len() as u64)
    );
}

fn limiter(shared: &Shared) -> Arc<Limiter> {
    let pool = Arc::new(shared.clone());
    Arc::new(Limiter::shared(TokenCounting::Total, pool))
}

fn key() -> Scope {
    Scope::new(ScopeKind::Key, "k")
}

fn rpm(limit: u64) -> Limits {
    Limits {
        requests_per_minute: Some(limit),
        ..Limits::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_over_three_replicas_gets_the_whole_limit_and_no_more() {
    let Some(replicas) = replicas(3) else { return };
    meet(&replicas).await;
    let limiters: Vec<_> = replicas.iter().map(limiter).collect();
    let calls = (0..600).map(|turn| {
        let limiter = Arc::clone(&limiters[turn % 3]);
        async move {
            let path = [(key(), rpm(200))];
            limiter.let_in(&path, Tokens::NONE, now_ms()).await.is_ok()
        }
    });
    let admitted = futures_util::future::join_all(calls).await;
    assert_eq!(admitted.into_iter().filter(|it| *it).count(), 200);
}

#[tokio::test]
async fn places_are_held_by_renewing_and_given_back() {
    let Some(replicas) = replicas(2) else { return };
    meet(&replicas).await;
    let (one, two) = (limiter(&replicas[0]), limiter(&replicas[1]));
    let limits = Limits {
        max_parallel_requests: Some(2),
        ..Limits::default()
    };
    let path = [(key(), limits)];
    let first = one.let_in(&path, Tokens::NONE, now_ms()).await.unwrap();
    let second = one.let_in(&path, Tokens::NONE, now_ms()).await.unwrap();
    assert!(two.let_in(&path, Tokens::NONE, now_ms()).await.is_err());
    // A Redis that lost everything is told again.
    let place = replicas[0].limit_key(&key(), LimitType::MaxParallelRequests);
    let gone: u64 = replicas[0]
        .inner
        .link
        .ask(cmd("DEL").arg(&place))
        .await
        .unwrap();
    assert_eq!(gone, 1);
    one.upkeep(now_ms(), true).await;
    let held: u64 = replicas[0]
        .inner
        .link
        .ask(cmd("ZCARD").arg(&place))
        .await
        .unwrap();
    let left: i64 = replicas[0]
        .inner
        .link
        .ask(cmd("PTTL").arg(&place))
        .await
        .unwrap();
    assert!(
        held == 2 && (5_000..=10_000).contains(&left),
        "{held} {left}"
    );
    drop((first, second));
    let (scope, what) = (key(), LimitType::MaxParallelRequests);
    one.give_back(&scope, what, now_ms()).await;
    let later = now_ms() + 101;
    assert!(two.let_in(&path, Tokens::NONE, later).await.is_ok());
}

#[tokio::test]
async fn a_window_that_was_lost_is_owed_anew_and_what_is_not_used_can_be_given_back() {
    let Some(replicas) = replicas(1) else { return };
    meet(&replicas).await;
    let shared = &replicas[0];
    let ask = |need, owed, used, began| Ask {
        scope: key(),
        limit_type: LimitType::Tokens,
        limit: 1_000,
        need,
        owed,
        used,
        began,
        numbers: (0, 0),
    };
    let given = shared.take(&[ask(10, 0, 0, None)]).await.unwrap()[0];
    assert_eq!((given.enough, given.granted, given.left), (true, 125, 875));
    let back = crate::limits::Back::Window {
        scope: key(),
        limit_type: LimitType::Tokens,
        began: given.began,
        unused: 100,
    };
    assert!(shared.renew(&[], &[back]).await);
    let same = shared
        .take(&[ask(0, 5, 30, Some(given.began))])
        .await
        .unwrap()[0];
    assert_eq!((same.granted, same.left, same.began), (5, 970, given.began));
    let lost = shared.take(&[ask(0, 5, 30, Some(7))]).await.unwrap()[0];
    assert_eq!((lost.granted, lost.left), (30, 940));
    let none = shared
        .take(&[ask(941, 0, 0, None), ask(1, 0, 0, None)])
        .await;
    let none = none.unwrap();
    assert!(!none[0].enough && none.iter().all(|it| it.granted == 0));
}

#[tokio::test]
async fn replicas_hear_how_deployments_are_doing_and_when_one_ends() {
    let Some(replicas) = replicas(2) else { return };
    let doing = Doing {
        minute: 7,
        requests: 3,
        rests_ms: 5_000,
        ..Doing::default()
    };
    let said = HashMap::from([("d".to_owned(), doing)]);
    replicas[0].exchange(&said).await.unwrap();
    let heard = replicas[1].exchange(&HashMap::new()).await.unwrap();
    let heard = heard[0]["d"];
    assert_eq!((heard.minute, heard.requests), (7, 3));
    assert!((4_000..=5_000).contains(&heard.rests_ms), "{heard:?}");
    replicas[0].leave().await;
    assert_eq!(replicas[1].exchange(&said).await, Some(Vec::new()));
    assert_eq!(replicas[1].replicas(), 1);
}

#[tokio::test]
async fn a_word_is_heard_by_the_others() {
    let Some(replicas) = replicas(2) else { return };
    let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let stop = tokio_util::sync::CancellationToken::new();
    let (listener, ends) = (replicas[1].clone(), stop.clone());
    let listening = async {
        listener.listen(|word| drop(said.send(word)), ends).await;
    };
    let talking = async {
        assert_eq!(heard.recv().await, Some(Word::News));
        let word = Word::wanted(&key(), LimitType::Tokens);
        replicas[0].say(&word).await;
        assert_eq!(heard.recv().await, Some(word));
        stop.cancel();
    };
    tokio::join!(listening, talking);
}

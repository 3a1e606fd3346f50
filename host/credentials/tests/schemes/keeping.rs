//! How tokens are kept: one question for all, renewal before the end, pauses after failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all, pending};
use http::{Request, Response};
use serde_json::json;
use sluice_credentials::{Fetch, Kind, Reach, Signer, Tokens};
use tokio_util::task::TaskTracker;

use crate::rig::{Rig, clock, given, json, signer};

fn client(secret: &str) -> Signer {
    let given = given(&[("client_id", "i"), ("client_secret", secret)], &[]);
    signer(
        "oauth2",
        &[("token-url", "https://login.example/token")],
        &given,
    )
}

/// A server whose tokens are numbered, and that can be made to fail.
async fn counting() -> (Rig, Arc<AtomicBool>) {
    let (count, broken) = (AtomicU64::new(0), Arc::new(AtomicBool::new(false)));
    let fails = Arc::clone(&broken);
    let rig = Rig::new(move |_| {
        let turn = count.fetch_add(1, Ordering::Relaxed) + 1;
        if fails.load(Ordering::Relaxed) {
            return (503, "down".into());
        }
        json(json!({"access_token": format!("t-{turn}"), "expires_in": 3600}))
    });
    (rig.await, broken)
}

#[tokio::test]
async fn one_question_serves_a_hundred_callers() {
    let (rig, _) = counting().await;
    let signer = client("s");
    let all = join_all((0..100).map(|_| rig.authorization(&signer))).await;
    assert!(all.into_iter().all(|it| it.unwrap() == "Bearer t-1"));
    assert_eq!(rig.seen().len(), 1);
}

#[tokio::test]
async fn the_question_outlives_the_caller_who_asked() {
    let (rig, _) = counting().await;
    let signer = client("s");
    let mut first = Box::pin(rig.authorization(&signer));
    assert!(futures_util::poll!(&mut first).is_pending());
    drop(first);
    rig.settled().await;
    assert_eq!(rig.authorization(&signer).await.unwrap(), "Bearer t-1");
    assert_eq!(rig.seen().len(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_while_it_still_serves() {
    let (rig, _) = counting().await;
    let signer = client("s");
    rig.headers(&signer).await.unwrap();
    rig.clock.pass(3299);
    assert_eq!(rig.authorization(&signer).await.unwrap(), "Bearer t-1");
    rig.settled().await;
    assert_eq!(rig.seen().len(), 1, "too early");
    rig.clock.pass(1);
    let all = join_all((0..100).map(|_| rig.authorization(&signer))).await;
    assert!(
        all.into_iter().all(|it| it.unwrap() == "Bearer t-1"),
        "nobody waits"
    );
    rig.settled().await;
    assert_eq!(rig.authorization(&signer).await.unwrap(), "Bearer t-2");
    assert_eq!(rig.seen().len(), 2);
}

#[tokio::test]
async fn a_token_in_its_last_seconds_is_not_used() {
    let (rig, _) = counting().await;
    let signer = client("s");
    rig.headers(&signer).await.unwrap();
    rig.clock.pass(3590);
    assert_eq!(rig.authorization(&signer).await.unwrap(), "Bearer t-2");
}

#[tokio::test]
async fn a_renewal_that_fails_costs_nothing_while_the_token_is_good() {
    let (rig, broken) = counting().await;
    let signer = client("s");
    rig.headers(&signer).await.unwrap();
    broken.store(true, Ordering::Relaxed);
    rig.clock.pass(3400);
    for _ in 0..50 {
        assert_eq!(rig.authorization(&signer).await.unwrap(), "Bearer t-1");
        rig.settled().await;
    }
    assert_eq!(rig.seen().len(), 2, "a failure is remembered");
    broken.store(false, Ordering::Relaxed);
    rig.clock.pass(1);
    rig.headers(&signer).await.unwrap();
    rig.settled().await;
    assert_eq!(rig.authorization(&signer).await.unwrap(), "Bearer t-3");
}

#[tokio::test]
async fn failures_are_remembered_with_growing_pauses() {
    let (rig, broken) = counting().await;
    broken.store(true, Ordering::Relaxed);
    let signer = client("s");
    let mut asked = Vec::new();
    for _ in 0..64 {
        let error = rig.failure(&signer, &[]).await;
        assert_eq!(error.kind, Kind::Unreachable);
        assert!(error.is_passing() && error.message.contains("503"));
        asked.push(rig.seen().len());
        rig.clock.pass(1);
    }
    // Asked at 0, 1, 3, 7, 15, 31 and 61 seconds.
    assert_eq!(asked.last(), Some(&7));
    broken.store(false, Ordering::Relaxed);
    rig.clock.pass(30);
    assert!(rig.headers(&signer).await.is_ok());
}

#[tokio::test]
async fn a_server_that_asks_to_wait_is_left_alone() {
    let rig = Rig::new(|_| (429, "{}".into())).await;
    let signer = client("s");
    rig.failure(&signer, &[]).await;
    rig.clock.pass(6);
    rig.failure(&signer, &[]).await;
    assert_eq!(rig.seen().len(), 1);
    rig.clock.pass(1);
    rig.failure(&signer, &[]).await;
    assert_eq!(rig.seen().len(), 2);
}

#[tokio::test]
async fn deployments_with_other_secrets_share_nothing() {
    let (rig, _) = counting().await;
    rig.headers(&client("s")).await.unwrap();
    rig.headers(&client("other")).await.unwrap();
    rig.headers(&client("s")).await.unwrap();
    assert_eq!(rig.seen().len(), 2);
}

#[tokio::test]
async fn a_refused_token_is_replaced_unless_it_is_fresh() {
    let (rig, _) = counting().await;
    let signer = client("s");
    rig.headers(&signer).await.unwrap();
    signer.refused(&rig.tokens);
    assert_eq!(rig.authorization(&signer).await.unwrap(), "Bearer t-1");
    rig.clock.pass(30);
    signer.refused(&rig.tokens);
    assert_eq!(rig.authorization(&signer).await.unwrap(), "Bearer t-2");
}

struct Silent;

impl Fetch for Silent {
    fn fetch(&self, _: Request<Bytes>, _: Reach) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        pending().boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    let tokens = Tokens::new(Arc::new(Silent), clock(), &TaskTracker::new());
    let url = url::Url::parse("https://provider.example/").unwrap();
    let request = sluice_credentials::Unsigned {
        method: &http::Method::GET,
        url: &url,
        headers: &http::HeaderMap::new(),
        body: sluice_credentials::Body::Bytes(&[]),
    };
    let error = client("s").headers(&tokens, &request).await.unwrap_err();
    assert!(error.message.contains("does not answer in time"));
}

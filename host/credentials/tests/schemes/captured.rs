use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::future::join_all;
use http::Response;
use serde_json::{Value, json};
use sluice_credentials::{Capture, Captured, Error, Key, Kind};

use crate::rig::{NOW, Rig};

fn capture(option: Value) -> Capture {
    Capture::read(&option).unwrap()
}

async fn rig() -> Rig {
    Rig::new(|_| (404, String::new())).await
}

async fn of(rig: &Rig, capture: &Capture, status: u16, body: Value) -> Result<Captured, Error> {
    let answer = Response::builder()
        .status(status)
        .header("content-length", "1");
    let answer = answer.body(Bytes::from(body.to_string())).unwrap();
    let key = Key::of("test").text(&body.to_string()).done();
    capture.get(&rig.tokens, key, || async { Ok(answer) }).await
}

#[tokio::test]
async fn the_plugin_sees_the_answer_without_the_token() {
    let capture =
        capture(json!({"secret": "jwt", "pointer": "/data/token", "expires": "/data/ttl"}));
    let body = json!({"data": {"token": "tok-123456", "ttl": 60}, "echo": "Bearer tok-123456"});
    let captured = of(&rig().await, &capture, 200, body).await.unwrap();
    assert_eq!(captured.secret.reveal(), "tok-123456");
    let seen: Value = serde_json::from_slice(captured.answer.body()).unwrap();
    assert_eq!(
        seen,
        json!({"data": {"token": "***", "ttl": 60}, "echo": "Bearer ***"})
    );
    assert!(!captured.answer.headers().contains_key("content-length"));
    assert!(!format!("{captured:?}").contains("tok-123456"));
}

#[tokio::test]
async fn one_request_serves_all_calls_until_the_token_ends() {
    let rig = rig().await;
    let sent = Arc::new(AtomicU64::new(0));
    let capture = capture(json!({"secret": "s", "pointer": "/t", "expires": 100, "once": "login"}));
    let ask = async || {
        let sent = Arc::clone(&sent);
        let send = || async move {
            let turn = sent.fetch_add(1, Ordering::Relaxed);
            Ok(Response::new(Bytes::from(format!(
                r#"{{"t":"token-{turn}"}}"#
            ))))
        };
        let captured = capture
            .get(&rig.tokens, Key::of("d").text("login").done(), send)
            .await;
        captured.unwrap().secret.reveal().to_owned()
    };
    assert!(
        join_all((0..100).map(|_| ask()))
            .await
            .iter()
            .all(|it| it == "token-0")
    );
    rig.clock.pass(74);
    assert_eq!(ask().await, "token-0");
    rig.clock.pass(24);
    assert_eq!(ask().await, "token-1");
    assert_eq!(sent.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn expiries_are_read_in_all_their_forms() {
    let option = json!({"secret": "s", "pointer": "/t", "expires": "/e"});
    for (expiry, good) in [
        (json!(3600), true),
        (json!("3600"), true),
        (json!(NOW + 3600), true),
        (json!((NOW + 3600) * 1000), true),
        (json!("2026-03-01T13:30:45Z"), true),
        (json!(0), false),
        (json!(NOW - 1), false),
        (json!("2020-01-01T00:00:00Z"), false),
        (json!("tomorrow"), false),
        (json!(null), false),
        (json!([]), false),
    ] {
        let captured = of(
            &rig().await,
            &capture(option.clone()),
            200,
            json!({"t": "x", "e": expiry}),
        )
        .await;
        assert_eq!(captured.is_ok(), good, "{expiry}");
    }
}

#[tokio::test]
async fn answers_without_a_token_are_errors() {
    let capture = capture(json!({"secret": "s", "pointer": "/t"}));
    for (status, body, kind) in [
        (200, json!({}), Kind::Malformed),
        (200, json!({"t": ""}), Kind::Malformed),
        (200, json!({"t": 7}), Kind::Malformed),
        (401, json!({"t": "x"}), Kind::Refused),
        (500, json!({}), Kind::Unreachable),
    ] {
        assert_eq!(
            of(&rig().await, &capture, status, body)
                .await
                .unwrap_err()
                .kind,
            kind
        );
    }
}

#[test]
fn options_that_make_no_sense_are_refused_by_their_names() {
    for (option, says) in [
        (json!([]), "no object"),
        (json!({"pointer": "/t"}), "`secret`"),
        (json!({"secret": "s"}), "`pointer`"),
        (json!({"secret": "s", "pointer": "t"}), "`pointer`"),
        (
            json!({"secret": "s", "pointer": "/t", "expires": "never"}),
            "`expires`",
        ),
        (
            json!({"secret": "s", "pointer": "/t", "expires": -1}),
            "`expires`",
        ),
        (json!({"secret": "s", "pointer": "/t", "once": 1}), "`once`"),
        (
            json!({"secret": "s", "pointer": "/t", "twice": "x"}),
            "`twice`",
        ),
    ] {
        let error = Capture::read(&option).unwrap_err();
        assert!(error.message.contains(says), "{option}: {error}");
    }
}

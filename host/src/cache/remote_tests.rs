//! Tests: answers in a real Redis, the one that `SLUICE_TEST_REDIS_URL` names.

use std::sync::atomic::{AtomicU32, Ordering};

use super::super::entry::tests::whole;
use super::*;
use crate::config::{CachePlace, Caching, Env};
use crate::domain::Secret;

fn address(host: &str, port: u16) -> RedisAddress {
    RedisAddress {
        host: host.to_owned(),
        port,
        username: None,
        password: None,
        database: 2,
        tls: false,
    }
}

#[test]
fn an_address_is_written_so_that_it_is_read_back() {
    let it = RedisAddress {
        username: Some("u:1".to_owned()),
        password: Some(Secret::new("p@/%")),
        tls: true,
        ..address("::1", 7)
    };
    let url = url_of(&it).unwrap();
    assert_eq!(url.as_str(), "rediss://u%3A1:p%40%2F%25@[::1]:7/2");
    assert!(url_of(&address("a b", 1)).is_none());
}

#[test]
fn a_namespace_is_no_pattern() {
    assert_eq!(literal("a*[b]?"), "a\\*\\[b\\]\\?");
}

#[tokio::test]
async fn a_redis_that_is_gone_is_left_alone_and_nobody_waits() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let redis = Redis::new(&address("127.0.0.1", port), Metrics::default());
    let key = Key::parse(&format!("sluice:cache:{:064x}", 7), None).unwrap();
    assert_eq!(redis.get(std::slice::from_ref(&key)).await, [None]);
    let first = redis.ping().await.unwrap_err();
    assert!(first.to_string().contains("asked again in"), "{first}");
}

/// A Redis, and a namespace of the test's own in it. In CI there must be one.
fn real() -> Option<(Redis, String)> {
    static TESTS: AtomicU32 = AtomicU32::new(0);
    const URL: &str = "SLUICE_TEST_REDIS_URL";
    #[expect(
        clippy::disallowed_methods,
        reason = "where the tests find their server"
    )]
    let (url, in_ci) = (std::env::var(URL), std::env::var("CI").is_ok());
    let Ok(url) = url else {
        assert!(
            !in_ci,
            "{URL} is not set, and in CI nothing is left out; `cargo xtask test` starts a server"
        );
        println!("NOT RUN: {URL} is not set; `cargo xtask test` starts a server");
        return None;
    };
    let file = format!("litellm_settings: {{cache: true, cache_params: {{url: '{url}'}}}}");
    let (config, _) = crate::config::Config::parse(&file, Env::default()).unwrap();
    let Caching {
        place: CachePlace::Redis(address),
        ..
    } = &config.caching
    else {
        panic!("{URL} is no address of a Redis");
    };
    let number = TESTS.fetch_add(1, Ordering::Relaxed);
    let namespace = format!("test[{}*{number}", std::process::id());
    Some((Redis::new(address, Metrics::default()), namespace))
}

fn key(namespace: &str, number: u32) -> Key {
    Key::parse(&format!("{namespace}:{number:064x}"), Some(namespace)).unwrap()
}

#[tokio::test]
async fn answers_are_kept_read_and_forgotten() {
    let Some((redis, namespace)) = real() else {
        return;
    };
    let keys = [1, 2, 3].map(|it| key(&namespace, it));
    let entry = Arc::new(whole("x", 1_000, 61_000));
    let both = [keys[0].clone(), keys[2].clone()];
    redis.put(&both.map(|it| (it, Arc::clone(&entry)))).await;
    let kept = Some(Arc::clone(&entry));
    assert_eq!(redis.get(&keys).await, [kept.clone(), None, kept.clone()]);
    assert_eq!(redis.delete(&keys[..2]).await, Ok(1));
    assert_eq!(redis.get(&keys).await, [None, None, kept]);
    let left: i64 = redis.ask(cmd("PTTL").arg(keys[2].as_str())).await.unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
    assert_eq!(redis.clear(&namespace).await, Ok(1));
}

#[tokio::test]
async fn clearing_forgets_what_is_ours_and_nothing_else() {
    let Some((redis, namespace)) = real() else {
        return;
    };
    let other = format!("{namespace}:spend");
    redis
        .ask::<()>(cmd("SET").arg(&other).arg("1").arg("EX").arg(60))
        .await
        .unwrap();
    let entries: Vec<_> = (0..2_500)
        .map(|it| (key(&namespace, it), Arc::new(whole("x", 0, 60_000))))
        .collect();
    redis.put(&entries).await;
    assert_eq!(redis.clear(&namespace).await, Ok(2_500));
    assert_eq!(redis.ask::<u64>(cmd("EXISTS").arg(&other)).await, Ok(1));
    assert_eq!(redis.get(&[key(&namespace, 7)]).await, [None]);
}

#[tokio::test]
async fn what_cannot_be_read_is_none_and_is_counted() {
    let Some((redis, namespace)) = real() else {
        return;
    };
    let damaged = {
        let mut bytes = whole("some text", 0, 60_000).encode();
        bytes.pop();
        bytes
    };
    let values: [&[u8]; 3] = [b"", b"slc1", &damaged];
    for (number, value) in (0..).zip(values) {
        let key = key(&namespace, number);
        redis
            .ask::<()>(cmd("SET").arg(key.as_str()).arg(value).arg("EX").arg(60))
            .await
            .unwrap();
        assert_eq!(redis.get(&[key]).await, [None]);
    }
    // Neither is what is no text at all.
    let list = key(&namespace, 9);
    redis
        .ask::<u64>(cmd("RPUSH").arg(list.as_str()).arg("x"))
        .await
        .unwrap();
    assert_eq!(redis.get(std::slice::from_ref(&list)).await, [None]);
    let told = redis.inner.metrics.render(&[]);
    assert!(
        told.contains(r#"sluice_cache_failures_total{what="corrupt"} 3"#),
        "{told}"
    );
    assert_eq!(redis.clear(&namespace).await, Ok(4));
}

#[tokio::test]
async fn a_redis_tells_of_itself() {
    let Some((redis, _)) = real() else { return };
    assert_eq!(redis.ping().await, Ok(()));
    let info = redis.info().await.unwrap();
    assert!(
        info.iter().any(|(name, _)| name == "redis_version"),
        "{info:?}"
    );
}

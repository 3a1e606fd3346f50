//! Tests: answers in a real Redis, the one that `SLUICE_TEST_REDIS_URL` names.

use super::super::entry::tests::whole;
use super::*;
use crate::redis_link::tests;

#[test]
fn a_namespace_is_no_pattern() {
    assert_eq!(literal("a*[b]?"), "a\\*\\[b\\]\\?");
}

/// A Redis, and a namespace of the test's own in it.
fn real() -> Option<(Redis, String)> {
    let (address, namespace) = tests::real()?;
    Some((Redis::new(&address, Metrics::default()), namespace))
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
    let told = redis.metrics.render(&[]);
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

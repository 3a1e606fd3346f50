//! Tests: the cache in memory, as the pipeline uses it.

use serde_json::json;

use super::entry::tests::whole;
use super::*;

fn caching() -> Caching {
    Caching {
        on: true,
        ..Caching::default()
    }
}

fn cache(caching: &Caching) -> Cache {
    Cache::new(caching, Metrics::default())
}

fn key(number: u8) -> Key {
    Key::parse(&format!("sluice:cache:{number:064x}"), None).unwrap()
}

fn wish(members: serde_json::Value) -> Wish {
    Wish::read(&members.to_string()).unwrap()
}

#[test]
fn a_call_is_served_as_the_config_and_the_client_say() {
    let on = cache(&caching());
    let plan = on.plan("chat", &Wish::default()).unwrap();
    assert!(plan.reads && plan.keeps && !plan.coalesces);
    let plan = on.plan("chat", &wish(json!({"no-cache": true}))).unwrap();
    assert!(!plan.reads && plan.keeps);
    let plan = on.plan("chat", &wish(json!({"no-store": true}))).unwrap();
    assert!(plan.reads && !plan.keeps);
    for nothing in [
        json!({"use-cache": false}),
        json!({"no-cache": true, "no-store": true}),
        json!({"s-maxage": 0, "ttl": 0}),
    ] {
        assert_eq!(on.plan("chat", &wish(nothing)), None);
    }
    let off = cache(&Caching::default());
    assert_eq!(off.plan("chat", &wish(json!({"use-cache": true}))), None);
    let asked = cache(&Caching {
        on_request: true,
        ..caching()
    });
    assert_eq!(asked.plan("chat", &Wish::default()), None);
    assert!(
        asked
            .plan("chat", &wish(json!({"use-cache": true})))
            .is_some()
    );
    let some = cache(&Caching {
        operations: Some(vec!["embeddings"]),
        ..caching()
    });
    assert_eq!(some.plan("chat", &Wish::default()), None);
    assert!(some.plan("embeddings", &Wish::default()).is_some());
}

#[tokio::test]
async fn an_answer_is_given_until_it_ends_and_no_older_than_asked() {
    let cache = cache(&caching());
    let plan = cache.plan("chat", &wish(json!({"ttl": 60}))).unwrap();
    assert_eq!(plan.expires_ms(1_000), 61_000);
    cache.put(
        &plan,
        vec![(key(1), Arc::new(whole("x", 1_000, plan.expires_ms(1_000))))],
    );
    let get = async |plan: &Plan, now| cache.get(plan, &[key(2), key(1)], now).await;
    let found = get(&plan, 60_999).await;
    assert!(found[0].is_none() && found[1].is_some());
    assert!(get(&plan, 61_000).await[1].is_none());
    let young = cache.plan("chat", &wish(json!({"s-maxage": 5}))).unwrap();
    assert!(get(&young, 5_999).await[1].is_some() && get(&young, 6_000).await[1].is_none());
    let fresh = cache
        .plan("chat", &wish(json!({"no-cache": true})))
        .unwrap();
    assert!(get(&fresh, 1_001).await[1].is_none());
}

#[tokio::test]
async fn what_is_too_large_or_not_to_be_kept_is_not_kept() {
    let cache = cache(&Caching {
        max_entry_bytes: 2_000,
        ..caching()
    });
    let plan = cache.plan("chat", &Wish::default()).unwrap();
    cache.put(
        &plan,
        vec![(key(1), Arc::new(whole(&"x".repeat(3_000), 0, 9)))],
    );
    let quiet = cache
        .plan("chat", &wish(json!({"no-store": true})))
        .unwrap();
    cache.put(&quiet, vec![(key(1), Arc::new(whole("x", 0, 9)))]);
    assert!(cache.get(&plan, &[key(1)], 1).await[0].is_none());
}

#[tokio::test]
async fn changed_settings_hold_at_once_and_keep_what_may_stay() {
    let cache = cache(&caching());
    let plan = cache.plan("chat", &Wish::default()).unwrap();
    let put = || cache.put(&plan, vec![(key(1), Arc::new(whole("x", 0, 60_000)))]);
    put();
    cache.configure(&Caching {
        coalesce: true,
        ..caching()
    });
    assert!(cache.plan("chat", &Wish::default()).unwrap().coalesces);
    assert!(cache.get(&plan, &[key(1)], 1).await[0].is_some());
    cache.configure(&Caching {
        max_bytes: 1 << 20,
        ..caching()
    });
    assert!(cache.get(&plan, &[key(1)], 1).await[0].is_none());
    put();
    assert_eq!(
        cache.delete(&["x".into(), key(1).as_str().into()]).await,
        Ok(1)
    );
    put();
    assert_eq!(cache.clear().await, Ok(1));
    assert_eq!(cache.sight().size, Some((0, 0)));
    cache.configure(&Caching::default());
    assert_eq!(cache.plan("chat", &Wish::default()), None);
}

//! Callbacks: a component in the running gateway, and the log that it brings records to.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Value, json};
use sluice_tests::upstream::{Seen, answer, json as reply};
use sluice_tests::{FakeUpstream, TestGateway, guests};
use tokio::sync::Semaphore;

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

static GUEST: LazyLock<Vec<u8>> =
    LazyLock::new(|| guests::build("sinks", &target().join("guests")));

/// Another version of the same component.
fn newer() -> Vec<u8> {
    let (from, to) = (b"7.7.7", b"7.7.8");
    let mut bytes = GUEST.clone();
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter_map(|(at, it)| (it == from).then_some(at))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

async fn gateway(log: &FakeUpstream, name: &str, settings: Value) -> TestGateway {
    let mut own = json!({"callback_type": "sink", "api_base": log.url, "api_key": "k-log-secret"});
    let members = settings.as_object().unwrap().clone();
    own.as_object_mut().unwrap().extend(members);
    let mut all = json!({});
    all[name] = own;
    let config = json!({
        "model_list": [{"model_name": "demo", "litellm_params": {"model": "echo/demo"}}],
        "litellm_settings": {"callbacks": [name]},
        "callback_settings": all,
        // It asks for a host that it is not to reach.
        "plugins": {"ungranted": {"sinks": "warn"}},
    });
    TestGateway::start(config, &[("sinks.wasm", &GUEST)], &target().join("data")).await
}

async fn ask(gateway: &TestGateway, text: &str) {
    let body = json!({"model": "demo", "messages": [{"role": "user", "content": text}]});
    let answer = gateway.post("/v1/chat/completions", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// What was asked in the records of a batch.
fn asked(batch: &Seen) -> Vec<String> {
    let batch: Value = serde_json::from_str(&batch.body).unwrap();
    let records = batch["records"].as_array().unwrap().iter();
    records
        .map(|it| it["messages"][0]["content"].as_str().unwrap().to_owned())
        .collect()
}

/// Looks until it is so. What it waits for is bounded by the test's own patience.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waited).await;
    assert!(waited.is_ok(), "it never is so");
}

async fn count(gateway: &TestGateway, outcome: &str) -> u64 {
    let metrics = gateway.get("/metrics").await.text;
    let mut lines = metrics.lines().filter(|it| {
        it.starts_with("sluice_callback_records_total")
            && it.contains(&format!("outcome=\"{outcome}\""))
            && !it.contains("callback=\"\"")
    });
    let value = lines.next().and_then(|it| it.rsplit(' ').next());
    value.map_or(0, |it| it.parse::<f64>().unwrap() as u64)
}

#[tokio::test]
async fn calls_are_answered_while_their_log_hangs_and_it_gets_every_record_in_order() {
    let open = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&open);
    let log = FakeUpstream::start(move |_| {
        let gate = Arc::clone(&gate);
        async move {
            drop(gate.acquire().await);
            reply(200, &json!({}))
        }
    })
    .await;
    let settings = json!({"batch_size": 4, "flush_interval": 0.05});
    let gateway = gateway(&log, "sink", settings).await;
    let words: Vec<String> = (0..10).map(|it| format!("word {it}")).collect();
    for word in &words {
        ask(&gateway, word).await;
    }
    assert_eq!(count(&gateway, "delivered").await, 0);
    open.add_permits(100);
    until(async || count(&gateway, "delivered").await == 10).await;
    let seen = log.seen();
    let all: Vec<String> = seen.iter().flat_map(asked).collect();
    assert_eq!(all, words);
    assert!(
        seen.iter()
            .all(|it| asked(it).len() <= 4 && it.path == "/take")
    );
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn a_log_that_comes_back_gets_what_waited_and_nothing_twice_or_out_of_order() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let log = FakeUpstream::start(move |_| {
        let down = counted.fetch_add(1, Ordering::Relaxed) < 5;
        async move {
            let mut answer = answer(if down { 503 } else { 200 }, "application/json", "{}");
            let soon = axum::http::HeaderValue::from_static("20");
            answer.headers_mut().insert("retry-after-ms", soon);
            answer
        }
    })
    .await;
    let settings = json!({"batch_size": 2, "flush_interval": 0.05});
    let gateway = gateway(&log, "sink", settings).await;
    for word in ["a", "b", "c", "d", "e"] {
        ask(&gateway, word).await;
    }
    until(async || count(&gateway, "delivered").await == 5).await;
    let taken: Vec<String> = log.seen().iter().skip(5).flat_map(asked).collect();
    assert_eq!(taken, ["a", "b", "c", "d", "e"]);
    assert!(count(&gateway, "retried").await >= 5);
    assert_eq!(
        count(&gateway, "failed").await + count(&gateway, "dropped").await,
        0
    );
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn a_record_that_breaks_the_component_is_given_up_and_the_next_is_not() {
    let log = FakeUpstream::start(|_| async { reply(200, &json!({})) }).await;
    let settings = json!({"callback_type": "breaks", "word": "poison", "batch_size": 1,
        "flush_interval": 0.05});
    let gateway = gateway(&log, "fragile", settings).await;
    for word in ["a", "poison", "b"] {
        ask(&gateway, word).await;
    }
    until(async || count(&gateway, "delivered").await == 2).await;
    assert_eq!(count(&gateway, "failed").await, 1);
    let taken: Vec<String> = log.seen().iter().flat_map(asked).collect();
    assert_eq!(taken, ["a", "b"]);
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn what_waits_is_brought_before_the_gateway_ends() {
    let log = FakeUpstream::start(|_| async { reply(200, &json!({})) }).await;
    let settings = json!({"batch_size": 100, "flush_interval": 3600});
    let gateway = gateway(&log, "sink", settings).await;
    for word in ["a", "b"] {
        ask(&gateway, word).await;
    }
    gateway.stop().await.unwrap();
    let taken: Vec<Vec<String>> = log.seen().iter().map(asked).collect();
    assert_eq!(taken, [["a", "b"]]);
}

#[tokio::test]
async fn the_next_batch_goes_by_a_new_version_and_what_waits_is_kept() {
    let open = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&open);
    let log = FakeUpstream::start(move |_| {
        let gate = Arc::clone(&gate);
        async move {
            drop(gate.acquire().await);
            reply(200, &json!({}))
        }
    })
    .await;
    let settings = json!({"batch_size": 1, "flush_interval": 0.05});
    let gateway = gateway(&log, "sink", settings).await;
    ask(&gateway, "old").await;
    ask(&gateway, "new").await;
    until(async || log.seen().len() == 1).await;
    std::fs::write(gateway.plugin("sinks.wasm"), newer()).unwrap();
    let reloaded = gateway.post("/plugins/reload", &json!({})).await;
    assert!(reloaded.text.contains("7.7.8"), "{}", reloaded.text);
    open.add_permits(100);
    until(async || count(&gateway, "delivered").await == 2).await;
    let by = |it: &Seen| serde_json::from_str::<Value>(&it.body).unwrap()["by"].clone();
    let by: Vec<Value> = log.seen().iter().map(by).collect();
    assert_eq!(by, ["7.7.7", "7.7.8"]);
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn a_service_is_tested_by_one_record_and_its_failure_is_the_answer() {
    let log = FakeUpstream::start(|seen: Seen| async move {
        let bad = seen.body.contains("wrong-project");
        reply(if bad { 401 } else { 200 }, &json!({}))
    })
    .await;
    let nowhere = "http://169.254.169.254/latest";
    for (settings, status, said) in [
        (
            json!({"project": "p"}),
            200,
            "Mock LLM request made - check sink.",
        ),
        (
            json!({"project": "wrong-project"}),
            500,
            "the log answered 401",
        ),
        // Not granted, and nobody's to reach from a callback.
        (json!({"elsewhere": nowhere}), 500, "did not take a record"),
        (
            json!({"elsewhere": "https://undeclared.example/take"}),
            500,
            "did not take a record",
        ),
    ] {
        let gateway = gateway(&log, "sink", settings).await;
        let answer = gateway.get("/health/services?service=sink").await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(answer.text.contains(said), "{}", answer.text);
        let unknown = gateway.get("/health/services?service=sinc").await;
        assert_eq!(unknown.status, 400);
        assert!(
            unknown.text.contains("did you mean `sink`"),
            "{}",
            unknown.text
        );
        gateway.stop().await.unwrap();
    }
}

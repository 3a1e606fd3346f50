//! Providers that need more than one request to an answer, through the whole gateway.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Value, json};
use sluice_tests::upstream::{Seen, answer, json as reply};
use sluice_tests::{FakeUpstream, TestGateway, guests};
use tokio::sync::Barrier;

/// Where this test binary keeps what it builds and compiles.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

static GUEST: LazyLock<Vec<u8>> =
    LazyLock::new(|| guests::build("steps", &target().join("guests")));

async fn gateway(upstream: &FakeUpstream) -> TestGateway {
    let models = ["one-text-a-call", "job", "paused", "headers"].map(|model| {
        let params = json!({"model": format!("steps/{model}"), "api_base": upstream.url});
        json!({"model_name": model, "litellm_params": params})
    });
    let config = json!({"model_list": models, "router_settings": {"num_retries": 0}});
    TestGateway::start(config, &[("steps.wasm", &GUEST)], &target().join("data")).await
}

fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hello"}]})
}

#[tokio::test]
async fn requests_of_one_step_are_under_way_together_and_answers_keep_their_order() {
    // Nobody is answered before sixteen have asked.
    let together = Arc::new(Barrier::new(16));
    let upstream = FakeUpstream::start(move |seen: Seen| {
        let together = Arc::clone(&together);
        async move {
            let wait = together.wait();
            let met = tokio::time::timeout(Duration::from_secs(60), wait).await;
            let status = if met.is_ok() { 200 } else { 500 };
            let asked: Value = serde_json::from_str(&seen.body).unwrap();
            reply(status, &json!({"vector": [asked["text"]]}))
        }
    })
    .await;
    let gateway = gateway(&upstream).await;
    let input: Vec<u32> = (0..96).collect();
    let body = json!({"model": "one-text-a-call", "input": input});
    let answer = gateway.post("/v1/embeddings", &body).await;
    let vectors: Vec<Value> = answer.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["embedding"][0].clone())
        .collect();
    assert_eq!(json!(vectors), json!(input));
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn one_failure_of_many_is_the_failure_of_the_call() {
    let upstream = FakeUpstream::start(|seen: Seen| async move {
        if seen.body.contains("7") {
            reply(429, &json!({"error": {"message": "slow down"}}))
        } else {
            reply(200, &json!({"vector": [1]}))
        }
    })
    .await;
    let gateway = gateway(&upstream).await;
    let body = json!({"model": "one-text-a-call", "input": ["5", "6", "7", "8"]});
    let answer = gateway.post("/v1/embeddings", &body).await;
    assert_eq!(answer.status, 429, "{}", answer.text);
    assert!(answer.text.contains("slow down"), "{}", answer.text);
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn a_poll_that_fails_is_repeated_in_place_and_the_job_is_not_sent_twice() {
    let polls = Arc::new(AtomicUsize::new(0));
    let upstream = FakeUpstream::start(move |seen: Seen| {
        let number = polls.fetch_add(usize::from(seen.method == "GET"), Ordering::Relaxed);
        async move {
            match (seen.method.as_str(), number) {
                ("POST", _) => reply(201, &json!({"status": "starting"})),
                (_, 0) => reply(200, &json!({"status": "processing"})),
                (_, 1) => answer(503, "text/plain", "try again"),
                _ => reply(200, &json!({"status": "done", "text": "painted"})),
            }
        }
    })
    .await;
    let gateway = gateway(&upstream).await;
    let answer = gateway.post("/v1/chat/completions", &chat("job")).await;
    assert_eq!(
        answer.json()["choices"][0]["message"]["content"],
        "painted",
        "{}",
        answer.text
    );
    let methods: Vec<String> = upstream.seen().into_iter().map(|it| it.method).collect();
    assert_eq!(methods, ["POST", "GET", "GET", "GET"]);
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn a_job_that_was_begun_is_begun_at_no_other_deployment_and_no_fallback() {
    let upstream = FakeUpstream::start(|seen: Seen| async move {
        match seen.method.as_str() {
            "POST" => reply(201, &json!({"status": "starting"})),
            _ => answer(503, "text/plain", "try again"),
        }
    })
    .await;
    let params = json!({"model": "steps/job", "api_base": upstream.url});
    let entry = |name: &str| json!({"model_name": name, "litellm_params": params});
    let config = json!({
        "model_list": [entry("m"), entry("m"), entry("n")],
        "router_settings": {"num_retries": 2, "fallbacks": [{"m": ["n"]}]},
    });
    let data = target().join("data");
    let gateway = TestGateway::start(config, &[("steps.wasm", &GUEST)], &data).await;
    let answer = gateway.post("/v1/chat/completions", &chat("m")).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    let posts = upstream.seen().into_iter().filter(|it| it.method == "POST");
    assert_eq!(posts.count(), 1);
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn a_job_that_was_lost_is_begun_elsewhere_if_the_plugin_says_so() {
    for (model, status, jobs) in [("job-elsewhere", 200, 2), ("job", 500, 1)] {
        let polls = Arc::new(AtomicUsize::new(0));
        let upstream = FakeUpstream::start(move |seen: Seen| {
            let number = polls.fetch_add(usize::from(seen.method == "GET"), Ordering::Relaxed);
            async move {
                match (seen.method.as_str(), number) {
                    ("POST", _) => reply(201, &json!({"status": "starting"})),
                    (_, 0) => reply(200, &json!({"status": "lost"})),
                    _ => reply(200, &json!({"status": "done", "text": "painted"})),
                }
            }
        })
        .await;
        let params = json!({"model": format!("steps/{model}"), "api_base": upstream.url});
        let entry = json!({"model_name": "m", "litellm_params": params});
        let config = json!({"model_list": [entry, entry], "router_settings": {"num_retries": 1}});
        let data = target().join("data");
        let gateway = TestGateway::start(config, &[("steps.wasm", &GUEST)], &data).await;
        let answer = gateway.post("/v1/chat/completions", &chat("m")).await;
        assert_eq!(answer.status, status, "{model}: {}", answer.text);
        let posts = upstream.seen().into_iter().filter(|it| it.method == "POST");
        assert_eq!(posts.count(), jobs, "{model}");
        gateway.stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_plugin_calls_idempotent_is_sent_again_in_place() {
    let sent = Arc::new(AtomicUsize::new(0));
    let upstream = FakeUpstream::start(move |_| {
        let number = sent.fetch_add(1, Ordering::Relaxed);
        async move {
            match number {
                0 => answer(503, "text/plain", "try again"),
                _ => reply(200, &json!({"status": "done", "text": "painted"})),
            }
        }
    })
    .await;
    let params = json!({"model": "steps/job-once-more", "api_base": upstream.url});
    let entry = json!({"model_name": "m", "litellm_params": params});
    let config = json!({"model_list": [entry], "router_settings": {"num_retries": 0}});
    let data = target().join("data");
    let gateway = TestGateway::start(config, &[("steps.wasm", &GUEST)], &data).await;
    let answer = gateway.post("/v1/chat/completions", &chat("m")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-litellm-attempted-retries"), Some("0"));
    assert_eq!(upstream.seen().len(), 2);
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn a_paused_turn_goes_on_with_what_was_said() {
    let upstream = FakeUpstream::start(|seen: Seen| async move {
        let turn: Value = serde_json::from_str(&seen.body).unwrap();
        let event = |event: Value| format!("data: {event}\n\n");
        let said = |text: &str, reason: Value| {
            event(json!({"index": 0, "delta": {"content": text}, "finish_reason": reason}))
        };
        let stream = if turn["messages"].as_array().unwrap().len() == 1 {
            said("first, ", Value::Null)
                + &event(json!({"pause": {"role": "assistant", "content": "first, "}}))
        } else {
            said("second", "stop".into())
        };
        answer(200, "text/event-stream", stream)
    })
    .await;
    let gateway = gateway(&upstream).await;
    let answer = gateway.post("/v1/chat/completions", &chat("paused")).await;
    assert_eq!(
        answer.json()["choices"][0]["message"]["content"],
        "first, second",
        "{}",
        answer.text
    );
    let second: Value = serde_json::from_str(&upstream.seen()[1].body).unwrap();
    assert_eq!(
        second,
        json!({"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "first, "}], "stream": true})
    );
    gateway.stop().await.unwrap();
}

#[tokio::test]
async fn headers_of_a_plugins_answer_are_passed_on_under_the_providers_prefix() {
    let upstream = FakeUpstream::start(|_| async { reply(200, &json!({})) }).await;
    let gateway = gateway(&upstream).await;
    let answer = gateway.post("/v1/chat/completions", &chat("headers")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("llm_provider-x-region"), Some("eu"));
    assert!(
        answer.header("set-cookie").is_none() && answer.header("llm_provider-set-cookie").is_none()
    );
    gateway.stop().await.unwrap();
}

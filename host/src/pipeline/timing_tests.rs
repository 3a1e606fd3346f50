//! Tests: how long calls wait, for what, and when they give up. The whole pipeline with a real
//! component, its upstream in memory, on a clock that stands still unless everything waits for it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use super::accounting::rig::{self, PausedClock};
use super::accounting::{Source, now_ms};
use super::{AnswerBody, ClientRequest, FaultWriter, Fleet, Operation, Pipeline, Watchers};
use crate::auth::Caller;
use crate::cache::Cache;
use crate::config::{Config, Env};
use crate::domain::{ErrorKind, Fault};
use crate::plugins;
use crate::store::{Address, Store};
use crate::telemetry::metrics::Metrics;
use crate::upstream::Upstream;
use crate::upstream::memory::{Answer, Memory};

const NO_TIME: Duration = Duration::ZERO;

struct House {
    pipeline: Pipeline,
    upstream: Memory,
    _clock: PausedClock,
    _folder: TempDir,
}

impl House {
    /// A model group `m` of these deployments, each at a host of its name.
    async fn open(deployments: &[(&str, Value)], router: Value) -> Self {
        Self::with(deployments, router, json!({})).await
    }

    /// The same, with `litellm_settings`.
    async fn with(deployments: &[(&str, Value)], router: Value, more: Value) -> Self {
        let deployment = |(host, more): &(&str, Value)| {
            let mut params = json!({"model": "openai/gpt-4o", "api_key": "k",
                "api_base": format!("http://{host}/v1")});
            let members = more.as_object().unwrap().clone();
            params.as_object_mut().unwrap().extend(members);
            json!({"model_name": "m", "litellm_params": params})
        };
        let list: Vec<Value> = deployments.iter().map(deployment).collect();
        let file = json!({"model_list": list, "router_settings": router, "litellm_settings": more});
        let (config, _) = Config::parse(&file.to_string(), Env::of(&[])).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let address = Address::file(folder.path().join("money.db"));
        let store = Store::open(&address, now_ms()).await.unwrap();
        let plugins = plugins::tests::of_bundled(&["openai"]).await;
        let fleet = Fleet::build(Arc::clone(&config), &plugins.table());
        assert_eq!(fleet.warnings(), Vec::<String>::new());
        let accounting = rig::alone(&store, folder.path());
        let cache = Cache::new(&config.caching, Metrics::default());
        let clock = PausedClock::pause();
        let upstream = Memory::empty();
        let write_fault: FaultWriter = |fault, _| format!("error: {}\n", fault.message);
        let status_of: fn(&Fault) -> u16 = |_| 500;
        let pipeline = Pipeline::new(
            fleet,
            plugins,
            Upstream::of_memory(upstream.clone()),
            Watchers::default(),
            (accounting, cache),
            (write_fault, status_of),
        );
        Self {
            pipeline,
            upstream,
            _clock: clock,
            _folder: folder,
        }
    }

    /// What the client gets, and when all of it was there.
    async fn call(&self, more: Value) -> (Result<String, Fault>, u128) {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        let members = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        let body = Bytes::from(body.to_string());
        let request = ClientRequest::parse(Operation::Chat, body, None, Vec::new()).unwrap();
        let began = Instant::now();
        let caller = Caller::anonymous();
        let ran = self
            .pipeline
            .run(&caller, Box::new(request), Source::default());
        let got = match ran.await {
            Err(failure) => Err(failure.fault),
            Ok(answer) => Ok(match answer.body {
                AnswerBody::Whole(body) => String::from_utf8(body.to_vec()).unwrap(),
                AnswerBody::Sound(_) => panic!("no call here asks for sound"),
                AnswerBody::File(_) => panic!("a file was not asked for"),
                AnswerBody::Stream(mut stream) => {
                    let mut all = String::new();
                    while let Some(piece) = stream.next().await {
                        all.push_str(std::str::from_utf8(&piece).unwrap());
                    }
                    all
                }
            }),
        };
        (got, began.elapsed().as_millis() / 10 * 10)
    }

    /// When each host was asked since the last look, in milliseconds.
    fn asked(&self) -> Vec<(String, u128)> {
        self.upstream.asked()
    }
}

fn at(host: &str, ms: u128) -> (String, u128) {
    (host.to_owned(), ms)
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn failing(status: u16) -> Answer {
    Answer::of(status, "application/json").then(NO_TIME, r#"{"error":{"message":"no"}}"#)
}

fn whole() -> Answer {
    Answer::of(200, "application/json").then(
        NO_TIME,
        r#"{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o",
            "choices":[{"index":0,"message":{"role":"assistant","content":"well"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
    )
}

const ROLE: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const WORD: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"well\"}}]}\n\n";
const END: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn streamed() -> Answer {
    Answer::of(200, "text/event-stream")
}

#[tokio::test]
async fn a_lone_deployment_is_asked_again_when_its_upstream_said() {
    let house = House::open(&[("one", json!({}))], json!({})).await;
    let full = failing(429).header("retry-after", "7");
    house.upstream.will("one", [full, whole()]);
    let (got, _) = house.call(json!({})).await;
    assert!(got.unwrap().contains("well"));
    assert_eq!(house.asked(), [at("one", 0), at("one", 7000)]);
}

#[tokio::test]
async fn a_wait_that_no_client_outlasts_is_taken_for_none() {
    let house = House::open(&[("one", json!({}))], json!({})).await;
    let full = failing(429).header("retry-after", "3600");
    house.upstream.will("one", [full, whole()]);
    house.call(json!({})).await.0.unwrap();
    let again = house.asked()[1].1;
    assert!((120..=500).contains(&again), "{again}");
}

#[tokio::test]
async fn retries_of_a_lone_deployment_back_off_twice_as_long_each_time() {
    let house = House::open(&[("one", json!({"num_retries": 3}))], json!({})).await;
    house.upstream.will("one", [500, 500, 500].map(failing));
    let fault = house.call(json!({})).await.0.unwrap_err();
    assert_eq!(fault.status, Some(500));
    let times: Vec<u128> = house.asked().into_iter().map(|it| it.1).collect();
    assert_eq!(times.len(), 4);
    for (waited, full) in times.windows(2).zip([500, 1000, 2000]) {
        let waited = waited[1] - waited[0];
        assert!(
            (full / 4 - 20..=full + 20).contains(&waited),
            "{waited} of {full}"
        );
    }
}

#[tokio::test]
async fn no_retry_comes_sooner_than_the_router_allows() {
    let house = House::open(&[("one", json!({}))], json!({"retry_after": 12})).await;
    let full = failing(429).header("retry-after", "7");
    house.upstream.will("one", [failing(500), full, whole()]);
    house.call(json!({})).await.0.unwrap();
    assert_eq!(
        house.asked(),
        [at("one", 0), at("one", 12_000), at("one", 24_000)]
    );
}

fn first_and_second() -> [(&'static str, Value); 2] {
    [1, 2].map(|order| match order {
        1 => ("first", json!({"order": 1})),
        _ => ("second", json!({"order": 2})),
    })
}

#[tokio::test]
async fn another_deployment_is_asked_at_once_whatever_the_first_one_asks_for() {
    let house = House::open(&first_and_second(), json!({})).await;
    let full = failing(429).header("retry-after", "30");
    house.upstream.will("first", [full]);
    house.upstream.will("second", [whole()]);
    house.call(json!({})).await.0.unwrap();
    assert_eq!(house.asked(), [at("first", 0), at("second", 0)]);
}

#[tokio::test]
async fn a_deployment_that_failed_rests_for_its_window_and_no_longer() {
    for (retry_after, rest) in [(None, 5000), (Some("20"), 20_000)] {
        let house = House::open(&first_and_second(), json!({})).await;
        let full = failing(429);
        let full = match retry_after {
            None => full,
            Some(asked) => full.header("retry-after", asked),
        };
        house.upstream.will("first", [full, whole()]);
        house.upstream.will("second", [whole()]);
        house.call(json!({})).await.0.unwrap();
        house.asked();
        tokio::time::sleep(Duration::from_millis(rest - 100)).await;
        house.call(json!({})).await.0.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        house.call(json!({})).await.0.unwrap();
        let asked: Vec<String> = house.asked().into_iter().map(|it| it.0).collect();
        assert_eq!(asked, ["second", "first"], "after {rest}");
    }
}

#[tokio::test]
async fn a_stream_without_a_token_in_time_goes_to_another_deployment() {
    let settings = json!({"first_token_timeout": 2});
    let house = House::open(&first_and_second(), settings).await;
    let role = || streamed().then(seconds(1), ROLE);
    // A role is no token.
    house.upstream.will("first", [role().then_silence()]);
    house
        .upstream
        .will("second", [role().then(NO_TIME, WORD).then(NO_TIME, END)]);
    let (got, took) = house.call(json!({"stream": true})).await;
    assert!(got.unwrap().contains("well"));
    assert_eq!(house.asked(), [at("first", 0), at("second", 2000)]);
    assert_eq!(took, 3000);
}

#[tokio::test]
async fn a_stream_whose_first_token_came_in_time_may_take_longer() {
    let lone = [("one", json!({"first_token_timeout": 2}))];
    let house = House::open(&lone, json!({})).await;
    let slow = streamed().then(seconds(1), WORD).then(seconds(9), END);
    house.upstream.will("one", [slow]);
    let (got, took) = house.call(json!({"stream": true})).await;
    assert!(got.unwrap().ends_with("data: [DONE]\n\n"));
    assert_eq!((house.asked().len(), took), (1, 10_000));
}

#[tokio::test]
async fn a_client_that_waits_for_the_next_event_hears_a_comment_every_fifteen_seconds() {
    let house = House::open(&[("one", json!({}))], json!({})).await;
    let slow = streamed().then(NO_TIME, WORD).then(seconds(40), WORD);
    house.upstream.will("one", [slow.then(seconds(10), END)]);
    let (got, took) = house.call(json!({"stream": true})).await;
    let got = got.unwrap();
    assert_eq!(
        (got.matches(": ping\n\n").count(), took),
        (2, 50_000),
        "{got}"
    );
    let (before, after) = got.split_once(": ping\n\n").unwrap();
    assert!(
        before.contains("well") && after.ends_with("data: [DONE]\n\n"),
        "{got}"
    );
}

#[tokio::test]
async fn a_silence_longer_than_the_stream_timeout_ends_the_stream_with_an_error() {
    let lone = [("one", json!({"stream_timeout": 4}))];
    let house = House::open(&lone, json!({})).await;
    let words = streamed().then(seconds(3), WORD).then(seconds(3), WORD);
    house.upstream.will("one", [words.then_silence()]);
    let (got, took) = house.call(json!({"stream": true})).await;
    let got = got.unwrap();
    assert_eq!(got.matches("well").count(), 2, "{got}");
    assert!(got.ends_with("before its answer was complete\n"), "{got}");
    assert_eq!(took, 10_000);
    // A client may ask for less, and a whole answer has no such limit.
    house
        .upstream
        .will("one", [streamed().then(NO_TIME, WORD).then_silence()]);
    let asked = json!({"stream": true, "stream_timeout": 1});
    assert_eq!(house.call(asked).await.1, 1000);
    house.upstream.will("one", [whole().after(seconds(30))]);
    house.call(json!({})).await.0.unwrap();
}

#[tokio::test]
async fn the_request_timeout_ends_what_goes_on_for_longer() {
    let lone = [("one", json!({"timeout": 5, "num_retries": 0}))];
    let house = House::open(&lone, json!({})).await;
    let silent = whole().after(seconds(60));
    let dripping = (0..9).fold(whole(), |it, _| it.then(seconds(1), " "));
    for late in [silent, dripping] {
        house.upstream.will("one", [late]);
        let (got, took) = house.call(json!({})).await;
        assert_eq!(got.unwrap_err().kind, ErrorKind::Timeout);
        assert_eq!(took, 5000);
    }
    let endless = (0..9).fold(streamed(), |it, _| it.then(seconds(2), WORD));
    house.upstream.will("one", [endless]);
    let (got, took) = house.call(json!({"stream": true})).await;
    assert_eq!(got.unwrap().matches("well").count(), 2);
    assert_eq!(took, 5000);
    // A client may ask for less time, and gets no more than the operator gives.
    house.upstream.will("one", [whole().after(seconds(60))]);
    for (asked, given) in [(2, 2000), (50, 5000)] {
        assert_eq!(house.call(json!({"timeout": asked})).await.1, given);
    }
}

#[tokio::test]
async fn an_attempt_that_timed_out_is_tried_again_with_all_of_its_time() {
    let lone = [("one", json!({"timeout": 5}))];
    let house = House::open(&lone, json!({})).await;
    let late = whole().after(seconds(60));
    house
        .upstream
        .will("one", [late, whole().after(seconds(4))]);
    let (got, took) = house.call(json!({})).await;
    assert!(got.unwrap().contains("well"));
    assert!((9120..=9520).contains(&took), "{took}");
}

fn hedged() -> Value {
    json!({"hedge_after": 2, "hedge_most_percent": 100})
}

/// Drawn by weight: the first is asked first.
fn heavy_and_light() -> [(&'static str, Value); 2] {
    [
        ("first", json!({"weight": 1})),
        ("second", json!({"weight": 0})),
    ]
}

#[tokio::test]
async fn a_slow_deployment_is_helped_by_a_second_one() {
    let house = House::open(&heavy_and_light(), hedged()).await;
    house.upstream.will("first", [whole().after(seconds(30))]);
    house.upstream.will("second", [whole().after(seconds(1))]);
    let (got, took) = house.call(json!({})).await;
    assert!(got.unwrap().contains("well"));
    assert_eq!(took, 3000);
    assert_eq!(house.asked(), [at("first", 0), at("second", 2000)]);
}

#[tokio::test]
async fn a_slow_deployment_that_answers_first_after_all_serves_the_call() {
    let house = House::open(&heavy_and_light(), hedged()).await;
    house.upstream.will("first", [whole().after(seconds(3))]);
    house.upstream.will("second", [whole().after(seconds(30))]);
    let (got, took) = house.call(json!({})).await;
    assert!(got.unwrap().contains("well"));
    assert_eq!(took, 3000);
}

#[tokio::test]
async fn a_second_one_that_fails_changes_nothing() {
    let house = House::open(&heavy_and_light(), hedged()).await;
    house.upstream.will("first", [whole().after(seconds(5))]);
    house.upstream.will("second", [failing(500)]);
    let (got, took) = house.call(json!({})).await;
    assert!(got.unwrap().contains("well"));
    assert_eq!(took, 5000);
    assert_eq!(house.asked(), [at("first", 0), at("second", 2000)]);
}

#[tokio::test]
async fn a_stream_is_helped_until_its_first_token() {
    let house = House::open(&heavy_and_light(), hedged()).await;
    let silent = streamed().then(NO_TIME, ROLE).then_silence();
    house.upstream.will("first", [silent]);
    let answer = streamed().then(NO_TIME, WORD).then(NO_TIME, END);
    house.upstream.will("second", [answer]);
    let (got, took) = house.call(json!({"stream": true})).await;
    assert!(got.unwrap().contains("well"));
    assert_eq!(took, 2000);
}

#[tokio::test]
async fn the_timeout_of_a_deployment_counts_before_the_routers_and_that_before_the_gateways() {
    let gateway = json!({"request_timeout": 5});
    for (own, router, wanted) in [
        (json!({"timeout": 2}), json!({"timeout": 4}), 2000),
        (json!({"timeout": 8}), json!({}), 8000),
        (json!({}), json!({"timeout": 4}), 4000),
        (json!({}), json!({"timeout": 7}), 7000),
        (json!({}), json!({}), 5000),
    ] {
        let mut own = own;
        own["num_retries"] = 0.into();
        let house = House::with(&[("one", own)], router, gateway.clone()).await;
        house.upstream.will("one", [whole().after(seconds(60))]);
        let (got, took) = house.call(json!({})).await;
        assert_eq!(got.unwrap_err().kind, ErrorKind::Timeout);
        assert_eq!(took, wanted);
    }
}

#[tokio::test]
async fn a_deployment_that_mocks_a_timeout_answers_nothing_until_its_time_is_up() {
    let mock = json!({"timeout": 3, "mock_timeout": true, "num_retries": 0});
    let house = House::open(&[("one", mock)], json!({})).await;
    let (got, took) = house.call(json!({"timeout": 2})).await;
    let fault = got.unwrap_err();
    assert_eq!((fault.kind, took), (ErrorKind::Timeout, 2000));
    assert!(fault.message.contains("mock_timeout"), "{}", fault.message);
    assert_eq!(house.asked(), []);
}

#[tokio::test]
async fn a_call_has_no_more_retries_than_it_may_have_in_all() {
    for (most, asked) in [(0, 1), (1, 2), (9, 3)] {
        let own = json!({"cooldown_time": 0.001});
        let more = json!({"num_retries_per_request": most});
        let house = House::with(&[("one", own)], json!({"num_retries": 2}), more).await;
        house
            .upstream
            .will("one", [failing(500), failing(500), whole()]);
        let (got, _) = house.call(json!({})).await;
        assert_eq!(got.is_ok(), most == 9, "{most}");
        assert_eq!(house.asked().len(), asked, "{most}");
    }
}

/// Every call's future is moved to the heap, and every stream that is held keeps its own.
#[tokio::test]
async fn a_call_and_a_held_stream_are_small() {
    const MOST_OF_A_CALL: usize = 12 << 10;
    const MOST_OF_A_STREAM: usize = 6 << 10;
    let house = House::open(&[("a", json!({}))], json!({})).await;
    let body = r#"{"model": "m", "messages": [], "stream": true}"#;
    let request = ClientRequest::parse(Operation::Chat, body.into(), None, Vec::new()).unwrap();
    let caller = Caller::anonymous();
    house.upstream.will("a", [streamed().then(NO_TIME, WORD)]);
    let (pipeline, source) = (&house.pipeline, Source::default());
    let call = pipeline.run(&caller, Box::new(request), source);
    let size = size_of_val(&call);
    assert!(size <= MOST_OF_A_CALL, "{size}");
    let answer = call.await.map_err(|failure| failure.fault).unwrap();
    let AnswerBody::Stream(stream) = answer.body else {
        panic!("no stream");
    };
    let size = size_of_val(&*stream);
    assert!(size <= MOST_OF_A_STREAM, "{size}");
}

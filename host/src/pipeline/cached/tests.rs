//! Tests: what is kept of an answer, and that it is given again as it was.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::answer::Trail;
use super::super::relayed::{cut, fails_on_its_way, recorded};
use super::super::request::Operation;
use super::super::shape;
use super::super::writer::{Event, Writer};
use super::*;
use crate::auth::samples;
use crate::config::Caching;
use crate::dialect::envelope::Envelope;
use crate::telemetry::metrics::Metrics;

fn cache() -> Cache {
    let caching = Caching {
        on: true,
        ..Caching::default()
    };
    Cache::new(&caching, Metrics::default())
}

fn request(operation: Operation, body: &Value) -> ClientRequest {
    let body = Bytes::from(body.to_string());
    ClientRequest::parse(operation, body, None, Vec::new()).unwrap()
}

fn trail(operation: Operation) -> Trail {
    let id = crate::domain::CallId::fresh(0);
    Trail::new(id, operation.as_str(), "g".to_owned(), true)
}

async fn looked(cache: &Cache, request: ClientRequest) -> Looked {
    look(cache, &samples::master(), request, &[]).await
}

async fn keeper(cache: &Cache, request: ClientRequest) -> (ClientRequest, Keeper) {
    match looked(cache, request).await {
        Looked::Go(request, Some(keeper)) => (request, keeper),
        Looked::Go(_, None) => panic!("nothing is kept"),
        Looked::Found(..) => panic!("it is kept already"),
    }
}

async fn found(cache: &Cache, request: ClientRequest) -> Option<Found> {
    match looked(cache, request).await {
        Looked::Found(_, found) => Some(*found),
        Looked::Go(..) => None,
    }
}

/// What a client gets of a stream.
fn written(
    operation: Operation,
    envelope: Envelope,
    include_usage: bool,
    (events, usage): (&[Event], Option<&str>),
) -> String {
    let mut writer = Writer::new(operation, envelope, include_usage);
    let mut out = String::new();
    for event in events {
        writer.write(event, &mut out).unwrap();
    }
    if let Some(usage) = usage {
        writer.learn_usage(usage.to_owned());
    }
    writer.finish();
    writer.end(&mut out);
    out
}

fn asks(operation: Operation) -> Value {
    json!({"model": "mine", "messages": [], "input": "x", "stream": true,
        "max_tokens": operation.as_str().len()})
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_kept_stream_is_given_again_byte_for_byte(which in any::<prop::sample::Index>(), size in 1_usize..9, with_usage in any::<bool>(), told in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (kind, operation) in [("chat-stream", Operation::Chat), ("responses-stream", Operation::Responses)] {
            let items = recorded(kind);
            let item = which.get(&items);
            let (events, _) = cut([item["body"].as_str().unwrap().as_bytes()]);
            if fails_on_its_way(item) {
                continue;
            }
            // A plugin may tell the usage beside the events.
            let usage = told.then_some(r#"{"prompt_tokens":3,"completion_tokens":4}"#);
            let cache = cache();
            let kept = runtime.block_on(async {
                let (request, mut keeper) = keeper(&cache, request(operation, &asks(operation))).await;
                let envelope = shape::envelope(&request, true);
                keeper.begin(&envelope);
                for batch in events.chunks(size) {
                    keeper.record(batch, None);
                }
                keeper.record(&[], usage);
                keeper.end(&trail(operation));
                (envelope, found(&cache, super::tests::request(operation, &asks(operation))).await)
            });
            let (envelope, Some(found)) = kept else {
                let pairs: Vec<_> = events.iter().map(worth::pair).collect();
                prop_assert!(!worth::stream(operation, &pairs), "{} is not kept", item["id"]);
                continue;
            };
            let KeptAnswer::Stream(recording) = found.answer else {
                return Err(TestCaseError::fail("no stream"));
            };
            let first = written(operation, envelope.clone(), with_usage, (&events, usage));
            let again: Vec<Event> = recording.events.into_iter().map(|(name, data)| Event { name, data }).collect();
            let renewed = Envelope { id: recording.id, created: recording.created, ..envelope };
            let second = written(operation, renewed, with_usage, (&again, recording.usage.as_deref()));
            prop_assert_eq!(first, second);
        }
    }

    /// Whatever is known of the inputs already, the answer is the one that all of them together have.
    #[test]
    fn known_and_new_vectors_are_put_together_in_order(texts in prop::collection::vec("[a-e]{1,3}", 1..8), known in prop::collection::vec("[a-e]{1,3}", 0..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let cache = cache();
        runtime.block_on(async {
            if !known.is_empty() {
                embedded(&cache, &known).await;
            }
            assert_vectors(&embedded(&cache, &texts).await, &texts);
            // Now all of them are known.
            let Some(found) = found(&cache, request(Operation::Embeddings, &inputs(&texts))).await else {
                panic!("nothing is kept");
            };
            let KeptAnswer::Whole(body, _) = found.answer else { panic!("no whole answer") };
            assert_vectors(&serde_json::from_slice(&body).unwrap(), &texts);
        });
    }
}

fn inputs(texts: &[String]) -> Value {
    json!({"model": "mine", "input": texts})
}

fn vector(text: &str) -> Value {
    text.bytes().map(|it| json!(f64::from(it) / 2.0)).collect()
}

fn assert_vectors(answer: &Value, texts: &[String]) {
    let data = answer["data"].as_array().unwrap();
    assert_eq!(data.len(), texts.len());
    for (at, (item, text)) in data.iter().zip(texts).enumerate() {
        assert_eq!(
            (&item["index"], &item["embedding"]),
            (&json!(at), &vector(text))
        );
    }
    let tokens: usize = texts.iter().map(String::len).sum();
    assert_eq!(answer["usage"]["prompt_tokens"], json!(tokens), "{texts:?}");
}

/// The answer to texts, of a provider with a token for each letter.
async fn embedded(cache: &Cache, texts: &[String]) -> Value {
    let request = match looked(cache, request(Operation::Embeddings, &inputs(texts))).await {
        Looked::Found(_, found) => {
            let KeptAnswer::Whole(body, _) = found.answer else {
                panic!("no whole answer")
            };
            return serde_json::from_slice(&body).unwrap();
        }
        Looked::Go(request, keeper) => (request, keeper.unwrap()),
    };
    let (request, keeper) = request;
    let asked: Value = serde_json::from_str(request.body.text()).unwrap();
    let asked: Vec<&str> = asked["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    let data: Vec<Value> = asked
        .iter()
        .enumerate()
        .map(|(at, text)| json!({"object": "embedding", "index": at, "embedding": vector(text)}))
        .collect();
    let tokens: usize = asked.iter().map(|it| it.len()).sum();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let body = json!({"object": "list", "model": "mine", "data": data, "usage": usage});
    let mut trail = trail(Operation::Embeddings);
    trail.usage = Usage::from_json(&usage);
    let body = keeper
        .whole(Bytes::from(body.to_string()), None, &trail)
        .unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn an_answer_of_a_fallback_is_not_kept() {
    let (cache, body) = (cache(), json!({"model": "m", "messages": []}));
    let answer = Bytes::from(r#"{"choices":[{"finish_reason":"stop"}]}"#);
    for (fallbacks, kept) in [(1, false), (0, true)] {
        let (_, keeper) = keeper(&cache, request(Operation::Chat, &body)).await;
        let mut trail = trail(Operation::Chat);
        trail.fallbacks = fallbacks;
        keeper.whole(answer.clone(), None, &trail).unwrap();
        let found = found(&cache, request(Operation::Chat, &body)).await;
        assert_eq!(found.is_some(), kept);
    }
}

#[tokio::test]
async fn a_stream_that_grows_too_large_is_not_kept() {
    let (cache, operation) = (cache(), Operation::Chat);
    let (request_of_it, mut keeper) = keeper(&cache, request(operation, &asks(operation))).await;
    keeper.begin(&shape::envelope(&request_of_it, true));
    let event = Event {
        name: String::new(),
        data: "x".repeat(600 << 10),
    };
    keeper.record(std::slice::from_ref(&event), None);
    keeper.record(std::slice::from_ref(&event), None);
    keeper.end(&trail(operation));
    assert!(
        found(&cache, request(operation, &asks(operation)))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn an_upstream_that_leaves_vectors_out_fails_a_call_that_needs_them() {
    let cache = cache();
    embedded(&cache, &["a".to_owned()]).await;
    let both = ["a".to_owned(), "b".to_owned()];
    let (_, keeper) = keeper(&cache, request(Operation::Embeddings, &inputs(&both))).await;
    let empty = Bytes::from(r#"{"data":[]}"#);
    let fault = keeper
        .whole(empty, None, &trail(Operation::Embeddings))
        .unwrap_err();
    assert!(fault.message.contains("one vector for each input"));
}

#[test]
fn a_tenant_is_the_team_else_the_user_else_the_key() {
    use crate::auth::Role;
    let master = samples::master();
    let ann = samples::person(Role::InternalUser, "ann");
    let key = samples::key_alone("abc");
    for (caller, tenant_of, key_of) in [
        (&master, "operator", "operator"),
        (&ann, "user:ann", "user:ann"),
        (&key, "key:abc", "key:abc"),
    ] {
        assert_eq!(tenant(caller, CacheShare::Tenant), tenant_of);
        assert_eq!(tenant(caller, CacheShare::Key), key_of);
        assert_eq!(tenant(caller, CacheShare::Everyone), "everyone");
    }
    assert_eq!(tenant(&Caller::anonymous(), CacheShare::Tenant), "anybody");
}

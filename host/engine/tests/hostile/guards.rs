//! Guardrails: asked like providers, contained like providers, and what they reach is what they are
//! given.

use std::sync::{Arc, Mutex};

use sluice_engine::contract::{
    Error, FetchRequest, FetchResponse, Inspection, Payload, Piece, Span, StreamVerdict, Verdict,
};
use sluice_engine::{
    CallError, Engine, EngineConfig, Fetch, Kind, Kv, LoadError, Outside, Pending, Plugin, Settings,
};

use crate::guest::{SHORT, built, replaced};
use sluice_engine::{Isolation, Limits, inspect};

async fn load(isolation: Isolation, limits: Limits) -> Plugin {
    let engine = Engine::new(&EngineConfig::default()).unwrap();
    let bytes = built("sluice-guest-guards", "sluice_guest_guards");
    let settings = Settings { limits, isolation };
    engine.load("guards", bytes, settings).await.unwrap()
}

fn asked(config: &str, text: &str, state: &str) -> Inspection {
    let span = Span {
        role: "user".into(),
        channel: "text".into(),
        choice: 0,
        pointer: "/messages/0/content".into(),
        text: text.into(),
    };
    Inspection {
        id: "c".into(),
        stage: "pre".into(),
        operation: "chat".into(),
        model: "m".into(),
        config: config.into(),
        subject: "{}".into(),
        spans: vec![span],
        request: None,
        response: None,
        state: state.into(),
        files: Vec::new(),
    }
}

const MASK: &str = r#"{"guardrail":"mask","names":["Ada"]}"#;

fn deed(name: &str) -> Inspection {
    asked(
        &format!(r#"{{"guardrail":"deeds","deed":"{name}"}}"#),
        "hi",
        "",
    )
}

#[tokio::test]
async fn a_mask_is_undone_in_a_stream_by_another_instance() {
    for isolation in [Isolation::Pooled, Isolation::Call, Isolation::Fresh] {
        let plugin = load(isolation, Limits::default()).await;
        assert_eq!(plugin.kind(), Kind::Guardrail);
        assert!(plugin.looks_at_streams());
        let inspection = asked(MASK, "I am Ada", "");
        let decision = plugin
            .session()
            .inspect(&inspection)
            .await
            .unwrap()
            .unwrap();
        let Verdict::Edit(edits) = decision.verdict else {
            panic!("it edits nothing")
        };
        assert_eq!(edits[0].text, "I am <NAME_1>");
        let after = asked(MASK, "", &decision.state);
        let mut state = plugin.session().open(&after).await.unwrap().unwrap();
        let mut said = String::new();
        for (text, last) in [("Hello <NA", false), ("ME_1>, hi", false), ("", true)] {
            let piece = Piece {
                choice: 0,
                channel: "text".into(),
                call: String::new(),
                text: text.into(),
            };
            let fed = plugin.session().feed(&state, &[piece], last).await;
            let StreamVerdict::Pass(passed) = fed.unwrap().unwrap() else {
                panic!("it blocks")
            };
            said.extend(passed.pieces.iter().map(|it| it.text.as_str()));
            state = passed.state;
        }
        assert_eq!(said, "Hello Ada, hi");
        assert_eq!(plugin.stats().calls, 5);
    }
}

#[tokio::test]
async fn what_a_guardrail_does_wrong_is_contained_and_opens_its_circuit() {
    let limits = Limits {
        wall: SHORT,
        ..Limits::default()
    };
    let plugin = load(Isolation::Pooled, limits).await;
    let ask = async |name: &str| plugin.session().inspect(&deed(name)).await;
    assert!(matches!(ask("sleep").await, Err(CallError::TooSlow { .. })));
    assert_eq!(ask("fail").await.unwrap().unwrap_err().kind, "internal");
    for _ in 0..4 {
        assert!(matches!(ask("trap").await, Err(CallError::Crashed { .. })));
    }
    assert!(matches!(ask("allow").await, Err(CallError::Open { .. })));
    assert!(plugin.open_for().is_some());
}

#[tokio::test]
async fn a_plugin_of_one_kind_is_not_asked_as_another() {
    let plugin = load(Isolation::Pooled, Limits::default()).await;
    let asked = plugin.session().on_batch(&"{}".to_owned(), &[]).await;
    assert!(matches!(
        asked,
        Err(CallError::NotExported {
            export: "on-batch",
            ..
        })
    ));
}

/// Answers what it is asked, and counts.
#[derive(Default)]
struct House {
    urls: Mutex<Vec<String>>,
    sum: Mutex<i64>,
}

impl Fetch for House {
    fn fetch(&self, request: FetchRequest) -> Pending<'_, Result<FetchResponse, Error>> {
        self.urls.lock().unwrap().push(request.url);
        Box::pin(async {
            // The guest waits meanwhile.
            tokio::task::yield_now().await;
            Ok(FetchResponse {
                status: 200,
                headers: Vec::new(),
                body: Payload::Text(r#"{"block":true}"#.into()),
            })
        })
    }
}

impl Kv for House {
    fn get(&self, _: String) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(std::future::ready(None))
    }

    fn set(&self, _: String, _: Vec<u8>, _: u32) -> Pending<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn add(&self, _: String, delta: i64, _: u32) -> Pending<'_, i64> {
        let mut sum = self.sum.lock().unwrap();
        *sum += delta;
        Box::pin(std::future::ready(*sum))
    }
}

#[tokio::test]
async fn a_guardrail_reaches_what_its_session_is_given_and_else_nothing() {
    let plugin = load(Isolation::Pooled, Limits::default()).await;
    let alone = plugin.session().inspect(&deed("fetch")).await.unwrap();
    assert_eq!(alone.unwrap_err().kind, "permission");
    let house = Arc::new(House::default());
    let outside = Outside {
        fetch: Some(house.clone()),
        kv: Some(house.clone()),
    };
    let mut session = plugin.session().with_outside(outside);
    let decision = session.inspect(&deed("fetch")).await.unwrap().unwrap();
    assert!(matches!(decision.verdict, Verdict::Block(it) if it.code == "judged"));
    assert_eq!(*house.urls.lock().unwrap(), ["/judge"]);
    for sum in 1..=2 {
        let decision = session.inspect(&deed("count")).await.unwrap().unwrap();
        assert_eq!(decision.findings, Some(format!(r#"{{"calls":{sum}}}"#)));
    }
    // What one session was given, the next has not, though the instance is the same.
    let alone = plugin.session().inspect(&deed("fetch")).await.unwrap();
    assert_eq!(alone.unwrap_err().kind, "permission");
}

#[test]
fn what_only_guardrails_may_import_a_provider_may_not() {
    let bytes = built("sluice-guest-guards", "sluice_guest_guards");
    let found = inspect(&bytes).unwrap();
    assert!(
        found
            .imports
            .iter()
            .any(|it| it.starts_with("sluice:plugin/http@"))
    );
    // The name of its interface, as long as the provider's: it is none any more.
    let other = replaced(
        &bytes,
        "sluice:plugin/guardrail@",
        "sluice:plugin/guardrayl@",
    );
    let refused = inspect(&other).unwrap_err();
    assert!(matches!(refused, LoadError::NoContract { .. }), "{refused}");
}

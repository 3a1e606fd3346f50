//! Tables from a file and an address, and when the address is asked.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::{Value, json};

use super::schedule::{HOUR_MS, RETRY_MS};
use super::*;
use crate::domain::Usage;
use crate::prices::{Terms, cost};

type Answers = Arc<Mutex<Vec<Result<Bytes, String>>>>;
type InForce = Arc<Mutex<Option<Prices>>>;

struct Rig {
    tables: PriceTables,
    answers: Answers,
    in_force: InForce,
    metrics: Metrics,
    folder: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    fn at(folder: tempfile::TempDir) -> Self {
        let (answers, in_force) = (Answers::default(), InForce::default());
        let (given, taken, metrics) = (answers.clone(), in_force.clone(), Metrics::default());
        let fetch: Fetching = Box::new(move |_| {
            let answer = given.lock().unwrap().pop();
            Box::pin(async move { answer.unwrap_or(Err("nothing there".to_owned())) })
        });
        let apply: Applying = Box::new(move |prices| *taken.lock().unwrap() = Some(prices));
        let place = folder.path().join("kept");
        let tables = PriceTables::new(place, fetch, apply, metrics.clone());
        Self {
            tables,
            answers,
            in_force,
            metrics,
            folder,
        }
    }

    async fn fetch(&self, answer: Value) -> Result<(), String> {
        let bytes = Bytes::from(answer.to_string());
        self.answers.lock().unwrap().push(Ok(bytes));
        self.tables.fetch(None).await
    }

    /// Dollars of a million input tokens.
    fn price(&self, model: &str) -> Option<f64> {
        let prices = self.in_force.lock().unwrap().clone().unwrap();
        let usage = Usage {
            input_tokens: 1_000_000,
            ..Usage::default()
        };
        let cost = cost(Some(&*prices.get(model)?), &usage, &Terms::default());
        Some(cost?.total.dollars())
    }
}

fn at(url: &str) -> PriceSources {
    PriceSources {
        url: Some(url.to_owned()),
        ..PriceSources::default()
    }
}

fn table(dollars: f64) -> Value {
    json!({"gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": dollars / 1e6}})
}

#[tokio::test]
async fn a_fetched_table_lies_over_the_builds_and_is_kept_for_the_next_start() {
    let rig = Rig::new();
    rig.tables.configure(&at("https://a")).await.unwrap();
    assert_eq!(rig.price("gpt-4o"), Some(2.5));
    rig.fetch(table(9.0)).await.unwrap();
    assert_eq!(rig.price("gpt-4o"), Some(9.0));
    assert!(rig.price("claude-sonnet-4-5").is_some());
    let next = Rig::at(rig.folder);
    next.tables.configure(&at("https://a")).await.unwrap();
    assert_eq!(next.price("gpt-4o"), Some(9.0));
    assert!(next.tables.state().is_remote());
    next.tables.configure(&at("https://b")).await.unwrap();
    assert_eq!(
        next.price("gpt-4o"),
        Some(2.5),
        "another address has other prices"
    );
}

#[tokio::test]
async fn a_broken_answer_keeps_the_old_table_and_is_counted() {
    let rig = Rig::new();
    rig.tables.configure(&at("https://a")).await.unwrap();
    rig.fetch(table(9.0)).await.unwrap();
    for broken in [json!("<html>"), json!({}), table(-1.0)] {
        rig.fetch(broken).await.unwrap_err();
        assert_eq!(rig.price("gpt-4o"), Some(9.0));
    }
    rig.tables.fetch(None).await.unwrap_err();
    assert_eq!(rig.tables.state().failure.as_deref(), Some("nothing there"));
    rig.fetch(table(9.0)).await.unwrap();
    assert_eq!(rig.tables.state().failure, None);
    let counted = rig.metrics.render(&[]);
    for line in [
        "{result=\"refused\"} 4",
        "{result=\"applied\"} 1",
        "{result=\"unchanged\"} 1",
    ] {
        let line = format!("sluice_price_refreshes_total{line}");
        assert!(counted.contains(&line), "{line} in {counted}");
    }
}

#[tokio::test]
async fn the_operators_file_counts_most_and_a_broken_one_changes_nothing() {
    let rig = Rig::new();
    let path = rig.folder.path().join("own.json");
    std::fs::write(&path, table(4.0).to_string()).unwrap();
    let sources = PriceSources {
        file: Some(path.clone()),
        ..at("https://a")
    };
    rig.tables.configure(&sources).await.unwrap();
    rig.fetch(table(9.0)).await.unwrap();
    assert_eq!(rig.price("gpt-4o"), Some(4.0));
    std::fs::write(&path, "{").unwrap();
    let why = rig.tables.configure(&sources).await.unwrap_err();
    assert!(
        why.contains("model_cost_map_file") && why.contains("own.json"),
        "{why}"
    );
    assert_eq!(rig.price("gpt-4o"), Some(4.0));
    rig.tables.configure(&at("https://a")).await.unwrap();
    assert_eq!(rig.price("gpt-4o"), Some(9.0));
    let gone = PriceSources {
        file: Some("nowhere.json".into()),
        ..at("https://a")
    };
    rig.tables.configure(&gone).await.unwrap_err();
}

#[tokio::test]
async fn local_only_fetches_nothing() {
    let rig = Rig::new();
    let sources = PriceSources {
        local_only: true,
        ..at("https://a")
    };
    rig.tables.configure(&sources).await.unwrap();
    rig.fetch(table(9.0)).await.unwrap_err();
    assert_eq!(rig.price("gpt-4o"), Some(2.5));
    assert_eq!(rig.tables.state().due(Schedule::default()), None);
}

#[test]
fn the_address_is_asked_at_once_then_as_scheduled_requested_or_after_a_failure() {
    let mut state = State {
        sources: at("https://a"),
        ..State::default()
    };
    let hourly = Schedule {
        every_ms: Some(HOUR_MS),
        requested_ms: None,
    };
    assert_eq!(state.due(Schedule::default()), Some(0));
    state.asked_ms = Some(1_000);
    assert_eq!(state.due(Schedule::default()), None);
    assert_eq!(state.due(hourly), Some(1_000 + HOUR_MS));
    let asked = Schedule {
        requested_ms: Some(500),
        ..hourly
    };
    assert_eq!(state.due(asked), Some(0));
    state.answered = Some(500);
    assert_eq!(state.due(asked), Some(1_000 + HOUR_MS));
    state.failure = Some("down".to_owned());
    assert_eq!(state.due(hourly), Some(1_000 + RETRY_MS));
}

#[test]
fn a_schedule_is_litellms_row() {
    let row = |doc: Value| ConfigRow {
        doc,
        ..ConfigRow::default()
    };
    let read = |doc| Schedule::read(Some(row(doc)));
    let six = Schedule {
        every_ms: Some(6 * HOUR_MS),
        requested_ms: None,
    };
    assert_eq!(
        read(json!({"interval_hours": 6, "force_reload": false})),
        six
    );
    assert_eq!(read(json!({"interval_hours": -6})), Schedule::default());
    assert_eq!(Schedule::read(None), Schedule::default());
}

//! Records in, requests out.

use serde_json::{Value, json};
use sluice_records::fixtures::{self, read};
use sluice_records::golden::{Delivered, answered, body, delivered, hold};
use sluice_sdk::FetchResponse;
use sluice_sdk::testing::Played;

use super::*;

fn sent(config: &Value) -> Delivered {
    delivered::<GenericApi>(config, &fixtures::batch(), FetchResponse::text_of(204, ""))
}

fn header<'r>(request: &'r FetchRequest, name: &str) -> Option<&'r str> {
    let found = request.headers.iter().find(|it| it.0 == name);
    found.map(|it| it.1.as_str())
}

#[test]
fn every_record_is_sent_as_it_was_when_somebody_looked() {
    let answer = FetchResponse::text_of(200, "");
    hold::<GenericApi>(env!("CARGO_MANIFEST_DIR"), &json!({}), &answer);
}

#[test]
fn its_examples_hold() {
    sluice_sdk::testing::run_callback_examples::<GenericApi>().unwrap();
}

#[test]
fn records_arrive_as_they_are_in_each_format() {
    let all = fixtures::batch();
    let array = sent(&json!({})).sent;
    assert_eq!((array.len(), body(&array[0])), (1, all.clone().into()));
    assert!(matches!(array[0].body, Body::Json(_)) && array[0].url.is_empty());
    let lines = sent(&json!({"log_format": "ndjson"})).sent;
    assert_eq!((lines.len(), body(&lines[0])), (1, all.clone().into()));
    assert_eq!(
        header(&lines[0], "content-type"),
        Some("application/x-ndjson")
    );
    let single = sent(&json!({"log_format": "single"})).sent;
    assert_eq!(single.iter().map(body).collect::<Vec<_>>(), all);
}

#[test]
fn only_the_wanted_events_are_told() {
    let statuses = |wanted: Value| {
        let sent = sent(&json!({ "event_types": wanted })).sent;
        let all = sent
            .iter()
            .flat_map(|it| body(it).as_array().cloned().unwrap());
        all.map(|it| it["status"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(json!(["llm_api_failure"])), ["failure", "failure"]);
    assert_eq!(statuses(json!(["llm_api_success"])), ["success"; 5]);
    assert!(statuses(json!([])).is_empty());
}

#[test]
fn a_repeated_request_has_the_same_key() {
    let key = |config: &Value| header(&sent(config).sent[0], "idempotency-key").map(str::to_owned);
    assert_eq!(key(&json!({})), key(&json!({})));
    assert_ne!(key(&json!({})), key(&json!({"log_format": "single"})));
}

#[test]
fn of_single_requests_only_those_that_failed_are_made_again() {
    let is_down = std::cell::Cell::new(true);
    let played = Played::new(move |request| {
        let fails = body(request)["id"] == "embd-3fca2" && is_down.replace(false);
        Ok(FetchResponse::text_of(if fails { 502 } else { 200 }, ""))
    });
    let config = json!({"entry": "w", "log_format": "single"});
    let run = || played.run(|| GenericApi::on_batch(&config, &fixtures::batch()));
    let error = run().unwrap_err();
    assert!(error.kind == "overloaded" && error.message.starts_with("3 of 7 records are left"));
    assert!(run().is_ok());
    assert_eq!(played.sent().len(), 5 + 3);
}

#[test]
fn a_receiver_that_refuses_one_record_gets_the_others() {
    let played = Played::new(|request| {
        let bad = body(request).to_string().contains("BudgetExceededError");
        Ok(FetchResponse::text_of(
            if bad { 400 } else { 200 },
            "what is this?",
        ))
    });
    let done = played.run(|| GenericApi::on_batch(&json!({}), &fixtures::batch()));
    let error = done.unwrap_err();
    assert_eq!(
        error.message,
        "1 of 7 records were refused: the service answered 400: what is this?"
    );
    assert_eq!(error.retry, Some(false));
}

#[test]
fn answers_are_told_by_their_kind() {
    let of = |answer| {
        answered::<GenericApi>(&json!({}), &fixtures::batch(), vec![answer])
            .done
            .unwrap_err()
    };
    assert_eq!(
        of(Ok(FetchResponse::text_of(401, ""))).kind,
        "authentication"
    );
    assert_eq!(of(Ok(FetchResponse::text_of(500, ""))).kind, "upstream");
    assert_eq!(
        of(Err(sluice_sdk::fault::error("upstream", "unreachable"))).kind,
        "upstream"
    );
    assert_eq!(of(Ok(FetchResponse::text_of(404, ""))).retry, Some(false));
}

#[test]
fn a_large_batch_is_sent_in_parts() {
    let record = |at: usize| {
        let mut record = read(fixtures::SUCCESS);
        record["litellm_call_id"] = at.to_string().into();
        record["messages"] = json!("x".repeat(1_000_000));
        record
    };
    let batch: Vec<_> = (0..10).map(record).collect();
    let delivered = delivered::<GenericApi>(&json!({}), &batch, FetchResponse::text_of(200, ""));
    assert!(delivered.done.is_ok() && delivered.sent.len() == 2);
}

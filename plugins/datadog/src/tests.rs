//! Records in, log lines out, held against the intake as it is published.

use serde_json::{Value, json};
use sluice_records::fixtures::{self, read};
use sluice_records::golden::{answered, body, delivered, hold};
use sluice_sdk::FetchResponse;

use super::*;

fn taken() -> FetchResponse {
    FetchResponse::text_of(202, "{}")
}

fn line(config: &Value, record: Value) -> Value {
    let delivered = delivered::<Datadog>(config, &[record], taken());
    assert!(delivered.done.is_ok(), "{:?}", delivered.done);
    body(&delivered.sent[0])[0].clone()
}

fn message(line: &Value) -> Value {
    serde_json::from_str(line["message"].as_str().unwrap()).unwrap()
}

#[test]
fn every_record_is_sent_as_it_was_when_somebody_looked() {
    let config = json!({"dd_site": "datadoghq.eu", "dd_env": "prod"});
    hold::<Datadog>(env!("CARGO_MANIFEST_DIR"), &config, &taken());
}

#[test]
fn its_examples_hold() {
    sluice_sdk::testing::run_callback_examples::<Datadog>().unwrap();
}

#[test]
fn a_line_has_the_whole_record_as_its_message() {
    let record = read(fixtures::TOOLS);
    let line = line(&json!({}), record.clone());
    assert_eq!(message(&line), record);
    assert_eq!(
        (&line["ddsource"], &line["service"]),
        (&json!("litellm"), &json!("litellm-server"))
    );
    assert_eq!(line["status"], "info");
}

#[test]
fn a_failure_is_an_error() {
    assert_eq!(line(&json!({}), read(fixtures::FAILURE))["status"], "error");
}

#[test]
fn tags_tell_the_environment_the_requests_tags_and_the_team() {
    let config = json!({"dd_env": "prod", "dd_service": "llm", "dd_version": "7", "dd_hostname": "h", "dd_pod_name": "p"});
    let mut record = read(fixtures::SUCCESS);
    record["request_tags"] = json!(["a,b"]);
    let wanted = "env:prod,service:llm,version:7,HOSTNAME:h,POD_NAME:p,request_tag:a_b,team:Search";
    assert_eq!(line(&config, record)["ddtags"], wanted);
}

#[test]
fn the_intake_is_the_sites_or_that_of_an_address_of_the_operators() {
    let at = |config: Value| {
        let one = [read(fixtures::SUCCESS)];
        delivered::<Datadog>(&config, &one, taken()).sent[0]
            .url
            .clone()
    };
    assert_eq!(at(json!({})), "/api/v2/logs");
    let site = json!({"dd_site": "us3.datadoghq.com"});
    assert_eq!(
        at(site),
        "https://http-intake.logs.us3.datadoghq.com/api/v2/logs"
    );
    assert_eq!(
        at(json!({"dd_site": "us3.datadoghq.com", "has_api_base": true})),
        "/api/v2/logs"
    );
}

#[test]
fn a_long_record_is_cut_below_a_megabyte_and_stays_json() {
    let mut record = read(fixtures::SUCCESS);
    record["messages"] = json!([{"role": "user", "content": "\"\n".repeat(700_000)}]);
    let line = line(&json!({}), record);
    assert!(line.to_string().len() <= 1_000_000);
    let message = message(&line);
    let text = message["messages"][0]["content"].as_str().unwrap();
    assert!(text.ends_with("too large for the service]"));
    assert_eq!(message["response_cost"], 0.000129);
}

#[test]
fn a_batch_is_sent_in_parts_of_five_megabytes_and_a_thousand_lines() {
    let record = |at: usize, size: usize| {
        let mut record = read(fixtures::SUCCESS);
        record["litellm_call_id"] = at.to_string().into();
        record["messages"] = json!("x".repeat(size));
        record
    };
    let large: Vec<_> = (0..8).map(|at| record(at, 800_000)).collect();
    let sent = delivered::<Datadog>(&json!({}), &large, taken()).sent;
    assert_eq!(sent.len(), 2);
    for request in &sent {
        assert!(body(request).to_string().len() <= 5_000_000);
    }
    let many: Vec<_> = (0..1001).map(|at| record(at, 1)).collect();
    let sent = delivered::<Datadog>(&json!({}), &many, taken()).sent;
    let lines: usize = sent
        .iter()
        .map(|it| body(it).as_array().unwrap().len())
        .sum();
    assert!(sent.len() == 2 && lines == 1001);
}

#[test]
fn a_payload_that_is_too_large_all_the_same_is_halved() {
    let played = sluice_sdk::testing::Played::new(|request| {
        let lines = body(request).as_array().unwrap().len();
        Ok(FetchResponse::text_of(
            if lines > 2 { 413 } else { 202 },
            "{}",
        ))
    });
    assert!(
        played
            .run(|| Datadog::on_batch(&json!({}), &fixtures::batch()))
            .is_ok()
    );
    let lines = played
        .sent()
        .iter()
        .map(|it| body(it).as_array().unwrap().len())
        .collect::<Vec<_>>();
    assert_eq!(lines, [7, 3, 1, 2, 4, 2, 2]);
}

#[test]
fn a_wrong_key_and_a_busy_intake_are_told_by_their_kind() {
    let of = |status| {
        let answers = vec![Ok(FetchResponse::text_of(status, "{\"errors\":[\"no\"]}"))];
        answered::<Datadog>(&json!({}), &fixtures::batch(), answers)
            .done
            .unwrap_err()
    };
    assert_eq!(
        (of(403).kind.as_str(), of(429).kind.as_str()),
        ("permission", "rate-limit")
    );
    assert_eq!(of(400).retry, Some(false));
    assert!(of(403).message.contains("{\"errors\":[\"no\"]}"));
}

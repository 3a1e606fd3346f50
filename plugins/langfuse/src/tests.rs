//! Records in, events out, held against the ingestion API as it is published.

use serde_json::{Value, json};
use sluice_records::fixtures::{self, read};
use sluice_records::golden::{answered, body, delivered, hold};
use sluice_sdk::FetchResponse;
use sluice_sdk::fault;

use super::*;

fn taken() -> FetchResponse {
    FetchResponse::json_of(207, &json!({"successes": [], "errors": []}))
}

/// The events that a record becomes.
fn events(config: &Value, record: Value) -> Vec<Value> {
    let delivered = delivered::<Langfuse>(config, &[record], taken());
    assert!(delivered.done.is_ok(), "{:?}", delivered.done);
    let batch = body(&delivered.sent[0])["batch"].clone();
    batch.as_array().unwrap().clone()
}

fn of_kind<'e>(events: &'e [Value], kind: &str) -> &'e Value {
    let found = events.iter().find(|it| it["type"] == kind);
    &found.unwrap()["body"]
}

fn both(record: Value) -> (Value, Value) {
    let events = events(&json!({}), record);
    let trace = of_kind(&events, "trace-create").clone();
    (trace, of_kind(&events, "generation-create").clone())
}

fn changed(text: &str, pointer: &str, value: Value) -> Value {
    let mut record = read(text);
    *record.pointer_mut(pointer).unwrap() = value;
    record
}

#[test]
fn every_record_is_sent_as_it_was_when_somebody_looked() {
    hold::<Langfuse>(env!("CARGO_MANIFEST_DIR"), &json!({}), &taken());
}

#[test]
fn its_examples_hold() {
    sluice_sdk::testing::run_callback_examples::<Langfuse>().unwrap();
}

#[test]
fn a_call_is_a_trace_with_a_generation_that_has_tokens_and_dollars() {
    let (trace, generation) = both(read(fixtures::SUCCESS));
    assert_eq!(trace["id"], "6f0f7d0e-6d4a-4f39-9d4f-0a4a6f4e2b11");
    assert_eq!(trace["name"], "answer-question");
    assert_eq!(trace["userId"], "customer-7");
    assert_eq!(trace["sessionId"], "chat-2025-11-27");
    assert_eq!(trace["tags"], json!(["prod", "team:search"]));
    assert_eq!(generation["traceId"], trace["id"]);
    assert_eq!(generation["name"], "draft");
    let usage = json!({"input": 16, "output": 9, "total": 30, "cache_read_input_tokens": 5});
    assert_eq!(generation["usageDetails"], usage);
    let cost = json!({"input": 5.25e-5, "output": 7.65e-5, "total": 1.29e-4});
    assert_eq!(generation["costDetails"], cost);
    assert_eq!(generation["output"]["role"], "assistant");
    assert_eq!(generation["level"], "DEFAULT");
}

#[test]
fn what_the_client_names_in_its_metadata_is_used() {
    let (trace, generation) = both(read(fixtures::STREAM));
    assert_eq!(
        (&trace["id"], &trace["userId"]),
        (&json!("trace-of-the-caller"), &json!("grace"))
    );
    assert_eq!(trace["sessionId"], "s-9");
    assert_eq!(trace["tags"], json!(["prod", "team:search", "canary"]));
    assert_eq!(generation["promptName"], "summary");
    assert_eq!(generation["promptVersion"], 4);
    assert_eq!(
        generation["completionStartTime"],
        "2025-11-27T15:10:45.433456Z"
    );
}

#[test]
fn a_trace_of_the_clients_own_is_only_updated_where_it_says_so() {
    let asked = json!({"existing_trace_id": "mine", "trace_name": "new", "update_trace_keys": ["trace_name", "output"]});
    let (trace, generation) = both(changed(
        fixtures::SUCCESS,
        "/metadata/requester_metadata",
        asked,
    ));
    let names: Vec<_> = trace.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["id", "name", "output"]);
    assert_eq!(
        (&trace["name"], &generation["traceId"]),
        (&json!("new"), &json!("mine"))
    );
}

#[test]
fn a_failure_is_an_error_with_its_reason() {
    let (trace, generation) = both(read(fixtures::FAILURE));
    assert_eq!(generation["level"], "ERROR");
    assert!(
        generation["statusMessage"]
            .as_str()
            .unwrap()
            .contains("Rate limit")
    );
    assert_eq!(
        generation["metadata"]["error_information"]["error_code"],
        "429"
    );
    assert!(generation.get("output").is_none() && trace.get("output").is_none());
}

#[test]
fn tools_are_part_of_the_input_and_parameters_are_of_types_that_the_server_takes() {
    let (_, generation) = both(read(fixtures::TOOLS));
    assert_eq!(generation["input"]["tools"][0]["type"], "function");
    let parameters = json!({"tool_choice": "auto", "parallel_tool_calls": true});
    assert_eq!(generation["modelParameters"], parameters);
    let odd = json!({"stop": ["a"], "schema": {"a": {"b": 1}}, "n": null, "tags": {"a": "b"}});
    let (_, generation) = both(changed(fixtures::SUCCESS, "/model_parameters", odd));
    let parameters = json!({"stop": ["a"], "schema": "{\"a\":{\"b\":1}}", "tags": {"a": "b"}});
    assert_eq!(generation["modelParameters"], parameters);
}

#[test]
fn a_guardrail_that_looked_is_a_span_of_the_trace() {
    let events = events(&json!({}), read(fixtures::TOOLS));
    let kinds: Vec<_> = events.iter().map(|it| it["type"].clone()).collect();
    assert_eq!(kinds, ["trace-create", "span-create", "generation-create"]);
    let span = of_kind(&events, "span-create");
    assert_eq!(span["metadata"]["guardrail_name"], "no-pii");
    assert_eq!(span["traceId"], of_kind(&events, "trace-create")["id"]);
}

#[test]
fn masks_hide_what_was_asked_and_answered() {
    let masks = json!({"mask_input": true, "mask_output": "true"});
    let (trace, generation) = both(changed(
        fixtures::SUCCESS,
        "/metadata/requester_metadata",
        masks,
    ));
    for body in [trace, generation] {
        assert_eq!(
            (&body["input"], &body["output"]),
            (&json!("redacted-by-litellm"), &json!("redacted-by-litellm"))
        );
    }
}

#[test]
fn the_operators_tags_environment_and_release_are_on_every_trace() {
    let config = json!({"langfuse_environment": "staging", "langfuse_release": "r1",
        "langfuse_default_tags": ["user_api_key_alias", "cache_hit", "cache_key", "nothing"]});
    let events = events(&config, read(fixtures::CACHED));
    let trace = of_kind(&events, "trace-create");
    assert_eq!(
        (&trace["environment"], &trace["release"]),
        (&json!("staging"), &json!("r1"))
    );
    let wanted = json!([
        "prod",
        "team:search",
        "user_api_key_alias:ci-bot",
        "cache_hit:true",
        "cache_key:9f2b1d0c7a"
    ]);
    assert_eq!(trace["tags"], wanted);
}

#[test]
fn a_repeated_record_has_the_same_ids_and_another_has_others() {
    let ids = |record: Value| {
        let events = events(&json!({}), record);
        let ids = events
            .iter()
            .map(|it| format!("{} {}", it["id"], it["body"]["id"]));
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(read(fixtures::SUCCESS)), ids(read(fixtures::SUCCESS)));
    let other = ids(changed(
        fixtures::SUCCESS,
        "/litellm_call_id",
        json!("other"),
    ));
    let both: std::collections::BTreeSet<_> = ids(read(fixtures::SUCCESS))
        .into_iter()
        .chain(other)
        .collect();
    assert_eq!(both.len(), 4);
}

#[test]
fn members_of_a_wrong_type_cost_only_themselves() {
    let mut record = read(fixtures::SUCCESS);
    for name in [
        "model_parameters",
        "cost_breakdown",
        "guardrail_information",
        "request_tags",
        "session_id",
    ] {
        record[name] = json!(17);
    }
    record["metadata"]["requester_metadata"] = json!("text");
    let (trace, generation) = both(record);
    assert_eq!(trace["name"], "litellm-acompletion");
    assert_eq!(generation["usageDetails"]["total"], 30);
}

#[test]
fn what_the_server_refuses_of_a_batch_is_told_and_only_what_failed_is_sent_again() {
    let batch = fixtures::batch();
    let id = |record: usize| {
        let name = sluice_records::Record::of(&batch[record]).unwrap().name();
        events::event_id(&name, "generation")
    };
    let errors = json!([{"id": id(1), "status": 500, "error": "busy"}, {"id": id(2), "status": 400, "message": "bad"}]);
    let first = FetchResponse::json_of(207, &json!({"successes": [], "errors": errors}));
    let played = sluice_sdk::testing::Played::new(move |request| {
        let sent = body(request)["batch"].as_array().unwrap().len();
        Ok(if sent > 3 { first.clone() } else { taken() })
    });
    let failed = played
        .run(|| Langfuse::on_batch(&json!({"entry": "l"}), &batch))
        .unwrap_err();
    assert!(failed.message.starts_with("1 of 7 records are left") && failed.retry.is_none());
    let again = played
        .run(|| Langfuse::on_batch(&json!({"entry": "l"}), &batch))
        .unwrap_err();
    assert!(
        again.message.starts_with("1 of 7 records were refused") && again.message.ends_with("bad")
    );
    assert_eq!(again.retry, Some(false));
    let last = body(&played.sent()[1])["batch"].clone();
    assert_eq!(last.as_array().unwrap().len(), 2);
}

#[test]
fn a_server_that_is_busy_or_refuses_the_keys_is_tried_again() {
    let mut slow = FetchResponse::text_of(429, "");
    slow.headers.push(("retry-after".into(), "3".into()));
    let one = [read(fixtures::SUCCESS)];
    let of = |answer| {
        answered::<Langfuse>(&json!({}), &one, vec![answer])
            .done
            .unwrap_err()
    };
    let error = of(Ok(slow));
    assert_eq!(
        (error.kind.as_str(), error.retry_after_ms),
        ("rate-limit", Some(3000))
    );
    assert_eq!(
        of(Ok(FetchResponse::text_of(401, ""))).kind,
        "authentication"
    );
    assert_eq!(of(Err(fault::error("timeout", "late"))).kind, "timeout");
}

#[test]
fn a_long_conversation_is_cut_and_a_large_batch_is_sent_in_parts() {
    let long = json!([{"role": "user", "content": "x".repeat(1_000_000)}]);
    let record = |at: usize| {
        let mut record = changed(fixtures::SUCCESS, "/messages", long.clone());
        record["litellm_call_id"] = at.to_string().into();
        record
    };
    let batch: Vec<_> = (0..4).map(record).collect();
    let delivered = delivered::<Langfuse>(&json!({}), &batch, taken());
    assert!(delivered.done.is_ok() && delivered.sent.len() == 4);
    for request in &delivered.sent {
        assert!(body(request).to_string().len() <= 3_500_000);
    }
    let huge = json!([{"role": "user", "content": "x".repeat(3_000_000)}]);
    let events = events(&json!({}), changed(fixtures::SUCCESS, "/messages", huge));
    let text = of_kind(&events, "generation-create")["input"]["messages"][0]["content"].clone();
    assert!(
        text.as_str()
            .unwrap()
            .ends_with("too large for the service]")
    );
}

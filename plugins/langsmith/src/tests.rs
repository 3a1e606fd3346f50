//! Records in, runs out, held against the batch endpoint as it is published.

use serde_json::{Value, json};
use sluice_records::fixtures::{self, read};
use sluice_records::golden::{answered, body, delivered, hold};
use sluice_sdk::FetchResponse;

use super::*;

fn taken() -> FetchResponse {
    FetchResponse::text_of(202, "{}")
}

fn run(config: &Value, record: Value) -> Value {
    let delivered = delivered::<LangSmith>(config, &[record], taken());
    assert!(delivered.done.is_ok(), "{:?}", delivered.done);
    body(&delivered.sent[0])["post"][0].clone()
}

fn plain(text: &str) -> Value {
    run(&json!({}), read(text))
}

fn asked(metadata: Value) -> Value {
    let mut record = read(fixtures::SUCCESS);
    record["metadata"]["requester_metadata"] = metadata;
    run(&json!({}), record)
}

#[test]
fn every_record_is_sent_as_it_was_when_somebody_looked() {
    hold::<LangSmith>(env!("CARGO_MANIFEST_DIR"), &json!({}), &taken());
}

#[test]
fn its_examples_hold() {
    sluice_sdk::testing::run_callback_examples::<LangSmith>().unwrap();
}

#[test]
fn a_call_is_the_root_of_its_trace() {
    let run = plain(fixtures::SUCCESS);
    let id = run["id"].as_str().unwrap();
    assert_eq!(run["trace_id"], id);
    assert_eq!(run["dotted_order"], format!("20251127T151044123456Z{id}"));
    assert_eq!(
        (&run["run_type"], &run["name"]),
        (&json!("llm"), &json!("LLMRun"))
    );
    assert_eq!(run["session_name"], "litellm-completion");
    assert!(run.get("parent_run_id").is_none() && run.get("error").is_none());
}

#[test]
fn tokens_and_dollars_stand_where_langsmith_looks_for_them() {
    let run = plain(fixtures::SUCCESS);
    let wanted = json!({
        "input_tokens": 21, "output_tokens": 9, "total_tokens": 30,
        "input_token_details": {"cache_read": 5}, "output_token_details": {"reasoning": 4},
        "input_cost": 5.25e-5, "output_cost": 7.65e-5, "total_cost": 1.29e-4
    });
    assert_eq!(run["outputs"]["usage_metadata"], wanted);
    let metadata = &run["extra"]["metadata"];
    assert_eq!(metadata["ls_provider"], "openai");
    assert_eq!(metadata["ls_model_name"], "gpt-4.1-mini-2025-04-14");
    assert_eq!(
        (&metadata["feature"], &metadata["session_id"]),
        (&json!("qa"), &json!("chat-2025-11-27"))
    );
}

#[test]
fn a_stream_says_when_its_first_token_came() {
    let events = json!([{"name": "new_token", "time": "2025-11-27T15:10:45.433456Z"}]);
    assert_eq!(plain(fixtures::STREAM)["events"], events);
    assert!(plain(fixtures::SUCCESS).get("events").is_none());
}

#[test]
fn a_failure_has_its_reason_and_embeddings_have_no_vectors() {
    let failed = plain(fixtures::FAILURE);
    assert!(failed["error"].as_str().unwrap().contains("Rate limit"));
    assert_eq!(failed["outputs"], json!({}));
    let embedded = plain(fixtures::EMBEDDINGS);
    assert_eq!(embedded["run_type"], "embedding");
    assert_eq!(embedded["inputs"]["input"][1], "jumps over");
    assert!(embedded["outputs"].get("data").is_none());
}

#[test]
fn a_run_may_be_named_and_placed_by_its_request() {
    let (root, parent, own) = (
        "11111111-1111-4111-8111-111111111111",
        "22222222-2222-4222-8222-222222222222",
        "33333333-3333-4333-8333-333333333333",
    );
    let above = format!("20251127T151040000000Z{root}.20251127T151041000000Z{parent}");
    let mut metadata = json!({"run_id": own, "parent_run_id": parent, "trace_id": root,
        "dotted_order": above, "run_name": "step", "project_name": "mine"});
    let run = asked(metadata.clone());
    assert_eq!(
        run["dotted_order"],
        format!("{above}.20251127T151044123456Z{own}")
    );
    assert_eq!(
        (&run["trace_id"], &run["parent_run_id"]),
        (&json!(root), &json!(parent))
    );
    assert_eq!(
        (&run["name"], &run["session_name"]),
        (&json!("step"), &json!("mine"))
    );
    // The order of the run itself is taken as it is.
    metadata["dotted_order"] = json!(format!("{above}.20251127T151044000000Z{own}"));
    assert_eq!(
        asked(metadata.clone())["dotted_order"],
        metadata["dotted_order"]
    );
    // One that would be refused is not used.
    metadata["dotted_order"] = json!("nonsense");
    let run = asked(metadata);
    assert_eq!((&run["id"], &run["trace_id"]), (&json!(own), &json!(own)));
    assert!(run.get("parent_run_id").is_none());
}

#[test]
fn a_repeated_record_is_the_same_run_and_is_not_sent_twice_where_it_is_known() {
    let ids = || plain(fixtures::SUCCESS)["id"].clone();
    assert_eq!(ids(), ids());
    assert_ne!(ids(), plain(fixtures::TOOLS)["id"]);
    let known = FetchResponse::text_of(409, "Run already exists");
    let delivered = delivered::<LangSmith>(&json!({}), &[read(fixtures::SUCCESS)], known);
    assert!(delivered.done.is_ok() && delivered.sent.len() == 1);
}

#[test]
fn a_share_of_the_records_is_sent_and_the_same_one_each_time() {
    let record = |at: usize| {
        let mut record = read(fixtures::SUCCESS);
        record["litellm_call_id"] = at.to_string().into();
        record
    };
    let batch: Vec<_> = (0..200).map(record).collect();
    let sent = |rate: Value| {
        let config = json!({"langsmith_sampling_rate": rate});
        let delivered = delivered::<LangSmith>(&config, &batch, taken());
        let runs = delivered
            .sent
            .iter()
            .flat_map(|it| body(it)["post"].as_array().cloned());
        runs.flatten()
            .map(|it| it["id"].to_string())
            .collect::<Vec<_>>()
    };
    let part = sent(json!(0.25));
    assert!((25..75).contains(&part.len()), "{}", part.len());
    assert_eq!(part, sent(json!("0.25")));
    assert_eq!((sent(json!(0)).len(), sent(json!(1)).len()), (0, 200));
}

#[test]
fn settings_name_the_project_the_run_and_the_workspace() {
    let config = json!({"langsmith_project": "p", "langsmith_default_run_name": "r", "langsmith_tenant_id": "t"});
    let delivered = delivered::<LangSmith>(&config, &[read(fixtures::SUCCESS)], taken());
    let run = &body(&delivered.sent[0])["post"][0];
    assert_eq!(
        (&run["session_name"], &run["name"]),
        (&json!("p"), &json!("r"))
    );
    assert_eq!(
        delivered.sent[0].headers,
        [("x-tenant-id".to_owned(), "t".to_owned())]
    );
}

#[test]
fn a_run_that_is_refused_costs_no_other_and_a_busy_service_is_tried_again() {
    let batch = fixtures::batch();
    let played = sluice_sdk::testing::Played::new(|request| {
        let bad = body(request).to_string().contains("BudgetExceeded");
        Ok(FetchResponse::text_of(if bad { 422 } else { 202 }, "{}"))
    });
    let refused = played
        .run(|| LangSmith::on_batch(&json!({}), &batch))
        .unwrap_err();
    assert!(refused.message.starts_with("1 of 7 records were refused"));
    let busy = answered::<LangSmith>(
        &json!({}),
        &batch,
        vec![Ok(FetchResponse::text_of(503, ""))],
    );
    let error = busy.done.unwrap_err();
    assert_eq!((error.kind.as_str(), busy.sent.len()), ("overloaded", 1));
}

#[test]
fn a_long_run_is_cut_and_stays_a_run() {
    let mut record = read(fixtures::SUCCESS);
    record["messages"] = json!([{"role": "user", "content": "x".repeat(5_000_000)}]);
    let run = run(&json!({}), record);
    assert!(run.to_string().len() <= 2_000_000);
    assert_eq!(run["inputs"]["messages"][0]["role"], "user");
}

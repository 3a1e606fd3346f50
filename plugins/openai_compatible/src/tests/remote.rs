//! Files and batches of Mistral.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{Outcome, replay};

use super::*;

/// A call with an id, and its one exchange.
fn asked(
    operation: &str,
    body: Value,
    (method, url): (&str, &str),
    sent: &Value,
    answer: &Value,
) -> Outcome {
    let mut request = json!({"method": method, "url": url});
    if !sent.is_null() {
        request["body"] = sent.clone();
    }
    let fixture = json!({
        "name": operation, "provider": "mistral", "operation": operation, "model": "mistral-small-latest",
        "params": [["id", "ca1cd668-91bd"]], "body": body, "expect": {},
        "exchanges": [{"request": request, "reply": {"status": 200, "body": {"json": answer}}}]
    });
    replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

/// A recorded job, under way or ended.
fn job(status: &str) -> Value {
    json!({"id": "ca1cd668-91bd-4abb-accb-3541709c0db1", "object": "batch", "input_files": ["5cdf78f8-1ab4-4c3d-9d38-2dd9735dac5f"],
        "metadata": null, "endpoint": "/v1/chat/completions", "model": "mistral-small-latest", "agent_id": null,
        "output_file": null, "error_file": null, "errors": [], "outputs": null, "status": status, "created_at": 1787150442,
        "total_requests": 2, "completed_requests": 2, "succeeded_requests": 1, "failed_requests": 1,
        "started_at": null, "completed_at": null})
}

#[test]
fn a_batch_is_a_job_of_one_model() {
    let body = json!({"input_file_id": "5cdf78f8", "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": {"a": "b"}});
    let sent = json!({"input_files": ["5cdf78f8"], "endpoint": "/v1/chat/completions", "model": "mistral-small-latest",
        "timeout_hours": 24, "metadata": {"a": "b"}});
    let outcome = asked(
        "batches.create",
        body,
        ("POST", "/batch/jobs"),
        &sent,
        &job("QUEUED"),
    );
    let batch = outcome.response.unwrap();
    assert_eq!(
        (&batch["object"], &batch["status"]),
        (&json!("batch"), &json!("validating"))
    );
    assert_eq!(
        batch["input_file_id"],
        "5cdf78f8-1ab4-4c3d-9d38-2dd9735dac5f"
    );
    assert_eq!(
        batch["request_counts"],
        json!({"total": 2, "completed": 1, "failed": 1})
    );
}

#[test]
fn a_job_ends_in_openais_words() {
    for (status, want) in [
        ("RUNNING", "in_progress"),
        ("SUCCESS", "completed"),
        ("FAILED", "failed"),
        ("TIMEOUT_EXCEEDED", "expired"),
        ("CANCELLATION_REQUESTED", "cancelling"),
        ("CANCELLED", "cancelled"),
    ] {
        let url = ("GET", "/batch/jobs/ca1cd668-91bd");
        let outcome = asked("batches.get", json!({}), url, &Value::Null, &job(status));
        assert_eq!(outcome.response.unwrap()["status"], want);
    }
    let url = ("POST", "/batch/jobs/ca1cd668-91bd/cancel");
    let outcome = asked(
        "batches.cancel",
        json!({}),
        url,
        &Value::Null,
        &job("ASLEEP"),
    );
    assert_eq!(outcome.error.unwrap().kind, "upstream");
}

#[test]
fn files_are_openais() {
    for (operation, method, url) in [
        ("files.create", "POST", "/files"),
        ("files.get", "GET", "/files/ca1cd668-91bd"),
        ("files.content", "GET", "/files/ca1cd668-91bd/content"),
        ("files.delete", "DELETE", "/files/ca1cd668-91bd"),
    ] {
        let outcome = asked(
            operation,
            json!({"purpose": "batch"}),
            (method, url),
            &Value::Null,
            &json!({}),
        );
        assert!(outcome.relayed, "{operation}");
    }
}

#[test]
fn a_window_or_an_id_that_is_none_is_refused() {
    let refused = |operation: &str, id: &str, body: Value| {
        let fixture = json!({
            "name": operation, "provider": "mistral", "operation": operation, "model": "m",
            "params": [["id", id]], "body": body, "exchanges": [], "expect": {}
        });
        let outcome = replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap());
        outcome.unwrap().error.unwrap().message
    };
    let of = |window: &str| json!({"input_file_id": "f", "endpoint": "/v1/embeddings", "completion_window": window});
    assert!(refused("batches.create", "", of("soon")).contains("`completion_window`"));
    assert!(refused("batches.create", "", of("0h")).contains("`completion_window`"));
    assert!(refused("batches.create", "", json!({"endpoint": "x"})).contains("`input_file_id`"));
    assert!(refused("batches.get", "../files", json!({})).contains("no id"));
}

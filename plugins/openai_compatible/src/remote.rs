//! Files and batches. Files are OpenAI's everywhere; batches are OpenAI's too, or Mistral's jobs,
//! which have other words for the same things.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault, parse_body};

use crate::errors;
use crate::object::Object;
use crate::request::sent_model;
use crate::row::Row;

/// Mistral's words for how far a job is.
const STATUSES: [(&str, &str); 7] = [
    ("QUEUED", "validating"),
    ("RUNNING", "in_progress"),
    ("SUCCESS", "completed"),
    ("FAILED", "failed"),
    ("TIMEOUT_EXCEEDED", "expired"),
    ("CANCELLATION_REQUESTED", "cancelling"),
    ("CANCELLED", "cancelled"),
];

/// Whether an operation is one of these.
pub fn knows(operation: &str) -> bool {
    operation.starts_with("files.") || operation.starts_with("batches.")
}

fn is_job(call: &Call, row: &Row) -> bool {
    row.batches.as_deref() == Some("jobs") && call.operation.starts_with("batches.")
}

/// The method and the path.
pub fn address(call: &Call, row: &Row) -> Result<(&'static str, String), Error> {
    let batches = if is_job(call, row) {
        "/batch/jobs"
    } else {
        "/batches"
    };
    Ok(match call.operation.as_str() {
        "files.create" => ("POST", "/files".to_owned()),
        "files.get" => ("GET", at(call, "/files", "")?),
        "files.content" => ("GET", at(call, "/files", "/content")?),
        "files.delete" => ("DELETE", at(call, "/files", "")?),
        "batches.create" => ("POST", batches.to_owned()),
        "batches.get" => ("GET", at(call, batches, "")?),
        "batches.cancel" => ("POST", at(call, batches, "/cancel")?),
        other => {
            let message = format!("{} has no operation `{other}`", row.name);
            return Err(fault::unsupported(message));
        }
    })
}

/// The path of one of them. Nothing in an id leads elsewhere.
fn at(call: &Call, list: &str, end: &str) -> Result<String, Error> {
    let id = call.param("id").unwrap_or_default();
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    if id.is_empty() || !id.chars().all(plain) {
        return Err(fault::invalid_request(format!("`{id}` is no id")));
    }
    Ok(format!("{list}/{id}{end}"))
}

pub fn request(call: &Call, row: &Row, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let job = is_job(call, row);
    Ok(match call.operation.as_str() {
        "files.create" => outbound.form(call, &parse_body(body)?).canonical(),
        "batches.create" if job => outbound.json(&made(call, row, &parse_body(body)?)?),
        "batches.create" => outbound.patch(Vec::new()).canonical(),
        _ if job => outbound,
        _ => outbound.canonical(),
    })
}

/// A job of a file, for the one model that its lines name.
fn made(call: &Call, row: &Row, body: &Map<String, Value>) -> Result<Value, Error> {
    let word = |name: &str| body.get(name).and_then(Value::as_str);
    let missing = |name: &str| fault::invalid_request(format!("`{name}` is missing, or no text"));
    let file = word("input_file_id").ok_or_else(|| missing("input_file_id"))?;
    let endpoint = word("endpoint").ok_or_else(|| missing("endpoint"))?;
    let window = word("completion_window").unwrap_or("24h");
    let hours = window
        .strip_suffix('h')
        .and_then(|it| it.parse::<u32>().ok());
    let hours = hours.filter(|it| *it > 0).ok_or_else(|| {
        fault::invalid_request("`completion_window` is a number of hours, as `24h`")
    })?;
    let mut job = json!({"input_files": [file], "endpoint": endpoint,
        "model": sent_model(row, &call.model), "timeout_hours": hours});
    if let Some(metadata) = body.get("metadata").filter(|it| !it.is_null()) {
        job["metadata"] = metadata.clone();
    }
    Ok(job)
}

/// A job as a batch.
pub fn respond(reply: &Reply) -> Result<Step, Error> {
    let job = reply.json()?;
    let refused = reply.text().and_then(Object::parse);
    if let Some(error) = refused.and_then(|it| errors::in_answer(&it)) {
        return Err(error);
    }
    let id = job.get("id").filter(|it| it.is_string());
    let status = job.get("status").and_then(Value::as_str);
    let known = STATUSES.iter().find(|(word, _)| Some(*word) == status);
    let (id, (_, status)) = id
        .zip(known)
        .ok_or_else(|| fault::upstream("the provider's answer is no job: `id` or `status`"))?;
    let member = |name: &str| job.get(name).cloned().unwrap_or_default();
    let count = |name: &str| job.get(name).and_then(Value::as_u64).unwrap_or(0);
    let batch = json!({
        "id": id, "object": "batch", "endpoint": member("endpoint"), "model": member("model"),
        "input_file_id": job.pointer("/input_files/0"), "completion_window": "24h", "status": status,
        "output_file_id": member("output_file"), "error_file_id": member("error_file"),
        "created_at": member("created_at"), "in_progress_at": member("started_at"),
        "completed_at": member("completed_at"), "metadata": member("metadata"),
        "request_counts": {"total": count("total_requests"), "completed": count("succeeded_requests"),
            "failed": count("failed_requests")}
    });
    Ok(Response::json(&batch).respond())
}

//! Batches: made of requests whose file is brought to Google first, line by line as it takes them; and
//! their results, which come in a file of Google's, as OpenAI's two files of a batch.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Body, Call, Error, Outbound, Reply, Response, Step, fault};
use sluice_wire::batches::results::{FAILED, batch_of, file};
use sluice_wire::batches::{ENDPOINT, WINDOW, can_be_made, plain_id};
use sluice_wire::gemini::batch::{self, Kept, results};
use sluice_wire::times::seconds;

use crate::path;

/// Where files are brought to.
const UPLOAD: &str = "/upload/v1beta/files";

/// What a file of lines is.
const JSONL: &str = "application/jsonl";

/// What the answer to a step is of, as that step's state.
mod step {
    pub const PLACE: &str = "place";
    pub const FILE: &str = "file";
    pub const CANCELLED: &str = "cancelled";
    pub const CANCELLING: &str = "cancelling";
}

/// Whether an operation is one of these, or of the files of their results.
pub fn knows(operation: &str) -> bool {
    operation.starts_with("batches.") || operation.starts_with("files.")
}

pub fn start(call: &Call, fields: Map<String, Value>) -> Result<Step, Error> {
    let id = call.param("id").unwrap_or_default();
    Ok(match call.operation.as_str() {
        "batches.lines" => batch::lines(call, fields)?.respond(),
        "batches.create" => place(call, &fields)?.send(),
        "batches.get" => shown(id)?.send(),
        "batches.cancel" => {
            let cancel = Outbound::post(format!("{}:cancel", of_batch(id)?));
            cancel.json(&json!({})).state(step::CANCELLED).send()
        }
        "files.get" | "files.content" => shown(batch_of(id).0)?.send(),
        other => {
            return Err(fault::unsupported(format!(
                "gemini has no operation `{other}`"
            )));
        }
    })
}

fn of_batch(id: &str) -> Result<String, Error> {
    Ok(format!("/v1beta/batches/{}", plain_id(id)?))
}

fn shown(id: &str) -> Result<Outbound, Error> {
    Ok(Outbound::get(of_batch(id)?))
}

/// Asks for a place for the file of requests, which is what the lines became.
fn place(call: &Call, fields: &Map<String, Value>) -> Result<Outbound, Error> {
    can_be_made(fields, "gemini")?;
    // Before anything lies there.
    model(call)?;
    let size = lines_of(call)?.size.to_string();
    let place = Outbound::post(UPLOAD)
        .header("x-goog-upload-protocol", "resumable")
        .header("x-goog-upload-command", "start")
        .header("x-goog-upload-header-content-length", size)
        .header("x-goog-upload-header-content-type", JSONL)
        .json(&json!({"file": {"displayName": name(call)}}));
    Ok(place.option("idempotent", true).state(step::PLACE))
}

fn lines_of(call: &Call) -> Result<&sluice_sdk::File, Error> {
    let lines = call.files.first();
    lines.ok_or_else(|| fault::internal("the batch's lines are not there"))
}

/// The model of all the lines, as a part of a path.
fn model(call: &Call) -> Result<String, Error> {
    path::of(&Kept::read(call.param("state").unwrap_or_default())?.model)
}

/// What the batch and its file are called in Google's own lists.
fn name(call: &Call) -> String {
    format!("sluice-{}", call.id)
}

pub fn resume(call: &Call, reply: &Reply) -> Result<Step, Error> {
    match (call.operation.as_str(), reply.state.as_str()) {
        ("batches.create", step::PLACE) => bring(call, reply),
        ("batches.create", step::FILE) => make(call, reply),
        ("batches.cancel", step::CANCELLED) => {
            let id = call.param("id").unwrap_or_default();
            Ok(shown(id)?.state(step::CANCELLING).send())
        }
        ("files.content", _) => content(call, &reply.json()?),
        ("files.get", _) => {
            let id = call.param("id").unwrap_or_default();
            let file = file(id, &told(&reply.json()?, false)?)?;
            Ok(Response::json(&file).respond())
        }
        (_, state) => {
            let told = told(&reply.json()?, state == step::CANCELLING)?;
            Ok(Response::json(&told).respond())
        }
    }
}

/// Brings the file to its place, which Google names by a whole address. The deployment's own base is
/// what counts.
fn bring(call: &Call, reply: &Reply) -> Result<Step, Error> {
    let place = reply.header("x-goog-upload-url").unwrap_or_default();
    let at = place.find(UPLOAD).and_then(|it| place.get(it..));
    let at = at.ok_or_else(|| fault::upstream("the provider named no place for the file"))?;
    let mut outbound = Outbound::post(at)
        .header("x-goog-upload-offset", "0")
        .header("x-goog-upload-command", "upload, finalize")
        .header("content-type", JSONL)
        .state(step::FILE);
    outbound.body = Body::File(lines_of(call)?.id);
    Ok(outbound.send())
}

/// Makes the batch of the file.
fn make(call: &Call, reply: &Reply) -> Result<Step, Error> {
    let answer = reply.json()?;
    let file = answer.pointer("/file/name").and_then(Value::as_str);
    let file = file.ok_or_else(|| fault::upstream("the provider's answer is no file"))?;
    let batch = json!({"displayName": name(call), "inputConfig": {"fileName": file}});
    let outbound = Outbound::post(format!("/v1beta/{}:batchGenerateContent", model(call)?));
    Ok(outbound.json(&json!({ "batch": batch })).send())
}

/// Where an ended batch names its results: Google has written them in each of these places.
const OUTPUTS: [&str; 3] = ["/response", "/response/output", "/metadata/output"];

/// The name of the file of results, or null for results that are no file.
fn output(batch: &Value) -> Option<&Value> {
    OUTPUTS.iter().find_map(|it| {
        let output = batch.pointer(it)?;
        let file = output.get("responsesFile").filter(|it| it.is_string());
        file.or_else(|| output.get("inlinedResponses").map(|_| &Value::Null))
    })
}

/// How many requests came to this.
fn count(batch: &Value, name: &str) -> u64 {
    let count = batch.pointer(&format!("/metadata/batchStats/{name}"));
    // Numbers of 64 bits are texts, and zeroes are left out.
    let count = count.and_then(|it| it.as_u64().or_else(|| it.as_str()?.parse().ok()));
    count.unwrap_or(0)
}

/// A batch in OpenAI's form. What it was made of is the gateway's to tell.
fn told(batch: &Value, cancelling: bool) -> Result<Value, Error> {
    let text = |pointer: &str| batch.pointer(pointer).and_then(Value::as_str);
    let id = text("/name").and_then(|it| it.strip_prefix("batches/"));
    let (Some(id), Some(state)) = (id, text("/metadata/state")) else {
        return Err(fault::upstream(
            "the provider's answer is no batch: `name` or `metadata.state`",
        ));
    };
    let (answered, failed) = (
        count(batch, "successfulRequestCount"),
        count(batch, "failedRequestCount"),
    );
    let has_output = output(batch).is_some();
    let status = match status(state)? {
        // Its results are not written yet.
        "completed" if !has_output && (answered > 0 || batch["done"] != true) => "finalizing",
        "validating" | "in_progress" if cancelling => "cancelling",
        status => status,
    };
    let ended_as = ended_as(status);
    let has = |some: bool, file: String| (ended_as.is_some() && has_output && some).then_some(file);
    let at = |name: &str| text(&format!("/metadata/{name}")).and_then(seconds);
    let mut told = json!({
        "id": id, "object": "batch", "endpoint": ENDPOINT, "completion_window": WINDOW, "status": status,
        "created_at": at("createTime"), "errors": errors(batch, status),
        "output_file_id": has(answered > 0 || failed == 0, id.to_owned()),
        "error_file_id": has(failed > 0, format!("{id}{FAILED}")),
        "request_counts": {
            "total": count(batch, "requestCount"), "completed": answered, "failed": failed
        }
    });
    for name in ["completed_at", "cancelled_at", "expired_at", "failed_at"] {
        told[name] = json!((ended_as == Some(name)).then(|| at("endTime")).flatten());
    }
    Ok(told)
}

/// OpenAI's word for a state, which has stood with two beginnings.
fn status(state: &str) -> Result<&'static str, Error> {
    let word = state.strip_prefix("BATCH_STATE_");
    let word = word.or_else(|| state.strip_prefix("JOB_STATE_"));
    Ok(match word {
        Some("PENDING") => "validating",
        Some("RUNNING") => "in_progress",
        Some("SUCCEEDED") => "completed",
        Some("FAILED") => "failed",
        Some("CANCELLED") => "cancelled",
        Some("EXPIRED") => "expired",
        _ => {
            let message = format!("the provider's batch has an unknown state: `{state}`");
            return Err(fault::upstream(message));
        }
    })
}

/// The member that says when a batch ended like this.
fn ended_as(status: &str) -> Option<&'static str> {
    match status {
        "completed" => Some("completed_at"),
        "cancelled" => Some("cancelled_at"),
        "expired" => Some("expired_at"),
        "failed" => Some("failed_at"),
        _ => None,
    }
}

/// Why the whole batch failed.
fn errors(batch: &Value, status: &str) -> Value {
    let error = batch.get("error").filter(|_| status == "failed");
    let Some(message) = error.and_then(|it| it.get("message")) else {
        return Value::Null;
    };
    let one = json!({"code": "batch_failed", "message": message, "param": null, "line": null});
    json!({"object": "list", "data": [one]})
}

/// The lines of a file of results, out of Google's.
fn content(call: &Call, batch: &Value) -> Result<Step, Error> {
    let id = call.param("id").unwrap_or_default();
    // What it has not is not there.
    file(id, &told(batch, false)?)?;
    let name = output(batch).and_then(Value::as_str).unwrap_or_default();
    let name = name.strip_prefix("files/").unwrap_or_default();
    let name = plain_id(name)
        .map_err(|_| fault::upstream("the batch names no file of results that can be read"))?;
    let expected = count(batch, "successfulRequestCount") + count(batch, "failedRequestCount");
    let kept = call.param("state").unwrap_or_default();
    let state = results::opening(kept, batch_of(id).1, expected)?;
    let outbound = Outbound::get(format!("/download/v1beta/files/{name}:download?alt=media"));
    Ok(outbound
        .option("framing", "lines")
        .frames()
        .state(state)
        .send())
}

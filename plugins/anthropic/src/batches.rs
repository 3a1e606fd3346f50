//! Batches: made of requests, whose file the gateway keeps; and their results, as OpenAI's two files
//! of a batch, what was answered and what failed.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Body, Call, Error, Outbound, Reply, Response, Step, fault};
use sluice_wire::anthropic::Envelope;
use sluice_wire::anthropic::batch::{self, Kept, results};
use sluice_wire::batches::results::{FAILED, batch_of, file};
use sluice_wire::batches::{ENDPOINT, WINDOW, can_be_made, plain_id};
use sluice_wire::times::seconds;

use crate::outbound;

const BATCHES: &str = "/v1/messages/batches";

/// What ids of batches begin with.
const BATCH: &str = "msgbatch_";

/// Whether an operation is one of these.
pub fn knows(operation: &str) -> bool {
    operation.starts_with("batches.")
}

pub fn start(call: &Call, fields: Map<String, Value>) -> Result<Step, Error> {
    let at = |end: &str| of_batch(call, call.param("id").unwrap_or_default(), end);
    Ok(match call.operation.as_str() {
        "batches.lines" => batch::lines(call, fields)?.respond(),
        "batches.create" => create(call, &fields)?.send(),
        "batches.get" => at("")?.request("GET").send(),
        "batches.cancel" => at("/cancel")?.post().send(),
        other => {
            return Err(fault::unsupported(format!(
                "anthropic has no operation `{other}`"
            )));
        }
    })
}

fn of_batch(call: &Call, id: &str, end: &str) -> Result<Envelope, Error> {
    let path = format!("{BATCHES}/{}{end}", plain_id(id)?);
    Ok(outbound::envelope(call, &path, Vec::new()))
}

/// The requests are what the lines became.
fn create(call: &Call, fields: &Map<String, Value>) -> Result<Outbound, Error> {
    can_be_made(fields, "anthropic")?;
    let lines = call.files.first();
    let lines = lines.ok_or_else(|| fault::internal("the batch's lines are not there"))?;
    let kept = Kept::read(call.param("state").unwrap_or_default())?;
    let mut outbound = outbound::envelope(call, BATCHES, kept.betas()).post();
    outbound.body = Body::File(lines.id);
    Ok(outbound)
}

/// A batch in OpenAI's form. What it was made of is the gateway's to tell.
pub fn respond(reply: &Reply) -> Result<Step, Error> {
    Ok(Response::json(&told(&reply.json()?)?).respond())
}

fn told(batch: &Value) -> Result<Value, Error> {
    let text = |name: &str| batch.get(name).and_then(Value::as_str);
    let (Some(id), Some(progress)) = (text("id"), text("processing_status")) else {
        return Err(fault::upstream(
            "the provider's answer is no batch: `id` or `processing_status`",
        ));
    };
    let at = |name: &str| text(name).and_then(seconds);
    let count = |name: &str| {
        let count = batch.pointer(&format!("/request_counts/{name}"));
        count.and_then(Value::as_u64).unwrap_or(0)
    };
    let failed = count("errored") + count("canceled") + count("expired");
    let (status, ended_as) = match progress {
        "in_progress" => ("in_progress", None),
        "canceling" => ("cancelling", None),
        "ended" if at("cancel_initiated_at").is_some() => ("cancelled", Some("cancelled_at")),
        "ended" if count("expired") > 0 => ("expired", Some("expired_at")),
        "ended" => ("completed", Some("completed_at")),
        other => {
            let message = format!("the provider's batch has an unknown status: `{other}`");
            return Err(fault::upstream(message));
        }
    };
    let has = |some: bool, file: String| (ended_as.is_some() && some).then_some(file);
    let mut told = json!({
        "id": id, "object": "batch", "endpoint": ENDPOINT, "completion_window": WINDOW, "status": status,
        "created_at": at("created_at"), "in_progress_at": at("created_at"), "expires_at": at("expires_at"),
        "cancelling_at": at("cancel_initiated_at"), "errors": null,
        "output_file_id": has(count("succeeded") > 0, id.to_owned()),
        "error_file_id": has(failed > 0, format!("{id}{FAILED}")),
        "request_counts": {
            "total": count("processing") + count("succeeded") + failed,
            "completed": count("succeeded"), "failed": failed
        }
    });
    for name in ["completed_at", "cancelled_at", "expired_at"] {
        told[name] = json!((ended_as == Some(name)).then(|| at("ended_at")).flatten());
    }
    Ok(told)
}

/// A file that a batch has written: the batch, and whether it is the one of failures.
fn written(call: &Call) -> Option<(&str, bool)> {
    let id = call.param("id").filter(|it| it.starts_with(BATCH))?;
    Some(batch_of(id))
}

/// What is asked about a file that a batch has written; None: it is another file.
pub fn about_results(call: &Call) -> Option<Result<Outbound, Error>> {
    let (batch, failed) = written(call)?;
    Some(match call.operation.as_str() {
        "files.get" => of_batch(call, batch, "").map(|it| it.request("GET")),
        "files.content" => content(call, batch, failed),
        _ => Err(fault::unsupported(
            "anthropic keeps the results of a batch for 29 days: they cannot be deleted alone",
        )),
    })
}

fn content(call: &Call, batch: &str, failed: bool) -> Result<Outbound, Error> {
    let state = results::opening(call.param("state").unwrap_or_default(), failed)?;
    let outbound = of_batch(call, batch, "/results")?.request("GET");
    Ok(outbound.option("framing", "lines").frames().state(state))
}

/// A batch's results as a file of OpenAI's; None: it is another file that was asked for.
pub fn results_file(call: &Call, reply: &Reply) -> Option<Result<Step, Error>> {
    written(call)?;
    let id = call.param("id").unwrap_or_default();
    let file = reply.json().and_then(|it| file(id, &told(&it)?));
    Some(file.map(|it| Response::json(&it).respond()))
}

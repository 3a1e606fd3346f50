//! Files, for messages to name. Those of batches are not here: the gateway keeps the requests, and
//! the results are the batch's.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault};
use sluice_wire::batches::plain_id;
use sluice_wire::times::seconds;

use crate::{batches, outbound};

const FILES: &str = "/v1/files";

/// The beta that files belong to.
const BETA: &str = "files-api-2025-04-14";

/// What OpenAI calls a file that a model is shown.
const PURPOSE: &str = "user_data";

/// Whether an operation is one of these.
pub fn knows(operation: &str) -> bool {
    operation.starts_with("files.")
}

pub fn request(call: &Call, fields: &Map<String, Value>) -> Result<Outbound, Error> {
    if let Some(results) = batches::about_results(call) {
        return results;
    }
    let at = |path: String| outbound::envelope(call, &path, vec![BETA.to_owned()]);
    Ok(match call.operation.as_str() {
        "files.create" => {
            if fields.get("purpose").and_then(Value::as_str) == Some("batch") {
                return Err(fault::unsupported(
                    "anthropic takes no file of requests: the gateway keeps it, and makes the batch",
                ));
            }
            at(FILES.to_owned()).post().form(call, &json!({}))
        }
        "files.get" => at(of_file(call, "")?).request("GET"),
        "files.content" => at(of_file(call, "/content")?).request("GET").canonical(),
        "files.delete" => at(of_file(call, "")?).request("DELETE"),
        other => {
            return Err(fault::unsupported(format!(
                "anthropic has no operation `{other}`"
            )));
        }
    })
}

/// The path of one of them.
fn of_file(call: &Call, end: &str) -> Result<String, Error> {
    let id = plain_id(call.param("id").unwrap_or_default())?;
    Ok(format!("{FILES}/{id}{end}"))
}

/// A file, or that it is gone, in OpenAI's form.
pub fn respond(call: &Call, reply: &Reply) -> Result<Step, Error> {
    if let Some(results) = batches::results_file(call, reply) {
        return results;
    }
    let told = reply.json()?;
    let id = told.get("id").filter(|it| it.is_string());
    let id =
        id.ok_or_else(|| fault::upstream("the provider's answer is no file: it has no `id`"))?;
    let file = match told.get("type").and_then(Value::as_str) {
        Some("file_deleted") => json!({"id": id, "object": "file", "deleted": true}),
        _ => json!({
            "id": id, "object": "file", "purpose": PURPOSE, "status": "processed",
            "filename": told.get("filename"), "bytes": told.get("size_bytes"),
            "created_at": told.get("created_at").and_then(Value::as_str).and_then(seconds)
        }),
    };
    Ok(Response::json(&file).respond())
}

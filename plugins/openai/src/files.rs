//! Files and batches: the gateway names them by OpenAI's own ids, and their bytes stay in the host.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Call, Error, Outbound, fault};

/// Whether an operation is one of these.
pub fn knows(operation: &str) -> bool {
    operation.starts_with("files.") || operation.starts_with("batches.")
}

pub fn outbound(call: &Call, fields: &Value) -> Result<Outbound, Error> {
    Ok(match call.operation.as_str() {
        "files.create" => Outbound::post("/files").form(call, fields),
        "batches.create" => Outbound::post("/batches").patch(Vec::new()),
        "files.get" => Outbound::get(at(call, "/files", "")?),
        "files.content" => Outbound::get(at(call, "/files", "/content")?),
        "files.delete" => Outbound::new("DELETE", at(call, "/files", "")?),
        "batches.get" => Outbound::get(at(call, "/batches", "")?),
        "batches.cancel" => Outbound::post(at(call, "/batches", "/cancel")?),
        other => {
            let message = format!("openai has no operation `{other}` here");
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

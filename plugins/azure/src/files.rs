//! Files and batches of a resource: no deployment's own, though a batch's lines name one.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Call, Error, Outbound, fault};

/// Whether an operation is one of these.
pub fn knows(operation: &str) -> bool {
    operation.starts_with("files.") || operation.starts_with("batches.")
}

/// `site` makes an address of what stands after `/openai/`.
pub fn outbound(
    call: &Call,
    fields: &Value,
    site: impl Fn(&str) -> Result<String, Error>,
) -> Result<Outbound, Error> {
    let at = |list: &str, end: &str| site(&format!("{list}/{}{end}", id(call)?));
    Ok(match call.operation.as_str() {
        "files.create" => Outbound::post(site("files")?).form(call, fields),
        "batches.create" => Outbound::post(site("batches")?).patch(Vec::new()),
        "files.get" => Outbound::get(at("files", "")?),
        "files.content" => Outbound::get(at("files", "/content")?),
        "files.delete" => Outbound::new("DELETE", at("files", "")?),
        "batches.get" => Outbound::get(at("batches", "")?),
        "batches.cancel" => Outbound::post(at("batches", "/cancel")?),
        other => {
            let message = format!("azure has no operation `{other}`");
            return Err(fault::unsupported(message));
        }
    })
}

/// Nothing in an id leads elsewhere.
fn id(call: &Call) -> Result<&str, Error> {
    let id = call.param("id").unwrap_or_default();
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    if id.is_empty() || !id.chars().all(plain) {
        return Err(fault::invalid_request(format!("`{id}` is no id")));
    }
    Ok(id)
}

//! Where a call goes.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Call, Error, fault};

/// An address, by what answers there.
pub enum Place {
    /// The server: its models are found by their names.
    Server,
    /// An endpoint that generates, without what makes it stream.
    Generate(String),
    /// An endpoint that takes tensors.
    Infer(String),
}

impl Place {
    /// By the end of the deployment's `api_base`.
    pub fn of(call: &Call) -> Self {
        let context = call.context();
        let base = context.get("base_url").and_then(Value::as_str);
        let base = base.unwrap_or_default().trim_end_matches('/');
        if base.ends_with("/generate") {
            return Self::Generate(base.to_owned());
        }
        match base.rsplit('/').next() {
            Some("infer" | "embeddings") => Self::Infer(base.to_owned()),
            _ => Self::Server,
        }
    }
}

/// A path of the model on its server. `name/versions/2` names a version.
pub fn of_model(model: &str, end: &str) -> Result<String, Error> {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '/');
    let parts = model.split('/');
    if !model.chars().all(plain) || parts.clone().any(|it| matches!(it, "" | "." | "..")) {
        return Err(fault::invalid_request(format!(
            "`{model}` is not the name of a model of Triton's"
        )));
    }
    Ok(format!("/v2/models/{model}/{end}"))
}

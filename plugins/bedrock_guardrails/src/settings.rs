//! What the operator says, as `describe` has it.

use serde::{Deserialize, Deserializer};
use sluice_sdk::serde_json::Value;

#[derive(Debug, Deserialize)]
pub struct Settings {
    /// Its id or its ARN.
    #[serde(rename = "guardrailIdentifier")]
    pub identifier: String,
    #[serde(rename = "guardrailVersion", deserialize_with = "word")]
    pub version: String,
    pub aws_region_name: Option<String>,
    /// In the place of the region's public endpoint.
    pub aws_bedrock_runtime_endpoint: Option<String>,
    /// Most characters in one request: 25 text units of 1000 characters are a guardrail's quota.
    #[serde(default = "budget")]
    pub chunk_budget_chars: usize,
    /// Only the newest message of the user is looked at.
    #[serde(default)]
    pub experimental_use_latest_role_message_only: bool,
}

/// As LiteLLM has it.
fn budget() -> usize {
    25_000
}

/// YAML reads a version as a number.
fn word<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(match value {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

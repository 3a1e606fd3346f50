//! The table of providers.

use std::collections::BTreeMap;

use serde::Deserialize;
use sluice_sdk::serde_json::{self, Value};
use sluice_sdk::{Call, Error, fault};

/// One provider. An operator's own row has the same members.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub base_url: Option<String>,
    /// Environment names of the base URL.
    #[serde(default)]
    pub base_url_env: Vec<String>,
    /// Environment names of the key.
    #[serde(default)]
    pub env: Vec<String>,
    /// Where it is not a bearer key.
    #[serde(default)]
    pub auth: Option<Value>,
    /// The provider may be called without a key.
    #[serde(default)]
    pub key_optional: bool,
    #[serde(default)]
    pub chat_path: Option<String>,
    #[serde(default)]
    pub operations: Option<Vec<String>>,
    #[serde(default)]
    pub unsupported: Vec<String>,
    #[serde(default)]
    pub ignored: Vec<String>,
    /// Parameters that have another name there.
    #[serde(default)]
    pub renamed: BTreeMap<String, String>,
    /// Words for `tool_choice` that are others there.
    #[serde(default)]
    pub tool_choice: BTreeMap<String, String>,
    /// Recorded traffic stands behind the row.
    #[serde(default)]
    pub verified: bool,
    #[serde(default)]
    pub docs: String,
    /// Exceptions by model pattern, as in `describe`.
    #[serde(default)]
    pub models: Vec<Value>,
}

const TABLE: &str = include_str!("../providers.json");

/// Every row.
pub fn all() -> Vec<Row> {
    serde_json::from_str(TABLE).unwrap_or_default()
}

impl Row {
    /// The row of a call's provider, with an operator's own row over it. Only that row is parsed.
    pub fn of(call: &Call) -> Result<Self, Error> {
        let wanted = format!("\"name\": {}", Value::from(call.provider.as_str()));
        let line = TABLE
            .lines()
            .find(|line| line.contains(&wanted))
            .map(|line| line.trim().trim_end_matches(','));
        let line = line.ok_or_else(|| {
            fault::unsupported(format!("there is no provider `{}` here", call.provider))
        })?;
        let Some(own) = call
            .config()
            .get("row")
            .filter(|it| it.is_object())
            .cloned()
        else {
            return serde_json::from_str(line).map_err(|cause| fault::internal(cause.to_string()));
        };
        let mut merged: Value =
            serde_json::from_str(line).map_err(|cause| fault::internal(cause.to_string()))?;
        if let (Some(members), Value::Object(own)) = (merged.as_object_mut(), own) {
            members.extend(own);
        }
        serde_json::from_value(merged)
            .map_err(|cause| fault::invalid_request(format!("`plugins.providers`: {cause}")))
    }

    pub fn chat_path(&self) -> &str {
        self.chat_path.as_deref().unwrap_or("/chat/completions")
    }

    /// Whether a parameter may be sent.
    pub fn takes(&self, name: &str) -> bool {
        !self
            .unsupported
            .iter()
            .chain(&self.ignored)
            .any(|it| it == name)
    }
}

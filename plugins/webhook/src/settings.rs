//! What the operator says, as `describe` has it.

use std::collections::BTreeMap;

use serde::Deserialize;
use sluice_sdk::serde_json::{Map, Value};

/// How a request says who asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// `x-api-key`, if there is an `api_key`.
    #[default]
    ApiKey,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Below `api_base`.
    pub endpoint_path: String,
    pub auth: Auth,
    /// Go with every request.
    pub headers: BTreeMap<String, String>,
    /// What the service is told, in words of its own.
    pub additional_provider_specific_params: Map<String, Value>,
    /// What the client says to it.
    pub extra_body: Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint_path: "/beta/litellm_basic_guardrail_api".to_owned(),
            auth: Auth::default(),
            headers: BTreeMap::new(),
            additional_provider_specific_params: Map::new(),
            extra_body: Map::new(),
        }
    }
}

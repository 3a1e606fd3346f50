//! LiteLLM's log of calls.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Table;
use super::read::{amount, json, list, moment, object};
use crate::domain::Usd;

/// One call.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SpendLog {
    pub request_id: String,
    pub call_type: String,
    /// The hash of the key.
    pub api_key: String,
    #[serde(deserialize_with = "amount")]
    pub spend: Usd,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    #[serde(rename = "startTime", deserialize_with = "moment")]
    pub started_ms: Option<i64>,
    #[serde(rename = "endTime", deserialize_with = "moment")]
    pub ended_ms: Option<i64>,
    #[serde(rename = "completionStartTime", deserialize_with = "moment")]
    pub first_token_ms: Option<i64>,
    pub model: String,
    pub model_id: String,
    pub model_group: String,
    pub custom_llm_provider: String,
    pub api_base: Option<String>,
    pub user: Option<String>,
    #[serde(deserialize_with = "object")]
    pub metadata: Map<String, Value>,
    /// `True`, `False` or `None`.
    pub cache_hit: String,
    #[serde(deserialize_with = "list")]
    pub request_tags: Vec<Value>,
    pub team_id: Option<String>,
    pub organization_id: Option<String>,
    pub end_user: Option<String>,
    pub requester_ip_address: Option<String>,
    #[serde(deserialize_with = "json")]
    pub messages: Value,
    #[serde(deserialize_with = "json")]
    pub response: Value,
    #[serde(deserialize_with = "json")]
    pub proxy_server_request: Value,
    pub session_id: Option<String>,
    pub status: Option<String>,
}

impl Table for SpendLog {
    const NAME: &'static str = "LiteLLM_SpendLogs";
    const KEY: &'static [&'static str] = &["request_id"];
}

//! What a holder may use: the part that keys, users, teams, members and budgets share.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::money;
use crate::domain::Usd;

/// Limits beside `max_budget`, which is a column. A missing one is no limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    #[serde(with = "money", skip_serializing_if = "Option::is_none")]
    pub soft_budget: Option<Usd>,
    /// `30d`, `1mo`, `daily`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm_limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm_limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpd_limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_parallel_requests: Option<i64>,
    /// Several budgets with windows of their own, as the API takes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub budget_limits: Vec<Value>,
    /// By model: budget and window.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub model_max_budget: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub model_rpm_limit: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub model_tpm_limit: Map<String, Value>,
}

/// An amount of dollars inside `budget_limits` or `model_max_budget`: a number, or a text that is
/// one, as LiteLLM's clients send it. None: it is neither.
pub fn amount(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number.filter(|it: &f64| it.is_finite())
}

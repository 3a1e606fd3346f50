//! What the operator set.

use serde_json::Value;

#[derive(Debug)]
pub struct Settings {
    kinds: Option<Vec<String>>,
    /// Seconds.
    pub threshold: Option<f64>,
    /// Of a key's budget.
    pub budget_share: f64,
    /// Seconds.
    pub min_interval: u64,
    pub max_per_day: u64,
    pub title: String,
}

impl Settings {
    pub fn of(config: &Value) -> Self {
        let kinds = config["alert_types"].as_array().map(|all| {
            let texts = all.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        });
        Self {
            kinds,
            threshold: config["alerting_threshold"].as_f64(),
            budget_share: config["budget_share"].as_f64().unwrap_or(0.85),
            min_interval: config["min_interval"].as_u64().unwrap_or(60),
            max_per_day: config["max_per_day"].as_u64().unwrap_or(200),
            title: config["title"].as_str().unwrap_or("LLM gateway").to_owned(),
        }
    }

    /// Whether alerts of this kind are wanted.
    pub fn wants(&self, kind: &str) -> bool {
        match &self.kinds {
            Some(kinds) => kinds.iter().any(|it| it == kind),
            None => true,
        }
    }
}

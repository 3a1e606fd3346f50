//! What the operator set.

use serde_json::Value;

#[derive(Debug)]
pub struct Settings {
    pub project: String,
    pub run_name: String,
    pub tenant: Option<String>,
    rate: f64,
}

impl Settings {
    pub fn of(config: &Value) -> Self {
        let text = |name: &str| {
            let found = config[name].as_str().filter(|it| !it.is_empty());
            found.map(str::to_owned)
        };
        let rate = &config["langsmith_sampling_rate"];
        // A variable of the environment is text.
        let written = rate.as_str().and_then(|it| it.parse().ok());
        Self {
            project: text("langsmith_project").unwrap_or_else(|| "litellm-completion".into()),
            run_name: text("langsmith_default_run_name").unwrap_or_else(|| "LLMRun".into()),
            tenant: text("langsmith_tenant_id"),
            rate: rate.as_f64().or(written).unwrap_or(1.0),
        }
    }

    /// Whether a record is one of those that are sent: by its name, so that a repeated batch has
    /// the same ones.
    pub fn samples(&self, name: &str) -> bool {
        let first = name.get(..8).unwrap_or_default();
        let drawn = u32::from_str_radix(first, 16).unwrap_or(0);
        f64::from(drawn) < self.rate * (f64::from(u32::MAX) + 1.0)
    }
}

//! What the operator set.

use serde_json::Value;

#[derive(Debug)]
pub struct Settings {
    site: Option<String>,
    has_api_base: bool,
    pub source: String,
    pub service: String,
    pub env: String,
    pub version: String,
    pub hostname: String,
    pub pod: String,
}

impl Settings {
    pub fn of(config: &Value) -> Self {
        let text = |name: &str, usual: &str| config[name].as_str().unwrap_or(usual).to_owned();
        Self {
            site: config["dd_site"].as_str().map(str::to_owned),
            has_api_base: config["has_api_base"] == true,
            source: text("dd_source", "litellm"),
            service: text("dd_service", "litellm-server"),
            env: text("dd_env", "unknown"),
            version: text("dd_version", "unknown"),
            hostname: text("dd_hostname", ""),
            pod: text("dd_pod_name", "unknown"),
        }
    }

    /// The intake of the site, or the one below the address that the operator gave: a proxy, or
    /// Datadog's own agent.
    pub fn intake(&self) -> String {
        match &self.site {
            Some(site) if !self.has_api_base => {
                format!("https://http-intake.logs.{site}/api/v2/logs")
            }
            _ => "/api/v2/logs".to_owned(),
        }
    }
}

//! What the operator set.

use serde_json::Value;

#[derive(Debug, Default)]
pub struct Settings {
    pub environment: Option<String>,
    pub release: Option<String>,
    pub default_tags: Vec<String>,
}

impl Settings {
    pub fn of(config: &Value) -> Self {
        let text = |name: &str| {
            let found = config[name].as_str().filter(|it| !it.is_empty());
            found.map(str::to_owned)
        };
        let tags = config["langfuse_default_tags"].as_array();
        let tags = tags.into_iter().flatten().filter_map(Value::as_str);
        Self {
            environment: text("langfuse_environment"),
            release: text("langfuse_release"),
            default_tags: tags.map(str::to_owned).collect(),
        }
    }
}

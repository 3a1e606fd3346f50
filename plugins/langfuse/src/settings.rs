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
        // LiteLLM has them in a setting of its own, which the gateway hands over by the shorter name.
        let tags = ["default_tags", "langfuse_default_tags"].map(|it| config[it].as_array());
        let tags = tags.into_iter().flatten().flatten();
        let tags = tags.filter_map(Value::as_str);
        Self {
            environment: text("langfuse_environment"),
            release: text("langfuse_release"),
            default_tags: tags.map(str::to_owned).collect(),
        }
    }
}

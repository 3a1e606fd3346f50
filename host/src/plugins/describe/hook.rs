//! Guardrails and callbacks, as `describe` has them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::{AuthDescribe, SecretDescribe, settings};

/// One guardrail or callback in a plugin.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookDescribe {
    pub name: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub docs: String,
    /// The stages a guardrail is made for; empty: all.
    #[serde(default)]
    pub stages: Vec<String>,
    /// What a guardrail wants besides the texts: `request`, `response`.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The most records that a callback takes at once.
    #[serde(default)]
    pub max_batch: Option<u32>,
    #[serde(default)]
    pub base_url: Option<String>,
    #[serde(default)]
    pub base_url_env: Vec<String>,
    #[serde(default)]
    pub hosts: Vec<String>,
    #[serde(default)]
    pub auth: AuthDescribe,
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretDescribe>,
    #[serde(default)]
    pub config_schema: Option<Value>,
}

impl HookDescribe {
    /// Whether it looks at this stage.
    pub fn has_stage(&self, stage: &str) -> bool {
        self.stages.is_empty() || self.stages.iter().any(|it| it == stage)
    }

    /// Whether it wants a document besides the texts.
    pub fn wants(&self, what: &str) -> bool {
        self.needs.iter().any(|it| it == what)
    }

    /// The environment names that it would read.
    pub fn wanted_env(&self) -> impl Iterator<Item = &str> {
        let secrets = self.secrets.values().flat_map(|it| it.env.iter());
        let all = secrets.chain(&self.base_url_env).map(String::as_str);
        all.chain(self.settings_env().flat_map(|(_, names)| names))
    }

    /// Settings that the environment gives where the config does not (`x-env`), each with the names
    /// that are tried.
    pub fn settings_env(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        settings::env_of(self.config_schema.as_ref())
    }

    /// The addresses that its settings name (`x-address` of a property).
    pub fn addresses<'s>(
        &'s self,
        settings: &'s Map<String, Value>,
    ) -> impl Iterator<Item = Url> + 's {
        settings::addresses(self.config_schema.as_ref(), settings)
    }

    /// The settings with the schema's defaults filled in.
    ///
    /// # Errors
    /// The first one that does not fit, by its place in the config.
    pub fn settle(&self, given: Map<String, Value>) -> Result<Map<String, Value>, String> {
        let whose = format!("`{}`", self.name);
        settings::settle(self.config_schema.as_ref(), given, &whose)
    }
}

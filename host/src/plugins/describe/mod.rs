//! The `describe` document of a plugin, as `wit/describe.schema.json` has it.

mod check;
mod hook;
mod params;
mod settings;

use std::collections::BTreeMap;

pub use hook::HookDescribe;
use serde::Deserialize;
use serde_json::Value;

/// What a plugin says of itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Describe {
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub license: String,
    #[serde(default)]
    pub homepage: String,
    #[serde(default)]
    pub providers: Vec<ProviderDescribe>,
    #[serde(default)]
    pub guardrails: Vec<HookDescribe>,
    #[serde(default)]
    pub callbacks: Vec<HookDescribe>,
    /// Fixtures for the self-test.
    #[serde(default)]
    pub examples: Vec<Value>,
}

/// One provider in a plugin.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderDescribe {
    pub name: String,
    #[serde(default)]
    pub aliases: Vec<String>,
    #[serde(default)]
    pub title: String,
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
    pub media: Media,
    pub operations: BTreeMap<String, OperationDescribe>,
    #[serde(default)]
    pub errors: ErrorsDescribe,
    #[serde(default)]
    pub rate_limit_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub models: Vec<String>,
    #[serde(default)]
    pub config_schema: Option<Value>,
    #[serde(default)]
    pub verified: bool,
    #[serde(default)]
    pub docs: String,
}

/// The way of authentication; members besides `scheme` are its parameters.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct AuthDescribe {
    #[serde(default)]
    pub scheme: String,
    #[serde(flatten)]
    pub params: BTreeMap<String, String>,
}

/// A secret by name, and where it is found when the deployment does not give it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretDescribe {
    #[serde(default)]
    pub env: Vec<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub title: String,
}

/// Whether the provider fetches media by URL, or takes bytes only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Media {
    #[default]
    Url,
    Inline,
}

/// One operation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationDescribe {
    #[serde(default)]
    pub stream: bool,
    #[serde(default)]
    pub body: BodyWish,
    #[serde(default)]
    pub params: Option<Vec<String>>,
    #[serde(default)]
    pub unsupported: Vec<String>,
    #[serde(default)]
    pub ignored: Vec<String>,
    #[serde(default)]
    pub models: Vec<ModelParams>,
}

/// Whether the plugin wants the whole body or only its small members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyWish {
    #[default]
    Whole,
    Head,
}

/// Exceptions for models by pattern.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelParams {
    pub r#match: Vec<String>,
    #[serde(default)]
    pub supported: Vec<String>,
    #[serde(default)]
    pub unsupported: Vec<String>,
    #[serde(default)]
    pub ignored: Vec<String>,
}

/// Where error documents say what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorsDescribe {
    #[serde(default)]
    pub message: Option<String>,
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub param: Option<String>,
    #[serde(default)]
    pub kinds: Vec<KindDescribe>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindDescribe {
    pub pointer: String,
    #[serde(default)]
    pub equals: Option<String>,
    #[serde(default)]
    pub contains: Option<String>,
    pub kind: String,
}

/// What is wrong with a `describe` document.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    #[error("its `describe` document is not what the schema says: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its `describe` document: {0}")]
    Content(String),
}

impl Describe {
    /// Reads and checks a document.
    pub fn parse(text: &str) -> Result<Self, DescribeError> {
        let document: Self = serde_json::from_str(text)?;
        check::check(&document).map_err(DescribeError::Content)?;
        Ok(document)
    }

    /// Checks that it tells of what the component is, and of nothing else.
    ///
    /// # Errors
    /// What it should tell of, and what it does.
    pub fn fits(&self, kind: &str) -> Result<(), DescribeError> {
        let told = [
            ("provider", self.providers.is_empty()),
            ("guardrail", self.guardrails.is_empty()),
            ("callback", self.callbacks.is_empty()),
        ];
        for (of, is_empty) in told {
            let wrong = match (of == kind, is_empty) {
                (true, true) => "names none",
                (false, false) => "names another kind",
                _ => continue,
            };
            let text = format!("the component is a {kind}, and the document {wrong}: `{of}s`");
            return Err(DescribeError::Content(text));
        }
        Ok(())
    }
}

impl ProviderDescribe {
    /// The name and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// The environment names that it would read.
    pub fn wanted_env(&self) -> impl Iterator<Item = &str> {
        let secrets = self.secrets.values().flat_map(|it| it.env.iter());
        let named = secrets.chain(&self.base_url_env).map(String::as_str);
        named.chain(self.settings_env().flat_map(|(_, names)| names))
    }

    /// Settings that the environment gives where the config does not (`x-env`), each with the names
    /// that are tried.
    pub fn settings_env(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        settings::env_of(self.config_schema.as_ref())
    }

    /// The names of settings that are the plugin's, not the request's.
    pub fn settings(&self) -> impl Iterator<Item = &str> {
        let properties = self
            .config_schema
            .as_ref()
            .and_then(|schema| schema.get("properties"));
        properties
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|it| it.keys().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_member_is_named() {
        let text = r#"{"name":"a","version":"1","providers":[{"name":"a","operations":{"chat":{"streem":true}}}]}"#;
        assert!(
            Describe::parse(text)
                .unwrap_err()
                .to_string()
                .contains("streem")
        );
    }
}

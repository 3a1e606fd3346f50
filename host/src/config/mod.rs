//! LiteLLM's `config.yaml`, read into what the rest of the house sees. Validation touches no
//! network; `sluice check` runs the same code.

pub mod defaults;
mod deployment;
mod env;
mod general;
mod groups;
mod plugins;
mod section;
mod yaml;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use deployment::Deployment;
pub use env::Env;
pub use general::{General, RouterSettings};
pub use groups::{Groups, Resolved};
pub use plugins::{Grant, PluginLimits, PluginsSection, Row};
pub use section::{Remark, Remarks, Taken, looks_secret};

use crate::domain::Secret;
use section::Section;

/// A config that cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// What the house sees. Cheap to share.
#[derive(Debug, Clone)]
pub struct Config {
    pub general: General,
    pub router: RouterSettings,
    pub groups: Groups,
    pub plugins: PluginsSection,
    pub env: Env,
}

/// Sections that LiteLLM knows and that have no effect here yet.
const ACCEPTED: &[&str] = &[
    "agent_list",
    "assistant_settings",
    "callback_settings",
    "files_settings",
    "finetune_settings",
    "guardrails",
    "mcp_servers",
    "mcp_tools",
    "model_group_settings",
    "policies",
    "prompts",
    "search_tools",
    "vector_store_registry",
    "worker_registry",
];

const SECTIONS: &[&str] = &[
    "model_list",
    "litellm_settings",
    "router_settings",
    "general_settings",
    "environment_variables",
    "credential_list",
    "include",
    "plugins",
];

impl Config {
    /// Reads a file. The remarks say how every key was taken; a config with a `Wrong` one is not
    /// taken over by a running gateway.
    pub fn load(path: &Path, env: Env) -> Result<(Arc<Self>, Vec<Remark>), ConfigError> {
        let root = yaml::read(path)?;
        let (config, remarks) = Self::from_map(root, env);
        Ok((Arc::new(config), remarks))
    }

    /// Reads a document that is in memory.
    pub fn parse(text: &str, env: Env) -> Result<(Arc<Self>, Vec<Remark>), ConfigError> {
        let root = yaml::parse(text).map_err(ConfigError)?;
        let (config, remarks) = Self::from_map(root, env);
        Ok((Arc::new(config), remarks))
    }

    fn from_map(root: Map<String, Value>, env: Env) -> (Self, Vec<Remark>) {
        let mut remarks = Remarks::default();
        let mut top = Section::new("", Some(root.into()), &env, &mut remarks);
        let variables = top.raw("environment_variables");
        let models = top.raw("model_list");
        let credentials = top.raw("credential_list");
        let (general, litellm, router) = (
            top.raw("general_settings"),
            top.raw("litellm_settings"),
            top.raw("router_settings"),
        );
        let plugins = top.raw("plugins");
        top.finish(SECTIONS, ACCEPTED);
        let over = variables_of(variables, &env);
        let env = env.with(over);
        let credentials = credentials_of(credentials);
        let (general, mut router) = general::read(general, litellm, router, &env, &mut remarks);
        let mut deployments = Vec::new();
        match models {
            None => remarks.say(
                Taken::Warning,
                "model_list",
                "is missing: no model can be asked for",
            ),
            Some(Value::Array(list)) => {
                for (index, entry) in list.into_iter().enumerate() {
                    deployments.extend(deployment::read(
                        index,
                        entry,
                        &credentials,
                        &env,
                        &mut remarks,
                    ));
                }
            }
            Some(_) => remarks.say(Taken::Wrong, "model_list", "is no list"),
        }
        let aliases = std::mem::take(&mut router.aliases);
        let groups = Groups::new(deployments, aliases, &mut remarks);
        check_fallbacks(&router, &groups, &mut remarks);
        let plugins = plugins::read(plugins, &env, &mut remarks);
        (
            Self {
                general,
                router,
                groups,
                plugins,
                env,
            },
            remarks.0,
        )
    }
}

/// Whether a gateway may run on a config with these remarks.
pub fn has_errors(remarks: &[Remark]) -> bool {
    remarks.iter().any(|remark| remark.taken == Taken::Wrong)
}

fn variables_of(value: Option<Value>, env: &Env) -> HashMap<String, Secret> {
    let members = value
        .and_then(|it| it.as_object().cloned())
        .unwrap_or_default();
    let read = |value: Value| match value {
        Value::String(text) => match text.strip_prefix("os.environ/") {
            Some(name) => env.get(name),
            None => Some(Secret::new(text)),
        },
        Value::Null => None,
        other => Some(Secret::new(other.to_string())),
    };
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name, read(value)?)))
        .collect()
}

fn credentials_of(value: Option<Value>) -> BTreeMap<String, Map<String, Value>> {
    let list = value
        .and_then(|it| it.as_array().cloned())
        .unwrap_or_default();
    list.iter()
        .filter_map(|entry| {
            let name = entry.get("credential_name")?.as_str()?;
            Some((
                name.to_owned(),
                entry.get("credential_values")?.as_object()?.clone(),
            ))
        })
        .collect()
}

fn check_fallbacks(router: &RouterSettings, groups: &Groups, remarks: &mut Remarks) {
    let lists = [
        ("fallbacks", &router.fallbacks),
        ("context_window_fallbacks", &router.context_window_fallbacks),
        ("content_policy_fallbacks", &router.content_policy_fallbacks),
    ];
    for (name, map) in lists {
        for target in map.values().flatten() {
            if groups.resolve(target).is_none() {
                let text = format!("names `{target}`, which is no model group");
                remarks.say(Taken::Warning, format!("router_settings.{name}"), text);
            }
        }
    }
}

#[cfg(test)]
mod tests;

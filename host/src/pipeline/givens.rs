//! What schemes with tokens and signatures may use for a deployment.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use sluice_credentials::{Given, Secret, Trust};

use crate::config::{Deployment, Env};
use crate::domain;
use crate::plugins::{Provider, Source};

/// The environment, once for all deployments.
pub type Environment = Arc<HashMap<String, Secret>>;

pub fn environment(env: &Env) -> Environment {
    let all = env.all().into_iter();
    Arc::new(all.map(|(name, value)| (name, secret(&value))).collect())
}

/// Its own settings and secrets, and the environment as far as its plugin may read it. A dropped
/// plugin that was granted no variable is no reason to use the machine's identity.
pub fn given(
    deployment: &Deployment,
    provider: &Provider,
    secrets: &HashMap<String, domain::Secret>,
    environment: &Environment,
) -> Given {
    let bundled = provider.generation.source == Source::Bundled;
    let granted = &provider.may_read_environment;
    let env = if bundled {
        Arc::clone(environment)
    } else {
        let names = granted.iter();
        let env = names.filter_map(|it| Some((it.clone(), environment.get(it)?.clone())));
        Arc::new(env.collect())
    };
    let trust = match (bundled || !granted.is_empty(), deployment.info.is_stored()) {
        (false, _) => Trust::Client,
        (true, true) => Trust::Stored,
        (true, false) => Trust::Operator,
    };
    let settings = deployment.settings.iter();
    let settings = settings.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
    // The chains of AWS and Google read their variables themselves, in their own order. A client's
    // id is no secret in the config, and one in the environment: the config's wins.
    let found = secrets.iter().filter(|(name, _)| {
        let own = deployment.secrets.contains_key(*name);
        let chained = name.starts_with("aws_") || name.starts_with("vertex_");
        own || !(chained || deployment.settings.contains_key(*name))
    });
    let found = found.map(|(name, value)| (name.clone(), secret(value)));
    Given {
        settings: Arc::new(settings.chain(found).collect()),
        env,
        trust,
    }
}

/// Documents may be written as YAML.
fn text(value: &Value) -> Option<Secret> {
    match value {
        Value::Null | Value::Array(_) => None,
        Value::String(text) => Some(Secret::new(text.as_str())),
        other => Some(Secret::new(other.to_string())),
    }
}

fn secret(value: &domain::Secret) -> Secret {
    Secret::new(value.reveal())
}

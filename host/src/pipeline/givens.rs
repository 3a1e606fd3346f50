//! What schemes with tokens and signatures may use for a deployment.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};
use sluice_credentials::{Given, Secret, Trust};

use super::fleet::Line;
use crate::config::{Deployment, Env};
use crate::domain::{self, Fault};
use crate::plugins::describe::ProviderDescribe;
use crate::plugins::{Provider, Source};
use crate::upstream::{no_credential, splice};

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
    Given {
        settings: Arc::new(settled(&deployment.settings, &deployment.secrets, secrets)),
        env,
        trust,
    }
}

/// The settings, and the secrets that are lent. The chains of AWS and Google read their variables
/// themselves, in their own order. A client's id is no secret in the config, and one in the
/// environment: the config's wins.
fn settled(
    settings: &Map<String, Value>,
    own: &BTreeMap<String, domain::Secret>,
    secrets: &HashMap<String, domain::Secret>,
) -> HashMap<String, Secret> {
    let found = secrets.iter().filter(|(name, _)| {
        let chained = name.starts_with("aws_") || name.starts_with("vertex_");
        own.contains_key(*name) || !(chained || settings.contains_key(*name))
    });
    let found = found.map(|(name, value)| (name.clone(), secret(value)));
    let settings = settings.iter();
    let settings = settings.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
    settings.chain(found).collect()
}

/// Whether the project is to be read in Google's credential.
pub fn wants_project(
    describe: &ProviderDescribe,
    settings: &Map<String, Value>,
    secrets: &[String],
) -> bool {
    let named = ["vertex_project", "vertex_ai_project"];
    // A key of express mode has its project with it.
    let key = secrets.iter().any(|it| it == "api_key");
    describe.auth.scheme == "google" && !key && !named.iter().any(|it| settings.contains_key(*it))
}

/// The plugin's settings, with Google's project where it is the credential's own.
///
/// # Errors
/// The credential cannot be read.
pub async fn settings(line: &Line) -> Result<String, Fault> {
    if !line.wants_project {
        return Ok(line.settings.clone());
    }
    let project = sluice_credentials::google_project(&line.target.given).await;
    match project.map_err(no_credential)? {
        Some(project) => {
            let project = Value::from(project).to_string();
            splice::patch(
                &line.settings,
                &[("vertex_project".to_owned(), Some(project))],
            )
        }
        None => Ok(line.settings.clone()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployments_own_setting_wins_over_the_environment() {
        let settings = serde_json::json!({"client_id": "of the config"});
        let environment = [
            ("client_id", "of the environment"),
            ("client_secret", "of the environment"),
            ("aws_access_key_id", "of the environment"),
        ];
        let secrets = environment.map(|(name, it)| (name.to_owned(), domain::Secret::new(it)));
        let given = settled(
            settings.as_object().unwrap(),
            &BTreeMap::new(),
            &HashMap::from(secrets),
        );
        let value = |name: &str| given.get(name).map(Secret::reveal);
        assert_eq!(value("client_id"), Some("of the config"));
        assert_eq!(value("client_secret"), Some("of the environment"));
        assert_eq!(value("aws_access_key_id"), None);
    }
}

//! Where a guardrail or a callback sends its requests, and with which credentials.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use sluice_credentials::{Given, Secret as Lent, Trust};
use url::Url;

use crate::config::Config;
use crate::domain::Secret;
use crate::pipeline::givens::Environment;
use crate::plugins::{Hook, Source};
use crate::upstream::errors::ErrorRules;
use crate::upstream::{AuthScheme, SentTokens, Target, Timeouts};

/// Largest answer to a plugin's request, in bytes.
const LARGEST: usize = 4 << 20;
/// How long one of its requests may take.
const TOTAL: Duration = Duration::from_secs(30);

/// What an entry of the config gives a plugin.
pub struct Entry<'e> {
    pub api_base: Option<&'e Url>,
    pub secrets: &'e BTreeMap<String, Secret>,
    pub settings: &'e Map<String, Value>,
    /// It was made through the API: it may not reach into the operator's network by it.
    pub is_stored: bool,
    /// It is a key's or a team's: it has nothing of the operator's.
    pub is_tenants: bool,
    /// Of every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// What is needed to send for an entry of a guardrail or a callback.
pub fn target(
    config: &Config,
    hook: &Hook,
    entry: &Entry<'_>,
    environment: &Environment,
) -> Target {
    let describe = &hook.describe;
    let env = |name: &str| of_environment(config, hook, entry, name);
    let mut secrets: HashMap<String, Secret> = entry.secrets.clone().into_iter().collect();
    for (name, secret) in &describe.secrets {
        let found = || secret.env.iter().find_map(|it| env(it));
        if !secrets.contains_key(name)
            && let Some(value) = found()
        {
            secrets.insert(name.clone(), value);
        }
    }
    let own = own_base(config, hook, entry);
    let bundled = hook.generation.source == Source::Bundled;
    let trusted = !entry.is_stored || config.money.trust_stored_bases;
    let base_trusted = own.as_ref().map_or(bundled, |_| trusted);
    let addresses = describe.addresses(entry.settings);
    let default = describe.base_url.as_deref();
    let default = default.filter(|_| hook.base_url_granted);
    let base_url = own.or_else(|| Url::parse(default?).ok());
    Target {
        provider: describe.name.clone(),
        base_url,
        base_trusted,
        further: addresses.map(|url| (url, trusted)).collect(),
        granted_hosts: hook.granted_hosts.clone(),
        allow_private: hook.allow_private,
        auth: AuthScheme {
            scheme: describe.auth.scheme.clone(),
            params: describe.auth.params.clone().into_iter().collect(),
        },
        given: given((hook, bundled), entry, &secrets, environment),
        secret_slots: describe.secrets.keys().cloned().collect(),
        secrets,
        extra_headers: entry.headers.clone(),
        timeouts: Timeouts {
            first_byte: TOTAL,
            idle: TOTAL,
            total: TOTAL,
        },
        verify: config.general.verify.clone(),
        max_reply_bytes: LARGEST,
        errors: ErrorRules::default(),
        may_capture: false,
        sent: SentTokens::default(),
        quiet: config.general.quiet_faults,
    }
}

/// The base URL that the operator gave it, in its entry or by a variable of the environment.
pub fn own_base(config: &Config, hook: &Hook, entry: &Entry<'_>) -> Option<Url> {
    let mut names = hook.describe.base_url_env.iter();
    let mut from_env = || names.find_map(|it| of_environment(config, hook, entry, it));
    let given = entry.api_base.cloned();
    given.or_else(|| Url::parse(from_env()?.reveal()).ok())
}

/// A variable that it may read.
fn of_environment(config: &Config, hook: &Hook, entry: &Entry<'_>, name: &str) -> Option<Secret> {
    let allowed = hook.may_read_environment.iter().any(|it| it == name);
    let allowed = allowed && !entry.is_tenants;
    allowed.then(|| config.env.get(name)).flatten()
}

/// What schemes with tokens and signatures may use. A dropped plugin that was granted no variable is
/// no reason to use the machine's identity.
fn given(
    (hook, bundled): (&Hook, bool),
    entry: &Entry<'_>,
    secrets: &HashMap<String, Secret>,
    environment: &Environment,
) -> Given {
    let granted = &hook.may_read_environment;
    let env = match bundled {
        _ if entry.is_tenants => Environment::default(),
        true => Arc::clone(environment),
        false => {
            let names = granted.iter();
            let env = names.filter_map(|it| Some((it.clone(), environment.get(it)?.clone())));
            Arc::new(env.collect())
        }
    };
    let text = |value: &Value| match value {
        Value::Null | Value::Array(_) => None,
        Value::String(text) => Some(Lent::new(text.as_str())),
        other => Some(Lent::new(other.to_string())),
    };
    let settings = entry.settings.iter();
    let settings = settings.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
    let secrets = secrets.iter();
    let secrets = secrets.map(|(name, value)| (name.clone(), Lent::new(value.reveal())));
    Given {
        settings: Arc::new(settings.chain(secrets).collect()),
        env,
        trust: match (bundled || !granted.is_empty(), entry.is_stored) {
            _ if entry.is_tenants => Trust::Client,
            (false, _) => Trust::Client,
            (true, true) => Trust::Stored,
            (true, false) => Trust::Operator,
        },
    }
}

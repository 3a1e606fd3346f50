//! What a plugin asks for and is not granted: named when it begins to serve, before a call needs it,
//! or the reason why it does not begin.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use url::Url;

use super::describe::Describe;
use super::prepare::InstallError;
use super::registry::{Generation, Source};
use super::settings::{Grant, PluginsConfig};
use super::table::Granted;
use crate::domain::host_pattern;

/// What a plugin asks for and a grant does not give it, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// `hosts api.acme.example; env ACME_API_KEY`.
    pub told: String,
    /// The line of `plugins.grants` that grants it, with what is granted already. JSON is YAML.
    pub line: String,
}

/// Hosts and names of the environment that are asked for and not granted.
#[derive(Default)]
struct Wanting {
    hosts: BTreeSet<String>,
    env: BTreeSet<String>,
}

/// What a version that is to serve is not granted; none: it has all that it asks for.
pub fn missing(generation: &Generation, config: &PluginsConfig) -> Option<Missing> {
    if generation.source == Source::Bundled {
        return None;
    }
    let grant = config.grants.get(&generation.describe.name);
    Missing::of(&generation.describe, grant.cloned().unwrap_or_default())
}

/// Whether it may serve with what it is granted: all that it asks for, or less where the config says so.
///
/// # Errors
/// It asks for more, and `plugins.ungranted` does not name it.
pub fn check(generation: &Generation, config: &PluginsConfig) -> Result<(), InstallError> {
    let name = &generation.describe.name;
    if config.ungranted.may_serve(name) {
        return Ok(());
    }
    let Some(Missing { told, line }) = missing(generation, config) else {
        return Ok(());
    };
    let name = name.clone();
    Err(InstallError::Ungranted { name, told, line })
}

impl Missing {
    /// What a file with this document asks for beyond a grant; none: nothing.
    pub fn of(describe: &Describe, grant: Grant) -> Option<Self> {
        let granted = Granted::by(grant);
        let wanting = Wanting::of(describe, &granted);
        let told = wanting.told()?;
        let line = wanting.line(&describe.name, granted.into_grant());
        Some(Self { told, line })
    }
}

impl Wanting {
    fn of(describe: &Describe, granted: &Granted) -> Self {
        let mut wanting = Self::default();
        for it in &describe.providers {
            wanting.hosts(&it.hosts, &granted.hosts(&it.hosts));
            wanting.base(it.base_url.as_deref(), granted);
            wanting.env(it.wanted_env(), granted);
        }
        for it in describe.guardrails.iter().chain(&describe.callbacks) {
            wanting.hosts(&it.hosts, &granted.hosts(&it.hosts));
            wanting.base(it.base_url.as_deref(), granted);
            wanting.env(it.wanted_env(), granted);
        }
        wanting
    }

    /// A pattern of which a part is granted is not wanting.
    fn hosts(&mut self, asked: &[String], granted: &[String]) {
        let is_granted = |host: &str| {
            granted
                .iter()
                .any(|it| it == host || host_pattern::fits(host, it))
        };
        let missing = asked.iter().filter(|it| !is_granted(it));
        self.hosts.extend(missing.cloned());
    }

    fn base(&mut self, base: Option<&str>, granted: &Granted) {
        let missing = base.filter(|_| !granted.base(base));
        let url = missing.and_then(|it| Url::parse(it).ok());
        let host = url.as_ref().and_then(Url::host_str);
        self.hosts.extend(host.map(str::to_owned));
    }

    fn env<'d>(&mut self, asked: impl Iterator<Item = &'d str>, granted: &Granted) {
        let missing = asked.filter(|name| !granted.reads(name));
        self.env.extend(missing.map(str::to_owned));
    }

    fn told(&self) -> Option<String> {
        let lists = [("hosts", &self.hosts), ("env", &self.env)];
        let parts = lists.into_iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<String> = parts
            .map(|(what, names)| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("{what} {}", names.join(", "))
            })
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn line(self, name: &str, before: Grant) -> String {
        let mut members = Map::new();
        for (member, mut list, more) in [
            ("hosts", before.hosts, self.hosts),
            ("env", before.env, self.env),
        ] {
            list.extend(more);
            if !list.is_empty() {
                members.insert(member.to_owned(), json!(list));
            }
        }
        for (member, given) in [
            ("private_addresses", before.private_addresses),
            ("capture", before.capture),
        ] {
            if given {
                members.insert(member.to_owned(), true.into());
            }
        }
        format!("{}: {}", Value::from(name), Value::Object(members))
    }
}

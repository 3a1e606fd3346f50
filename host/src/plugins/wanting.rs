//! What a plugin asks for and is not granted: named when it begins to serve, before a call needs it,
//! or the reason why it does not begin.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use url::Url;

use super::prepare::InstallError;
use super::registry::Generation;
use super::settings::{Grant, PluginsConfig};
use super::table::Granted;
use crate::domain::host_pattern;

/// Hosts and names of the environment that are asked for and not granted.
#[derive(Default)]
struct Wanting {
    hosts: BTreeSet<String>,
    env: BTreeSet<String>,
}

/// `hosts api.acme.example; env ACME_API_KEY`, or nothing if it is granted all that it asks for.
pub fn wanting(generation: &Generation, config: &PluginsConfig) -> Option<String> {
    Wanting::of(generation, config).told()
}

/// Whether it may serve with what it is granted.
///
/// # Errors
/// It asks for more, and `plugins.ungranted` is `refuse`.
pub fn check(generation: &Generation, config: &PluginsConfig) -> Result<(), InstallError> {
    if !config.refuses_ungranted {
        return Ok(());
    }
    let wanting = Wanting::of(generation, config);
    let Some(told) = wanting.told() else {
        return Ok(());
    };
    let name = generation.describe.name.clone();
    let before = config.grants.get(&name).cloned().unwrap_or_default();
    let line = wanting.line(&name, before);
    Err(InstallError::Ungranted { name, told, line })
}

impl Wanting {
    fn of(generation: &Generation, config: &PluginsConfig) -> Self {
        let granted = Granted::to(generation, config);
        let describe = &generation.describe;
        let mut wanting = Self::default();
        for it in &describe.providers {
            wanting.hosts(&it.hosts, &granted.hosts(&it.hosts));
            wanting.base(it.base_url.as_deref(), &granted);
            wanting.env(it.wanted_env(), &granted);
        }
        for it in describe.guardrails.iter().chain(&describe.callbacks) {
            wanting.hosts(&it.hosts, &granted.hosts(&it.hosts));
            wanting.base(it.base_url.as_deref(), &granted);
            wanting.env(it.wanted_env(), &granted);
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

    /// The line of `plugins.grants` that grants it, with what is granted already. JSON is YAML.
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

//! What a plugin asks for and is not granted: named when it begins to serve, before a call needs it.

use std::collections::BTreeSet;

use url::Url;

use super::registry::{Generation, Table};
use crate::domain::host_pattern;

/// Hosts and names of the environment that are asked for and not granted.
#[derive(Default)]
struct Wanting {
    hosts: BTreeSet<String>,
    env: BTreeSet<String>,
}

/// `hosts api.acme.example; env ACME_API_KEY`, or nothing if it is granted all that it asks for.
pub fn wanting(table: &Table, generation: &Generation) -> Option<String> {
    let providers = generation.describe.providers.iter();
    let providers: Vec<_> = providers
        .filter_map(|it| table.providers.get(&it.name))
        .collect();
    let hooks = table.guardrails.values().chain(table.callbacks.values());
    let hooks: Vec<_> = hooks
        .filter(|it| it.generation.number == generation.number)
        .collect();
    let mut wanting = Wanting::default();
    for it in &providers {
        wanting.hosts(&it.describe.hosts, &it.granted_hosts);
        wanting.base(it.describe.base_url.as_deref(), it.base_url_granted);
        wanting.env(it.describe.wanted_env(), &it.may_read_environment);
    }
    for it in &hooks {
        wanting.hosts(&it.describe.hosts, &it.granted_hosts);
        wanting.base(it.describe.base_url.as_deref(), it.base_url_granted);
        wanting.env(it.describe.wanted_env(), &it.may_read_environment);
    }
    wanting.told()
}

impl Wanting {
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

    fn base(&mut self, base: Option<&str>, granted: bool) {
        let url = base.filter(|_| !granted).and_then(|it| Url::parse(it).ok());
        let host = url.as_ref().and_then(Url::host_str);
        self.hosts.extend(host.map(str::to_owned));
    }

    fn env<'d>(&mut self, asked: impl Iterator<Item = &'d str>, granted: &[String]) {
        let missing = asked.filter(|name| !granted.iter().any(|it| it == name));
        self.env.extend(missing.map(str::to_owned));
    }

    fn told(self) -> Option<String> {
        let lists = [("hosts", self.hosts), ("env", self.env)];
        let parts = lists.into_iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<String> = parts
            .map(|(what, names)| {
                let names: Vec<String> = names.into_iter().collect();
                format!("{what} {}", names.join(", "))
            })
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

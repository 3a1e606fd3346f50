//! Which plugins may stand in one table, and what each of their providers is granted.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::describe::{HookDescribe, ProviderDescribe};
use super::prepare::InstallError;
use super::registry::{Generation, Hook, Provider, Source, Table};
use super::settings::{Grant, PluginsConfig};
use crate::domain::host_pattern;

/// A new table with `generation` in it, in the place of an older version of itself. `is_there`
/// tells whether a file is still in the directory: one that is gone may be followed by another.
pub fn insert(
    table: &Table,
    config: &PluginsConfig,
    generation: &Arc<Generation>,
    is_there: &dyn Fn(&Path) -> bool,
) -> Result<Table, InstallError> {
    let name = &generation.describe.name;
    if let Some(other) = table.plugins.get(name) {
        let may_replace = match (&other.source, &generation.source) {
            (Source::Bundled, Source::File(_)) => config.overrides.contains(name),
            (Source::File(_), Source::Bundled) => false,
            (Source::File(old), Source::File(new)) => old == new || !is_there(old),
            (Source::Bundled, Source::Bundled) => true,
        };
        if !may_replace {
            let cure = match other.source {
                Source::Bundled => {
                    "list it under `plugins.override` to replace the bundled one".to_owned()
                }
                Source::File(ref path) => format!("{} has that name too", path.display()),
            };
            return Err(InstallError::Clash(format!(
                "the name `{name}` is taken: {cure}"
            )));
        }
    }
    let mut plugins = table.plugins.clone();
    // A file that says another name than before is one plugin all the same.
    let is_file = matches!(generation.source, Source::File(_));
    plugins.retain(|_, other| !is_file || other.source != generation.source);
    plugins.insert(name.clone(), Arc::clone(generation));
    build(plugins, config)
}

/// A table of these plugins.
pub fn build(
    plugins: BTreeMap<String, Arc<Generation>>,
    config: &PluginsConfig,
) -> Result<Table, InstallError> {
    let mut table = Table::default();
    for generation in plugins.values() {
        for provider in &generation.describe.providers {
            let provider = Arc::new(provider_of(generation, provider, config));
            for name in provider.describe.names() {
                if let Some(other) = table.providers.get(name) {
                    let (ours, theirs) =
                        (&generation.describe.name, &other.generation.describe.name);
                    let message =
                        format!("the provider `{name}` is in both plugins `{ours}` and `{theirs}`");
                    return Err(InstallError::Clash(message));
                }
                table
                    .providers
                    .insert(name.to_owned(), Arc::clone(&provider));
            }
        }
        let describe = &generation.describe;
        let own = (generation, config);
        add_hooks(
            &mut table.guardrails,
            "guardrail",
            &describe.guardrails,
            own,
        )?;
        add_hooks(&mut table.callbacks, "callback", &describe.callbacks, own)?;
    }
    table.plugins = plugins;
    Ok(table)
}

fn add_hooks(
    hooks: &mut HashMap<String, Arc<Hook>>,
    kind: &str,
    described: &[HookDescribe],
    (generation, config): (&Arc<Generation>, &PluginsConfig),
) -> Result<(), InstallError> {
    for hook in described {
        let hook = Arc::new(hook_of(generation, hook, config));
        let name = hook.describe.name.clone();
        if let Some(other) = hooks.get(&name) {
            let (ours, theirs) = (&generation.describe.name, &other.generation.describe.name);
            let text = format!("the {kind} `{name}` is in both plugins `{ours}` and `{theirs}`");
            return Err(InstallError::Clash(text));
        }
        hooks.insert(name, hook);
    }
    Ok(())
}

fn hook_of(generation: &Arc<Generation>, describe: &HookDescribe, config: &PluginsConfig) -> Hook {
    let granted = Granted::to(generation, config);
    Hook {
        generation: Arc::clone(generation),
        may_read_environment: granted.env(describe.wanted_env()),
        granted_hosts: granted.hosts(&describe.hosts),
        base_url_granted: granted.base(describe.base_url.as_deref()),
        allow_private: granted.grant.private_addresses,
        describe: Arc::new(describe.clone()),
    }
}

/// What a plugin is granted of what it asks for: a bundled one everything.
pub(super) struct Granted {
    bundled: bool,
    grant: Grant,
}

impl Granted {
    pub(super) fn to(generation: &Generation, config: &PluginsConfig) -> Self {
        let grant = config.grants.get(&generation.describe.name);
        Self {
            bundled: generation.source == Source::Bundled,
            grant: grant.cloned().unwrap_or_default(),
        }
    }

    /// A file's, with this grant.
    pub(super) const fn by(grant: Grant) -> Self {
        Self {
            bundled: false,
            grant,
        }
    }

    pub(super) fn into_grant(self) -> Grant {
        self.grant
    }

    fn env<'d>(&self, wanted: impl Iterator<Item = &'d str>) -> Vec<String> {
        wanted
            .filter(|name| self.reads(name))
            .map(str::to_owned)
            .collect()
    }

    /// Whether a name of the environment that it asks for is granted.
    pub(super) fn reads(&self, name: &str) -> bool {
        self.bundled || self.grant.env.iter().any(|it| it == name)
    }

    pub(super) fn hosts(&self, asked: &[String]) -> Vec<String> {
        match self.bundled {
            true => asked.to_vec(),
            false => granted_hosts(asked, &self.grant.hosts),
        }
    }

    /// Whether the host of a URL is granted; where there is none, nothing is missing.
    pub(super) fn base(&self, base: Option<&str>) -> bool {
        let url = base.and_then(|base| url::Url::parse(base).ok());
        let host = url.and_then(|base| base.host_str().map(str::to_owned));
        host.is_none_or(|host| self.bundled || self.grant.hosts.contains(&host))
    }
}

fn provider_of(
    generation: &Arc<Generation>,
    describe: &ProviderDescribe,
    config: &PluginsConfig,
) -> Provider {
    let granted = Granted::to(generation, config);
    Provider {
        generation: Arc::clone(generation),
        name: describe.name.clone(),
        described_as: describe.name.clone(),
        may_read_environment: granted.env(describe.wanted_env()),
        granted_hosts: granted.hosts(&describe.hosts),
        base_url_granted: granted.base(describe.base_url.as_deref()),
        allow_private: granted.grant.private_addresses,
        may_capture: granted.bundled || granted.grant.capture,
        row: None,
        describe: Arc::new(describe.clone()),
    }
}

/// The hosts that are asked for and granted. A pattern is granted as it is written, or in part by
/// hosts that fit it.
fn granted_hosts(asked: &[String], granted: &[String]) -> Vec<String> {
    let is_asked = |host: &&String| {
        asked.contains(host)
            || !host.contains('*') && asked.iter().any(|it| host_pattern::fits(it, host))
    };
    granted.iter().filter(is_asked).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_granted_as_it_is_or_in_part() {
        let texts = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let asked = texts(&["*.example.com", "b.example.org"]);
        for (granted, want) in [
            (vec!["*.example.com"], vec!["*.example.com"]),
            (
                vec!["eu.example.com", "example.com"],
                vec!["eu.example.com"],
            ),
            (
                vec!["b.example.org", "c.example.org"],
                vec!["b.example.org"],
            ),
            // What is granted and not asked for is nobody's.
            (vec!["*.eu.example.com", "*.example.org"], vec![]),
        ] {
            assert_eq!(granted_hosts(&asked, &texts(&granted)), texts(&want));
        }
    }
}

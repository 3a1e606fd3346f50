//! Which plugins may stand in one table, and what each of their providers is granted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::describe::ProviderDescribe;
use super::prepare::InstallError;
use super::registry::{Generation, Provider, Source, Table};
use super::settings::PluginsConfig;
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
    }
    table.plugins = plugins;
    Ok(table)
}

fn provider_of(
    generation: &Arc<Generation>,
    describe: &ProviderDescribe,
    config: &PluginsConfig,
) -> Provider {
    let bundled = generation.source == Source::Bundled;
    let grant = config
        .grants
        .get(&generation.describe.name)
        .cloned()
        .unwrap_or_default();
    let granted = |host: &String| bundled || grant.hosts.contains(host);
    let base_host = describe
        .base_url
        .as_deref()
        .and_then(|base| url::Url::parse(base).ok());
    let base_host = base_host.and_then(|base| base.host_str().map(str::to_owned));
    Provider {
        generation: Arc::clone(generation),
        name: describe.name.clone(),
        described_as: describe.name.clone(),
        may_read_environment: describe
            .wanted_env()
            .filter(|name| bundled || grant.env.iter().any(|it| it == name))
            .map(str::to_owned)
            .collect(),
        granted_hosts: match bundled {
            true => describe.hosts.clone(),
            false => granted_hosts(&describe.hosts, &grant.hosts),
        },
        base_url_granted: base_host.is_none_or(|host| granted(&host)),
        allow_private: grant.private_addresses,
        may_capture: bundled || grant.capture,
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

//! From bytes to a generation that may serve: pin, compile, describe, check, self-test.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sluice_engine::{Engine, LoadError};
use tokio::time::Instant;

use super::describe::{Describe, DescribeError};
use super::registry::{Generation, Outcomes, Provider, Source, Table};
use super::settings::PluginsConfig;

/// Why a plugin was not taken.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("it failed to describe itself: {0}")]
    DescribeCall(#[from] sluice_engine::CallError),
    #[error(transparent)]
    Describe(#[from] DescribeError),
    #[error("its sha256 is {found}, but `plugins.sha256.{name}` says {pinned}")]
    Pin {
        name: String,
        found: String,
        pinned: String,
    },
    #[error("{0}")]
    Clash(String),
    #[error("{0}")]
    Settings(String),
    #[error("its own example {0}")]
    Example(String),
    #[error("it was found bad before: {0}")]
    Quarantined(String),
    #[error("it cannot be read: {0}")]
    Read(#[from] std::io::Error),
}

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// Compiles and checks a component by itself, without a look at the others.
pub async fn prepare(
    engine: &Engine,
    config: &PluginsConfig,
    file_stem: &str,
    bytes: Vec<u8>,
    source: Source,
) -> Result<Generation, InstallError> {
    let bundled = source == Source::Bundled;
    let settings = config.settings_for(file_stem, bundled);
    let plugin = engine.load(file_stem, bytes, settings.clone()).await?;
    let describe = Describe::parse(&plugin.describe().await?)?;
    let name = &describe.name;
    if let Some(pinned) = config
        .pins
        .get(name)
        .filter(|pinned| !pinned.eq_ignore_ascii_case(plugin.digest()))
    {
        let (found, pinned) = (plugin.digest().to_owned(), pinned.clone());
        return Err(InstallError::Pin {
            name: name.clone(),
            found,
            pinned,
        });
    }
    super::examples::run(&plugin, &describe)
        .await
        .map_err(InstallError::Example)?;
    let number = NUMBERS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let outcomes = Outcomes::default();
    Ok(Generation {
        plugin,
        describe,
        source,
        number,
        since: Instant::now(),
        outcomes,
    })
}

/// A new table with `generation` in it, in the place of an older version of itself.
pub fn insert(
    table: &Table,
    config: &PluginsConfig,
    generation: &Arc<Generation>,
) -> Result<Table, InstallError> {
    let name = &generation.describe.name;
    if let Some(other) = table.plugins.get(name) {
        let may_replace = match (&other.source, &generation.source) {
            (Source::Bundled, Source::File(_)) => config.overrides.contains(name),
            (Source::File(_), Source::Bundled) => false,
            (Source::File(old), Source::File(new)) => old == new,
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
    plugins.insert(name.clone(), Arc::clone(generation));
    build(plugins, config)
}

/// A table of these plugins.
pub fn build(
    plugins: std::collections::BTreeMap<String, Arc<Generation>>,
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
    for (name, row) in &config.rows {
        if let Some(provider) = operator_row(&table, name, row) {
            table.providers.insert(name.clone(), Arc::new(provider));
        } else {
            tracing::warn!(provider = %name, plugin.name = %row.plugin, "`plugins.providers` names a plugin without a generic provider");
        }
    }
    table.plugins = plugins;
    Ok(table)
}

fn provider_of(
    generation: &Arc<Generation>,
    describe: &super::describe::ProviderDescribe,
    config: &PluginsConfig,
) -> Provider {
    let bundled = generation.source == Source::Bundled;
    let grant = config
        .grants
        .get(&generation.describe.name)
        .cloned()
        .unwrap_or_default();
    let secrets = describe
        .secrets
        .values()
        .flat_map(|secret| secret.env.iter());
    let wanted_env = secrets.chain(&describe.base_url_env);
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
        may_read_environment: wanted_env
            .filter(|name| bundled || grant.env.contains(name))
            .cloned()
            .collect(),
        granted_hosts: describe
            .hosts
            .iter()
            .filter(|host| granted(host))
            .cloned()
            .collect(),
        base_url_granted: base_host.is_none_or(|host| granted(&host)),
        allow_private: grant.private_addresses,
        row: None,
        describe: Arc::new(describe.clone()),
    }
}

/// A provider that an operator wrote as a data row over a plugin's generic one (`openai_like`).
fn operator_row(table: &Table, name: &str, row: &super::settings::OperatorRow) -> Option<Provider> {
    let generation = table
        .providers
        .values()
        .find(|it| it.generation.describe.name == row.plugin)?;
    let generic = table.providers.get("openai_like")?;
    if generic.generation.describe.name != generation.generation.describe.name {
        return None;
    }
    let text = |member: &str| {
        row.row
            .get(member)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    let mut describe = (*generic.describe).clone();
    describe.name = name.to_owned();
    describe.aliases.clear();
    describe.base_url = text("base_url");
    let env: Vec<String> = row
        .row
        .get("env")
        .and_then(|it| serde_json::from_value(it.clone()).ok())
        .unwrap_or_default();
    if let Some(secret) = describe.secrets.get_mut("api_key") {
        secret.env.clone_from(&env);
    }
    let list = |member: &str| -> Vec<String> {
        row.row
            .get(member)
            .and_then(|it| serde_json::from_value(it.clone()).ok())
            .unwrap_or_default()
    };
    if let Some(chat) = describe.operations.get_mut("chat") {
        chat.unsupported.extend(list("unsupported"));
        chat.ignored.extend(list("ignored"));
    }
    Some(Provider {
        generation: Arc::clone(&generic.generation),
        name: name.to_owned(),
        described_as: generic.described_as.clone(),
        may_read_environment: env,
        granted_hosts: Vec::new(),
        base_url_granted: true,
        allow_private: true,
        row: Some(row.row.clone()),
        describe: Arc::new(describe),
    })
}

//! What the operator says of plugins: the config's `plugins:` section, as this room sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sluice_engine::{Isolation, Limits, Settings};

use super::trust::Trust;
use crate::config::{PluginLimits, PluginsSection, Ungranted};

/// The directory is read again this often, where the config does not say.
const POLL: Duration = Duration::from_secs(30);

/// The operator's word on plugins.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginsConfig {
    /// Watched for `*.wasm`; none: only bundled plugins.
    pub directory: Option<PathBuf>,
    /// Where last good versions and the list of bad ones are kept; none: nothing is kept.
    pub state_dir: Option<PathBuf>,
    /// Bundled plugins that a file of the same name may replace.
    pub overrides: BTreeSet<String>,
    /// SHA-256 by plugin name.
    pub pins: BTreeMap<String, String>,
    pub grants: BTreeMap<String, Grant>,
    /// Files that serve without what they are not granted; others are not loaded then.
    pub ungranted: Ungranted,
    /// Limits of every plugin.
    pub limits: Limits,
    /// Isolation where it is not the default (pooled for bundled plugins, call for files).
    pub isolation: BTreeMap<String, Isolation>,
    /// Plugins that are not taken if they import WASI, which leads nowhere for any of them.
    pub without_wasi: BTreeSet<String>,
    /// The directory is read again this often, whatever the file system reports.
    pub poll: Duration,
    pub rollback: RollbackRule,
    pub trust: Trust,
}

/// What a dropped plugin is allowed besides its deployments' own hosts and keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    pub hosts: Vec<String>,
    pub env: Vec<String>,
    pub private_addresses: bool,
    pub capture: bool,
}

impl Grant {
    /// As the config has it.
    pub fn of(given: &crate::config::Grant) -> Self {
        Self {
            hosts: given.hosts.clone(),
            env: given.env.clone(),
            private_addresses: given.private_addresses,
            capture: given.capture,
        }
    }
}

/// When a new version is taken back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollbackRule {
    /// How long after its swap.
    pub window: Duration,
    /// Its own failures, at least.
    pub min_failures: u64,
    /// Times the old version's share of failures, at least.
    pub factor: f64,
}

impl Default for RollbackRule {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(300),
            min_failures: 5,
            factor: 10.0,
        }
    }
}

impl Default for PluginsConfig {
    fn default() -> Self {
        Self {
            directory: None,
            state_dir: None,
            overrides: BTreeSet::new(),
            pins: BTreeMap::new(),
            grants: BTreeMap::new(),
            ungranted: Ungranted::default(),
            limits: Limits::default(),
            isolation: BTreeMap::new(),
            without_wasi: BTreeSet::new(),
            poll: POLL,
            rollback: RollbackRule::default(),
            trust: Trust::default(),
        }
    }
}

impl PluginsConfig {
    /// The config's section, completed. `data` is where the gateway keeps what it makes.
    pub fn of(section: &PluginsSection, data: &Path) -> Self {
        let standard = RollbackRule::default();
        let (window, min_failures, factor) =
            section
                .rollback
                .unwrap_or((standard.window, standard.min_failures, standard.factor));
        Self {
            directory: section.directory.clone(),
            state_dir: Some(data.join("plugins")),
            overrides: section.overrides.iter().cloned().collect(),
            pins: section.sha256.clone(),
            grants: named(&section.grants, Grant::of),
            ungranted: section.ungranted.clone(),
            limits: limits(section.limits),
            isolation: named(&section.isolation, |it| match it.as_str() {
                "pooled" => Isolation::Pooled,
                "fresh" => Isolation::Fresh,
                _ => Isolation::Call,
            }),
            without_wasi: section.without_wasi.iter().cloned().collect(),
            poll: section.poll.unwrap_or(POLL),
            rollback: RollbackRule {
                window,
                min_failures,
                factor,
            },
            trust: Trust {
                keys: section.trust.keys.clone(),
                require: section.trust.require,
            },
        }
    }

    /// How a plugin is run.
    pub fn settings_for(&self, name: &str, bundled: bool) -> Settings {
        let default = if bundled {
            Isolation::Pooled
        } else {
            Isolation::Call
        };
        let isolation = self.isolation.get(name).copied().unwrap_or(default);
        Settings {
            limits: self.limits.clone(),
            isolation,
        }
    }
}

fn named<T, U>(list: &BTreeMap<String, T>, read: impl Fn(&T) -> U) -> BTreeMap<String, U> {
    list.iter()
        .map(|(name, it)| (name.clone(), read(it)))
        .collect()
}

fn limits(asked: PluginLimits) -> Limits {
    let standard = Limits::default();
    let bytes = |it: Option<u32>, unit: usize, standard: usize| {
        it.map_or(standard, |it| it as usize * unit)
    };
    let time = |it: Option<u32>, standard: Duration| {
        it.map_or(standard, |it| Duration::from_millis(u64::from(it)))
    };
    Limits {
        memory_bytes: bytes(asked.memory_mb, 1 << 20, standard.memory_bytes),
        cpu: time(asked.cpu_ms, standard.cpu),
        wall: time(asked.wall_ms, standard.wall),
        state_bytes: bytes(asked.state_kb, 1 << 10, standard.state_bytes),
        output_bytes: bytes(asked.output_mb, 1 << 20, standard.output_bytes),
        log_lines: asked.log_lines.unwrap_or(standard.log_lines),
        concurrency: bytes(asked.concurrency, 1, standard.concurrency),
        ..standard
    }
}

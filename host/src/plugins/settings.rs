//! What the operator says of plugins: the config's `plugins:` section, as this room sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use sluice_engine::{Isolation, Limits, Settings};

/// The operator's word on plugins.
#[derive(Debug, Clone)]
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
    /// Limits of every plugin.
    pub limits: Limits,
    /// Isolation where it is not the default (pooled for bundled plugins, call for files).
    pub isolation: BTreeMap<String, Isolation>,
    /// The directory is read again this often, whatever the file system reports.
    pub poll: Duration,
    pub rollback: RollbackRule,
}

/// What a dropped plugin is allowed besides its deployments' own hosts and keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    pub hosts: Vec<String>,
    pub env: Vec<String>,
    pub private_addresses: bool,
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
            limits: Limits::default(),
            isolation: BTreeMap::new(),
            poll: Duration::from_secs(30),
            rollback: RollbackRule::default(),
        }
    }
}

impl PluginsConfig {
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

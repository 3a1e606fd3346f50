//! The table of all loaded plugins: replaced as a whole, read without a lock.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::Value;
use sluice_engine::Plugin;
use tokio::time::Instant;

use super::describe::{Describe, HookDescribe, ProviderDescribe};
use super::rollback::Counts;

/// Where a plugin came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Bundled,
    File(PathBuf),
}

/// One loaded version of a plugin. Calls hold it until they end, so an old one drains by itself.
pub struct Generation {
    pub plugin: Plugin,
    pub describe: Describe,
    pub source: Source,
    /// The public keys whose signatures of it were found.
    pub signed_by: Vec<String>,
    /// The file's name without its ending.
    pub stem: String,
    /// Counts up over all plugins since the start.
    pub number: u64,
    pub since: Instant,
    pub outcomes: Outcomes,
    /// Set once it is judged to be taken back.
    pub is_suspect: AtomicBool,
}

/// What calls of one generation ended in, for the rollback rule.
#[derive(Debug, Default)]
pub struct Outcomes {
    pub calls: AtomicU64,
    /// Traps, broken contract, internal errors.
    pub failures: AtomicU64,
    /// Requests that the upstream found invalid.
    pub invalid: AtomicU64,
}

/// How a call through a plugin ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Fine,
    /// The plugin failed.
    Failed,
    /// The upstream found the request invalid.
    Invalid,
}

impl Generation {
    /// The file's name, if it came from one.
    pub fn file_name(&self) -> Option<String> {
        match &self.source {
            Source::File(path) => path.file_name().map(|it| it.to_string_lossy().into_owned()),
            Source::Bundled => None,
        }
    }
}

impl Outcomes {
    pub fn count(&self, outcome: Outcome) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match outcome {
            Outcome::Fine => {}
            Outcome::Failed => drop(self.failures.fetch_add(1, Ordering::Relaxed)),
            Outcome::Invalid => drop(self.invalid.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Counters that go on from here.
    pub fn copy(&self) -> Self {
        let now = self.counts();
        Self {
            calls: now.calls.into(),
            failures: now.failures.into(),
            invalid: now.invalid.into(),
        }
    }

    /// The counts of this moment.
    pub fn counts(&self) -> Counts {
        Counts {
            calls: self.calls.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            invalid: self.invalid.load(Ordering::Relaxed),
        }
    }
}

/// A provider as deployments name it, in the generation that serves it.
#[derive(Clone)]
pub struct Provider {
    pub generation: Arc<Generation>,
    /// The name before the slash.
    pub name: String,
    /// The name in the plugin's `describe`.
    pub described_as: String,
    pub describe: Arc<ProviderDescribe>,
    /// Environment names that may give secrets and the base URL.
    pub may_read_environment: Vec<String>,
    /// Hosts besides the deployment's own that it may reach.
    pub granted_hosts: Vec<String>,
    /// Whether `describe.base_url` may be used.
    pub base_url_granted: bool,
    pub allow_private: bool,
    /// Whether it may have tokens taken out of answers.
    pub may_capture: bool,
    /// An operator's own data row, handed on as the setting `row`.
    pub row: Option<Value>,
}

/// A guardrail or a callback as the config names it, in the generation that serves it.
#[derive(Clone)]
pub struct Hook {
    pub generation: Arc<Generation>,
    pub describe: Arc<HookDescribe>,
    /// Environment names that may give secrets and the base URL.
    pub may_read_environment: Vec<String>,
    /// Hosts besides its entry's own that it may reach.
    pub granted_hosts: Vec<String>,
    /// Whether `describe.base_url` may be used.
    pub base_url_granted: bool,
    pub allow_private: bool,
}

/// Everything that is loaded.
#[derive(Default)]
pub struct Table {
    /// By the plugin's name.
    pub plugins: BTreeMap<String, Arc<Generation>>,
    /// By provider name and alias.
    pub providers: HashMap<String, Arc<Provider>>,
    /// By the guardrail's name in `describe`.
    pub guardrails: HashMap<String, Arc<Hook>>,
    /// By the callback's name in `describe`.
    pub callbacks: HashMap<String, Arc<Hook>>,
}

impl Table {
    /// Everything that the config may name: providers as they are, guardrails and callbacks after
    /// their kind and a slash, which no name has.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let providers = self.providers.keys().cloned();
        let guardrails = self.guardrails.keys().map(|it| format!("guardrail/{it}"));
        let callbacks = self.callbacks.keys().map(|it| format!("callback/{it}"));
        providers.chain(guardrails).chain(callbacks)
    }

    /// Whether it has what the config names so.
    pub fn has(&self, name: &str) -> bool {
        match name.split_once('/') {
            Some(("guardrail", name)) => self.guardrails.contains_key(name),
            Some(("callback", name)) => self.callbacks.contains_key(name),
            _ => self.providers.contains_key(name),
        }
    }
}

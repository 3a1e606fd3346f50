//! What an operator sees of the plugins: `GET /plugins`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use serde_json::{Map, Value, json};

use super::describe::SecretDescribe;
use super::journal::{LogEntry, What};
use super::registry::{Generation, Hook, Source, Table};
use super::{Plugins, lock};

impl Plugins {
    /// Everything that is known, as JSON.
    pub async fn snapshot(&self) -> Value {
        let table = self.table();
        let entries = self.inner.journal.entries();
        let plugins: Vec<Value> = table
            .plugins
            .values()
            .map(|it| self.describe_one(&table, it, &entries))
            .collect();
        let bad = self.inner.last_good.bad();
        let bad: Map<String, Value> = bad
            .into_iter()
            .map(|bad| (bad.digest, bad.reason.into()))
            .collect();
        let draining: Vec<Value> = self
            .inner
            .draining
            .alive()
            .into_iter()
            .map(|(name, number, age)| json!({"name": name, "generation": number, "seconds": age.as_secs()}))
            .collect();
        let log: Vec<Value> = entries.iter().map(entry).collect();
        let half: Vec<Value> = lock(&self.inner.half)
            .iter()
            .map(|(path, bytes)| json!({"path": path.display().to_string(), "bytes": bytes}))
            .collect();
        json!({"plugins": plugins, "draining": draining, "half_copied": half, "quarantined": bad,
            "log": log})
    }

    /// `serving`; `file-gone` where deployments keep a plugin without its file; `circuit-open`
    /// where it broke in most of its last calls and is not asked for a while.
    fn state_of(&self, generation: &Generation) -> &'static str {
        if generation.plugin.open_for().is_some() {
            return "circuit-open";
        }
        match &generation.source {
            Source::File(path) if !lock(&self.inner.present).contains(path) => "file-gone",
            _ => "serving",
        }
    }

    fn describe_one(&self, table: &Table, generation: &Generation, log: &[LogEntry]) -> Value {
        let stats = generation.plugin.stats();
        let limits = &generation.plugin.settings().limits;
        let counts = generation.outcomes.counts();
        let source = match &generation.source {
            Source::Bundled => json!("bundled"),
            Source::File(path) => json!(path.display().to_string()),
        };
        json!({
            "name": generation.describe.name, "version": generation.describe.version,
            "summary": generation.describe.summary, "source": source,
            "state": self.state_of(generation), "last_error": last_error(generation, log),
            "served_seconds": generation.since.elapsed().as_secs(),
            "digest": generation.plugin.digest(), "signed_by": generation.signed_by,
            "trusted_by": self.inner.config.load().trust.trusted(&generation.signed_by),
            "contract": generation.plugin.contract_version(),
            "generation": generation.number, "isolation": generation.plugin.settings().isolation.as_str(),
            "limits": {"memory_bytes": limits.memory_bytes, "cpu_ms": limits.cpu.as_millis() as u64,
                "wall_ms": limits.wall.as_millis() as u64, "log_lines": limits.log_lines,
                "state_bytes": limits.state_bytes, "output_bytes": limits.output_bytes, "concurrency": limits.concurrency},
            "stats": {"calls": stats.calls, "refusals": stats.refusals, "crashed": stats.traps.crashed,
                "out_of_time": stats.traps.out_of_time, "out_of_memory": stats.traps.out_of_memory,
                "stack_overflow": stats.traps.stack_overflow, "too_large": stats.too_large, "breaches": stats.breaches, "busy": stats.busy, "not_asked": stats.not_asked,
                "wasi_refused": {"environment": stats.wasi.environment, "files": stats.wasi.files, "sockets": stats.wasi.sockets},
                "cpu_seconds": stats.cpu.as_secs_f64(), "memory_high_water": stats.memory_high_water,
                "instances_alive": stats.instances_alive, "instances_idle": stats.instances_idle,
                "instances_made": stats.instances_made, "wait_seconds": stats.wait.as_secs_f64(),
                "log_lines": stats.log_lines, "dropped_log_lines": stats.dropped_log_lines},
            "outcomes": {"calls": counts.calls, "failures": counts.failures, "invalid": counts.invalid},
            "kind": generation.plugin.kind().as_str(), "pinned": self.is_pinned(generation),
            "history": self.inner.history.of(&generation.describe.name),
            "shipped_digest": self.shipped(generation),
            "providers": providers(table, generation),
            "guardrails": hooks(&table.guardrails, generation),
            "callbacks": hooks(&table.callbacks, generation),
        })
    }

    /// The plugin that ships with the gateway, whose place a file has taken.
    fn shipped(&self, generation: &Generation) -> Option<String> {
        let bundled = lock(&self.inner.bundled);
        let shipped = bundled.get(&generation.describe.name)?;
        let is_file = generation.source != Source::Bundled;
        is_file.then(|| shipped.plugin.digest().to_owned())
    }

    /// Whether the config says which bytes of it serve.
    fn is_pinned(&self, generation: &Generation) -> bool {
        let config = self.inner.config.load();
        let mut names = [&generation.describe.name, &generation.stem].into_iter();
        names.any(|name| config.pins.contains_key(name))
    }
}

/// A plugin's providers, with what they ask for and what they are granted.
pub(super) fn providers(table: &Table, generation: &Generation) -> Value {
    let own = generation.describe.providers.iter();
    own.filter_map(|it| table.providers.get(&it.name))
        .map(|it| {
            json!({
                "name": it.name, "title": it.describe.title, "verified": it.describe.verified,
                "operations": it.describe.operations.keys().collect::<Vec<_>>(),
                "asks": {"hosts": it.describe.hosts, "base_url": it.describe.base_url,
                    "env": it.describe.wanted_env().collect::<Vec<_>>()},
                "granted": {"hosts": it.granted_hosts, "base_url": it.base_url_granted,
                    "env": it.may_read_environment, "private_addresses": it.allow_private,
                    "capture": it.may_capture},
                "config_schema": schema(it.describe.config_schema.as_ref()),
                "secrets": secrets(&it.describe.secrets),
            })
        })
        .collect()
}

/// The settings as JSON Schema, for forms. What the definitions are for, rows of providers, is not
/// filled in there.
fn schema(schema: Option<&Value>) -> Value {
    let mut schema = schema.cloned().unwrap_or_default();
    if let Some(members) = schema.as_object_mut() {
        members.shift_remove("$defs");
    }
    schema
}

/// The secrets by name: what they are called, and where they are found if nobody gives them.
fn secrets(secrets: &BTreeMap<String, SecretDescribe>) -> Value {
    let shown = secrets.iter().map(|(name, it)| {
        let shown = json!({"title": it.title, "env": it.env, "required": it.required});
        (name.clone(), shown)
    });
    shown.collect::<Map<_, _>>().into()
}

/// A plugin's guardrails or callbacks, with what they ask for and what they are granted.
pub(super) fn hooks(all: &HashMap<String, Arc<Hook>>, generation: &Generation) -> Value {
    let own = all
        .values()
        .filter(|it| it.generation.number == generation.number);
    let mut shown: Vec<(&str, Value)> = own
        .map(|it| {
            let describe = &it.describe;
            let value = json!({
                "name": describe.name, "title": describe.title, "stages": describe.stages,
                "needs": describe.needs, "max_batch": describe.max_batch,
                "looks_at_streams": generation.plugin.looks_at_streams(),
                "asks": {"hosts": describe.hosts, "base_url": describe.base_url,
                    "env": describe.wanted_env().collect::<Vec<_>>()},
                "granted": {"hosts": it.granted_hosts, "base_url": it.base_url_granted,
                    "env": it.may_read_environment, "private_addresses": it.allow_private},
                "config_schema": schema(describe.config_schema.as_ref()),
                "secrets": secrets(&describe.secrets),
            });
            (describe.name.as_str(), value)
        })
        .collect();
    shown.sort_by_key(|(name, _)| *name);
    shown.into_iter().map(|(_, value)| value).collect()
}

fn entry(entry: &LogEntry) -> Value {
    let at = entry.at.duration_since(UNIX_EPOCH);
    json!({
        "at_ms": at.map_or(0, |it| it.as_millis() as u64), "plugin": entry.plugin,
        "digest": entry.digest, "what": entry.what.as_str(), "detail": entry.detail,
    })
}

/// Why the newest file of a plugin does not serve, if it does not.
fn last_error(generation: &Generation, log: &[LogEntry]) -> Option<String> {
    let of_it = |it: &&LogEntry| {
        let named = it.plugin == generation.describe.name || it.plugin == generation.stem;
        named && matches!(it.what, What::Loaded | What::Refused | What::RolledBack)
    };
    let newest = log.iter().find(of_it)?;
    (newest.what != What::Loaded).then(|| newest.detail.clone())
}

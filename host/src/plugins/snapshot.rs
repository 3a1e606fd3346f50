//! What an operator sees of the plugins: `GET /plugins`, and numbers for the metrics.

use std::time::UNIX_EPOCH;

use serde_json::{Map, Value, json};

use super::journal::{LogEntry, What};
use super::registry::{Generation, Source, Table};
use super::{Plugins, lock};

/// A number of one plugin: metric name, kind, help, further labels, value.
pub type Number = (
    &'static str,
    &'static str,
    &'static str,
    Vec<(&'static str, String)>,
    f64,
);

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
        json!({"plugins": plugins, "draining": draining, "quarantined": bad, "log": log})
    }

    /// `serving`, or `file-gone` where deployments keep a plugin without its file.
    fn state_of(&self, generation: &Generation) -> &'static str {
        match &generation.source {
            Source::File(path) if !lock(&self.inner.present).contains(path) => "file-gone",
            _ => "serving",
        }
    }

    fn describe_one(&self, table: &Table, generation: &Generation, log: &[LogEntry]) -> Value {
        let stats = generation.plugin.stats();
        let limits = &generation.plugin.settings().limits;
        let counts = generation.outcomes.counts();
        let providers: Vec<Value> = generation
            .describe
            .providers
            .iter()
            .filter_map(|it| table.providers.get(&it.name))
            .map(|it| {
                json!({
                    "name": it.name, "title": it.describe.title, "verified": it.describe.verified,
                    "operations": it.describe.operations.keys().collect::<Vec<_>>(),
                    "asks": {"hosts": it.describe.hosts, "base_url": it.describe.base_url,
                        "env": it.describe.wanted_env().collect::<Vec<_>>()},
                    "granted": {"hosts": it.granted_hosts, "base_url": it.base_url_granted,
                        "env": it.may_read_environment, "private_addresses": it.allow_private},
                })
            })
            .collect();
        let source = match &generation.source {
            Source::Bundled => json!("bundled"),
            Source::File(path) => json!(path.display().to_string()),
        };
        json!({
            "name": generation.describe.name, "version": generation.describe.version,
            "summary": generation.describe.summary, "source": source,
            "state": self.state_of(generation), "last_error": last_error(generation, log),
            "served_seconds": generation.since.elapsed().as_secs(),
            "digest": generation.plugin.digest(), "contract": generation.plugin.contract_version(),
            "generation": generation.number, "isolation": generation.plugin.settings().isolation.as_str(),
            "limits": {"memory_bytes": limits.memory_bytes, "cpu_ms": limits.cpu.as_millis() as u64,
                "state_bytes": limits.state_bytes, "output_bytes": limits.output_bytes, "concurrency": limits.concurrency},
            "stats": {"calls": stats.calls, "refusals": stats.refusals, "crashed": stats.traps.crashed,
                "out_of_time": stats.traps.out_of_time, "out_of_memory": stats.traps.out_of_memory,
                "stack_overflow": stats.traps.stack_overflow, "too_large": stats.too_large, "busy": stats.busy,
                "cpu_seconds": stats.cpu.as_secs_f64(), "memory_high_water": stats.memory_high_water,
                "instances_alive": stats.instances_alive, "instances_idle": stats.instances_idle,
                "dropped_log_lines": stats.dropped_log_lines},
            "outcomes": {"calls": counts.calls, "failures": counts.failures, "invalid": counts.invalid},
            "providers": providers,
        })
    }

    /// Numbers for the metrics, with the plugin's name.
    pub fn numbers(&self) -> Vec<(String, Number)> {
        let mut numbers = Vec::new();
        for generation in self.table().plugins.values() {
            let stats = generation.plugin.stats();
            let trap = |kind: &str| vec![("kind", kind.to_owned())];
            let list: [Number; 12] = [
                (
                    "sluice_plugin_calls_total",
                    "counter",
                    "Calls of a plugin's exports",
                    vec![],
                    stats.calls as f64,
                ),
                (
                    "sluice_plugin_refusals_total",
                    "counter",
                    "Calls that ended in the plugin's own error",
                    vec![],
                    stats.refusals as f64,
                ),
                (
                    "sluice_plugin_traps_total",
                    "counter",
                    "Guests that broke",
                    trap("crashed"),
                    stats.traps.crashed as f64,
                ),
                (
                    "sluice_plugin_traps_total",
                    "counter",
                    "Guests that broke",
                    trap("out_of_time"),
                    stats.traps.out_of_time as f64,
                ),
                (
                    "sluice_plugin_traps_total",
                    "counter",
                    "Guests that broke",
                    trap("out_of_memory"),
                    stats.traps.out_of_memory as f64,
                ),
                (
                    "sluice_plugin_traps_total",
                    "counter",
                    "Guests that broke",
                    trap("stack_overflow"),
                    stats.traps.stack_overflow as f64,
                ),
                (
                    "sluice_plugin_too_large_total",
                    "counter",
                    "Outputs or states beyond their limit",
                    vec![],
                    stats.too_large as f64,
                ),
                (
                    "sluice_plugin_cpu_seconds_total",
                    "counter",
                    "Time guests computed",
                    vec![],
                    stats.cpu.as_secs_f64(),
                ),
                (
                    "sluice_plugin_memory_high_water_bytes",
                    "gauge",
                    "Largest memory of any instance",
                    vec![],
                    stats.memory_high_water as f64,
                ),
                (
                    "sluice_plugin_instances",
                    "gauge",
                    "Instances alive",
                    vec![],
                    stats.instances_alive as f64,
                ),
                (
                    "sluice_plugin_dropped_log_lines_total",
                    "counter",
                    "Log lines over the limit",
                    vec![],
                    stats.dropped_log_lines as f64,
                ),
                (
                    "sluice_plugin_generation",
                    "gauge",
                    "Number of the version that serves",
                    vec![],
                    generation.number as f64,
                ),
            ];
            let name = &generation.describe.name;
            numbers.extend(list.into_iter().map(|number| (name.clone(), number)));
        }
        let own = |number: Number| (String::new(), number);
        for (what, count) in self.inner.journal.counts() {
            numbers.push(own((
                "sluice_plugin_reloads_total",
                "counter",
                "What came of new and removed plugin files",
                vec![("result", what.as_str().to_owned())],
                count as f64,
            )));
        }
        numbers.push(own((
            "sluice_plugin_draining_generations",
            "gauge",
            "Replaced versions that calls or a rollback may still need",
            vec![],
            self.inner.draining.alive().len() as f64,
        )));
        numbers
    }
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

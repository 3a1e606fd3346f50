//! The plugins' numbers for the metrics.

use sluice_engine::Stats;

use super::Plugins;

/// A number of one plugin: metric name, kind, help, further labels, value.
pub type Number = (
    &'static str,
    &'static str,
    &'static str,
    Vec<(&'static str, String)>,
    f64,
);

/// What is read of a plugin's numbers: metric name, kind, help, value.
type Reading = (&'static str, &'static str, &'static str, fn(&Stats) -> f64);

const READINGS: [Reading; 15] = [
    (
        "sluice_plugin_calls_total",
        "counter",
        "Calls of a plugin's exports",
        |it| it.calls as f64,
    ),
    (
        "sluice_plugin_refusals_total",
        "counter",
        "Calls that ended in the plugin's own error",
        |it| it.refusals as f64,
    ),
    (
        "sluice_plugin_too_large_total",
        "counter",
        "Outputs or states beyond their limit",
        |it| it.too_large as f64,
    ),
    (
        "sluice_plugin_breaches_total",
        "counter",
        "Requests and answers of a plugin that the contract or its grants do not allow",
        |it| it.breaches as f64,
    ),
    (
        "sluice_plugin_busy_total",
        "counter",
        "Calls that got no instance in time",
        |it| it.busy as f64,
    ),
    (
        "sluice_plugin_not_asked_total",
        "counter",
        "Calls that were not made while the plugin's circuit was open",
        |it| it.not_asked as f64,
    ),
    (
        "sluice_plugin_cpu_seconds_total",
        "counter",
        "Time guests computed",
        |it| it.cpu.as_secs_f64(),
    ),
    (
        "sluice_plugin_wait_seconds_total",
        "counter",
        "Time calls waited for their turn in a plugin",
        |it| it.wait.as_secs_f64(),
    ),
    (
        "sluice_plugin_bytes_in_total",
        "counter",
        "Bytes handed to a plugin",
        |it| it.bytes_in as f64,
    ),
    (
        "sluice_plugin_bytes_out_total",
        "counter",
        "Bytes a plugin handed back",
        |it| it.bytes_out as f64,
    ),
    (
        "sluice_plugin_log_lines_total",
        "counter",
        "Lines a plugin logged",
        |it| it.log_lines as f64,
    ),
    (
        "sluice_plugin_dropped_log_lines_total",
        "counter",
        "Log lines over the limit",
        |it| it.dropped_log_lines as f64,
    ),
    (
        "sluice_plugin_instances_made_total",
        "counter",
        "Instances made",
        |it| it.instances_made as f64,
    ),
    (
        "sluice_plugin_instances",
        "gauge",
        "Instances alive",
        |it| it.instances_alive as f64,
    ),
    (
        "sluice_plugin_memory_high_water_bytes",
        "gauge",
        "Largest memory of any instance",
        |it| it.memory_high_water as f64,
    ),
];

/// A kind of trap, and how often it was.
type Trap = (&'static str, fn(&Stats) -> u64);

/// The kinds of `sluice_plugin_traps_total`.
const TRAPS: [Trap; 4] = [
    ("crashed", |it| it.traps.crashed),
    ("out_of_time", |it| it.traps.out_of_time),
    ("out_of_memory", |it| it.traps.out_of_memory),
    ("stack_overflow", |it| it.traps.stack_overflow),
];

/// What a guest asks of WASI in vain, and how often it did.
type Asked = (&'static str, fn(&Stats) -> u64);

/// The kinds of `sluice_plugin_wasi_refused_total`.
const WASI: [Asked; 3] = [
    ("environment", |it| it.wasi.environment),
    ("files", |it| it.wasi.files),
    ("sockets", |it| it.wasi.sockets),
];

impl Plugins {
    /// Every number, with the plugin's name; those of no one plugin with none. Counters go on over
    /// all versions of a plugin.
    pub fn numbers(&self) -> Vec<(String, Number)> {
        let mut numbers = Vec::new();
        for (name, stats) in self.inner.ledger.totals() {
            for (metric, kind, help, read) in READINGS {
                numbers.push((name.clone(), (metric, kind, help, vec![], read(&stats))));
            }
            for (kind, read) in TRAPS {
                let label = vec![("kind", kind.to_owned())];
                let value = read(&stats) as f64;
                let (metric, help) = ("sluice_plugin_traps_total", "Guests that broke");
                numbers.push((name.clone(), (metric, "counter", help, label, value)));
            }
            for (what, read) in WASI {
                let label = vec![("what", what.to_owned())];
                let value = read(&stats) as f64;
                let help = "Askings of guests for what WASI does not give them";
                let metric = "sluice_plugin_wasi_refused_total";
                numbers.push((name.clone(), (metric, "counter", help, label, value)));
            }
        }
        for (name, generation) in &self.table().plugins {
            let is_open = f64::from(u8::from(generation.plugin.open_for().is_some()));
            let help = "1 while the plugin broke in most of its last calls and is not asked";
            let open = ("sluice_plugin_circuit_open", "gauge", help, vec![], is_open);
            numbers.push((name.clone(), open));
            let help = "Number of the version that serves";
            let number = generation.number as f64;
            let number = ("sluice_plugin_generation", "gauge", help, vec![], number);
            numbers.push((name.clone(), number));
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

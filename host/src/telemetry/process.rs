//! The process and its runtime, by the names that Prometheus' own clients have.

use std::sync::OnceLock;

use super::metrics::PluginSample;

/// Ticks of the processor's time a second, as Linux tells it to every process.
const TICKS: f64 = 100.0;
/// A page of memory, in bytes, of the machines that are built for.
const PAGE: f64 = 4096.0;

static STARTED: OnceLock<f64> = OnceLock::new();

/// The numbers of this moment. What the system does not tell is left out. `now_ms` is the time, in
/// milliseconds since 1970.
pub fn numbers(now_ms: i64) -> Vec<PluginSample> {
    #[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are floats")]
    let now = now_ms as f64 / 1000.0;
    let mut numbers = Vec::new();
    let mut add = |name: &'static str, kind: &'static str, help: &'static str, value: f64| {
        numbers.push(PluginSample {
            name,
            kind,
            help,
            labels: Vec::new(),
            value,
        });
    };
    if let Some((ticks, age, pages)) = of_system() {
        let help = "Processor time used, in seconds";
        add("process_cpu_seconds_total", "counter", help, ticks / TICKS);
        let help = "Memory in use";
        add("process_resident_memory_bytes", "gauge", help, pages * PAGE);
        let started = *STARTED.get_or_init(|| now - age);
        let help = "When the process began, in seconds since 1970";
        add("process_start_time_seconds", "gauge", help, started);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        let help = "Open files and connections";
        let count = u32::try_from(open.count()).unwrap_or(u32::MAX);
        add("process_open_fds", "gauge", help, f64::from(count));
    }
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        let runtime = runtime.metrics();
        let float = |it: usize| f64::from(u32::try_from(it).unwrap_or(u32::MAX));
        let help = "Tasks of the runtime that live";
        let name = "sluice_runtime_tasks";
        add(name, "gauge", help, float(runtime.num_alive_tasks()));
        let help = "Tasks that wait for a thread in the common queue";
        let name = "sluice_runtime_queue_tasks";
        add(name, "gauge", help, float(runtime.global_queue_depth()));
        let help = "Threads that serve calls";
        let name = "sluice_runtime_workers";
        add(name, "gauge", help, float(runtime.num_workers()));
    }
    numbers
}

/// Ticks used, seconds since the start, pages in memory.
fn of_system() -> Option<(f64, f64, f64)> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    // The name of the program, which may hold anything, ends at the last parenthesis.
    let (_, after) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let field = |number: usize| fields.get(number)?.parse::<f64>().ok();
    let (user, system, began, pages) = (field(11)?, field(12)?, field(19)?, field(21)?);
    Some((user + system, (uptime - began / TICKS).max(0.0), pages))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_told_of_with_numbers_that_can_be() {
        let all = numbers(1_800_000_000_000);
        let value = |name: &str| all.iter().find(|it| it.name == name).unwrap().value;
        assert!(value("process_resident_memory_bytes") > 1_000_000.0);
        assert!(value("process_open_fds") >= 3.0);
        let started = value("process_start_time_seconds");
        assert!((1_700_000_000.0..=1_800_000_000.0).contains(&started));
    }
}

//! Every number of this moment, for the metrics.

use super::Doors;
use crate::alerts;
use crate::pipeline::accounting::now_ms;
use crate::telemetry::metrics::PluginSample;
use crate::telemetry::{otel, process};

/// A number with labels: name, kind, help, labels, value.
type Labelled = (
    &'static str,
    &'static str,
    &'static str,
    Vec<(&'static str, String)>,
    f64,
);

fn sample((name, kind, help, labels, value): Labelled) -> PluginSample {
    PluginSample {
        name,
        kind,
        help,
        labels,
        value,
    }
}

/// Every number of this moment.
pub fn all(doors: &Doors) -> Vec<PluginSample> {
    let mut all: Vec<PluginSample> = doors
        .plugins
        .numbers()
        .into_iter()
        .map(|(plugin, (name, kind, help, more, value))| {
            let own = (!plugin.is_empty()).then_some(("plugin", plugin));
            let labels = own.into_iter().chain(more).collect();
            sample((name, kind, help, labels, value))
        })
        .collect();
    let money = doors.pipeline.accounting().numbers().into_iter();
    all.extend(money.map(|(name, kind, help, value)| PluginSample::plain(name, kind, help, value)));
    let waiting = doors.turnstile.waiting() as f64;
    let help = "Calls that wait for their turn";
    all.push(PluginSample::plain(
        "sluice_waiting_requests",
        "gauge",
        help,
        waiting,
    ));
    all.push(PluginSample::plain(
        "sluice_realtime_sessions",
        "gauge",
        "Realtime sessions that are open",
        doors.sessions.open.len() as f64,
    ));
    if let Some((entries, bytes)) = doors.pipeline.cache().sight().size {
        for (name, help, value) in [
            ("sluice_cache_entries", "Answers kept in memory", entries),
            ("sluice_cache_bytes", "Memory of kept answers", bytes),
        ] {
            all.push(PluginSample::plain(name, "gauge", help, value as f64));
        }
    }
    let callbacks = doors.pipeline.accounting().callbacks();
    all.extend(callbacks.numbers().into_iter().map(sample));
    all.extend(doors.pipeline.deployment_numbers().into_iter().map(sample));
    all.extend(doors.pipeline.budget_numbers().into_iter().map(sample));
    let pools = doors.pipeline.accounting().store().connections();
    all.extend(pools.into_iter().flat_map(|(pool, busy, idle)| {
        [("busy", busy), ("idle", idle)].map(|(state, count)| {
            let labels = vec![("pool", pool.to_owned()), ("state", state.to_owned())];
            let help = "Connections to the database";
            sample((
                "sluice_database_connections",
                "gauge",
                help,
                labels,
                f64::from(count),
            ))
        })
    }));
    all.extend(process::numbers(now_ms()));
    let watchers = doors.pipeline.watchers();
    all.extend(told(watchers.alerts.counts(), watchers.otel.counts()));
    all
}

/// What is told and exported, and what was lost of it.
fn told(alerts: alerts::Counts, otel: otel::Counts) -> Vec<PluginSample> {
    #[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are floats")]
    let float = |it: u64| it as f64;
    let counted = [
        (
            "sluice_alerts_sent_total",
            "Messages that reached their webhook",
            alerts.sent,
        ),
        (
            "sluice_alerts_failed_total",
            "Messages that no webhook took",
            alerts.failed,
        ),
        (
            "sluice_alerts_dropped_total",
            "Messages that found no room in the queue",
            alerts.dropped,
        ),
        (
            "sluice_otel_records_sent_total",
            "Calls that the exporter is done with",
            otel.sent,
        ),
        (
            "sluice_otel_records_dropped_total",
            "Calls that found no room in the exporter's queue",
            otel.dropped,
        ),
        (
            "sluice_otel_export_failures_total",
            "Batches that the collector did not take",
            otel.failures,
        ),
    ];
    let mut all: Vec<PluginSample> = counted
        .into_iter()
        .map(|(name, help, count)| PluginSample::plain(name, "counter", help, float(count)))
        .collect();
    for (name, help, count) in [
        (
            "sluice_alerts_waiting",
            "Messages that wait for their webhook",
            alerts.waiting,
        ),
        (
            "sluice_otel_records_waiting",
            "Calls that wait for the collector",
            otel.waiting,
        ),
    ] {
        all.push(PluginSample::plain(name, "gauge", help, float(count)));
    }
    for (callback, failures) in [
        ("otel", otel.failures.saturating_add(otel.dropped)),
        ("slack", alerts.failed.saturating_add(alerts.dropped)),
    ] {
        let labels = vec![("callback_name", callback.to_owned())];
        let name = "litellm_callback_logging_failures_metric_total";
        let help = "What a callback did not take";
        all.push(sample((name, "counter", help, labels, float(failures))));
    }
    all
}

//! What only the operator sees.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::Doors;
use crate::telemetry::metrics::PluginSample;

/// `GET /plugins`: every loaded component with its limits, grants, numbers, and the reload log.
pub async fn plugins(State(doors): State<Doors>) -> Json<Value> {
    Json(doors.plugins.snapshot().await)
}

/// `GET /metrics`: Prometheus' text format.
pub async fn metrics(State(doors): State<Doors>) -> Response {
    let samples: Vec<PluginSample> = doors
        .plugins
        .numbers()
        .into_iter()
        .map(|(plugin, (name, kind, help, more, value))| {
            let own = (!plugin.is_empty()).then_some(("plugin", plugin));
            PluginSample {
                name,
                kind,
                help,
                labels: own.into_iter().chain(more).collect(),
                value,
            }
        })
        .collect();
    let money = doors.pipeline.accounting().numbers().into_iter();
    let money = money.map(|(name, kind, help, value)| PluginSample {
        name,
        kind,
        help,
        labels: Vec::new(),
        value,
    });
    let held = doors.pipeline.cache().sight().size;
    let held = held.into_iter().flat_map(|(entries, bytes)| {
        [
            ("sluice_cache_entries", "Answers kept in memory", entries),
            ("sluice_cache_bytes", "Memory of kept answers", bytes),
        ]
    });
    let held = held.map(|(name, help, value)| PluginSample {
        name,
        kind: "gauge",
        help,
        labels: Vec::new(),
        value: value as f64,
    });
    let samples = samples.into_iter().chain(money).chain(held);
    let samples: Vec<PluginSample> = samples.collect();
    let text = doors.metrics.render(&samples);
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response()
}

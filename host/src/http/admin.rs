//! What only the operator sees.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::Doors;
use super::error::ApiError;
use crate::auth::Caller;
use crate::domain::{ErrorKind, Fault};
use crate::telemetry::metrics::PluginSample;

/// `GET /plugins`: every loaded component with its limits, grants, numbers, and the reload log.
pub async fn plugins(State(doors): State<Doors>) -> Json<Value> {
    Json(doors.plugins.snapshot().await)
}

/// `GET /router/deployments`: how every deployment is doing.
pub async fn deployments(State(doors): State<Doors>) -> Json<Value> {
    Json(doors.pipeline.deployments())
}

/// `GET /router/decisions/{call_id}`: why a call went where it went.
pub async fn decisions(
    State(doors): State<Doors>,
    Path(call_id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = doors.pipeline.why(&call_id).map(Json);
    found.ok_or_else(|| {
        let message = "no such call: the last calls of this process are remembered, by what \
                       `x-litellm-call-id` says";
        let fault = Fault::caller(ErrorKind::NotFound, message).with_status(404);
        fault.with_param("call_id").into()
    })
}

/// `POST /plugins/reload`: the plugins directory is looked at now, for file systems that lose
/// events. Answers as `GET /plugins`, once everything that lies there was judged.
pub async fn reload_plugins(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Value>, ApiError> {
    doors.manage.note(&caller, "reloaded", "plugins").await?;
    doors.plugins.reload().await?;
    Ok(Json(doors.plugins.snapshot().await))
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
    let waiting = PluginSample {
        name: "sluice_waiting_requests",
        kind: "gauge",
        help: "Calls that wait for their turn",
        labels: Vec::new(),
        value: doors.turnstile.waiting() as f64,
    };
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
    let deployments = doors.pipeline.deployment_numbers().into_iter();
    let deployments = deployments.map(|(name, kind, help, labels, value)| PluginSample {
        name,
        kind,
        help,
        labels,
        value,
    });
    let samples = samples
        .into_iter()
        .chain(money)
        .chain(held)
        .chain([waiting])
        .chain(deployments);
    let samples: Vec<PluginSample> = samples.collect();
    let text = doors.metrics.render(&samples);
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response()
}

//! Whether the gateway is there, and whether its deployments can be tried.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Doors;
use crate::pipeline::accounting::now_ms;

/// `GET /`
pub async fn root() -> Json<Value> {
    Json(
        json!({"name": "sluice", "version": env!("CARGO_PKG_VERSION"), "docs": "/v1/models lists what may be asked for"}),
    )
}

/// `GET /health/liveliness`
pub async fn alive() -> Json<&'static str> {
    Json("I'm alive!")
}

/// `GET /health/readiness`, and with a key `/details`, where LiteLLM has the same.
pub async fn ready(State(doors): State<Doors>) -> Json<Value> {
    // Calls whose key is remembered are served without it, so the gateway stays ready.
    let pinged = doors.pipeline.accounting().store().ping().await;
    let db = match pinged {
        Ok(()) => "connected",
        Err(_) => "disconnected",
    };
    let accounting = doors.pipeline.accounting();
    let shared = accounting.shared().map(|it| it.sight());
    let redis = shared.as_ref().map(|it| match it.up {
        true => "connected",
        false => "disconnected",
    });
    let replicas = shared.map_or_else(|| accounting.replicas().max(1), |it| it.replicas);
    Json(
        json!({"status": "healthy", "db": db, "redis": redis, "replicas": replicas,
        "litellm_version": env!("CARGO_PKG_VERSION"), "success_callbacks": []}),
    )
}

/// `GET /health`: deployments that can be tried, and those that cannot or that failed and rest, with
/// the reason. It calls no upstream.
pub async fn deployments(State(doors): State<Doors>) -> Json<Value> {
    let fleet = doors.pipeline.fleet();
    let (mut healthy, mut unhealthy) = (Vec::new(), Vec::new());
    let now = now_ms();
    let deployments = fleet.config.groups.deployments();
    for deployment in deployments.filter(|it| !it.info.blocked) {
        let mut entry = json!({"model": format!("{}/{}", deployment.provider, deployment.model),
            "model_group": deployment.group.as_str(), "model_id": deployment.id.as_str()});
        match fleet.line(&deployment.id) {
            Ok(line) => {
                entry["api_base"] = line.api_base.as_deref().into();
                match fleet.rosters.rests_until(&deployment.id, now) {
                    Some(until) => {
                        entry["error"] = "it failed lately and rests".into();
                        entry["rests_until_ms"] = until.into();
                        unhealthy.push(entry);
                    }
                    None => healthy.push(entry),
                }
            }
            Err(fault) => {
                entry["error"] = fault.message.into();
                unhealthy.push(entry);
            }
        }
    }
    Json(
        json!({"healthy_count": healthy.len(), "unhealthy_count": unhealthy.len(),
        "healthy_endpoints": healthy, "unhealthy_endpoints": unhealthy}),
    )
}

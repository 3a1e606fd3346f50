//! What only the operator sees.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::error::ApiError;
use super::part::Part;
use super::{Doors, body, numbers};
use crate::auth::Caller;
use crate::domain::{ErrorKind, Fault};

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
    Part(call_id): Part,
) -> Result<Json<Value>, ApiError> {
    let found = doors.pipeline.why(&call_id).await?;
    found.map(Json).ok_or_else(|| {
        let message = "no such call, or it has not ended: calls are found by what \
                       `x-litellm-call-id` says";
        let fault = Fault::caller(ErrorKind::NotFound, message).with_status(404);
        fault.with_param("call_id").into()
    })
}

/// `POST /plugins/reload`: the plugins directory is looked at now, for file systems that lose
/// events. Answers as `GET /plugins`, once everything that lies there was judged and new calls go by
/// it.
pub async fn reload_plugins(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    // Unread, it would reset the connection before the client has read the answer.
    let (parts, incoming) = request.into_parts();
    body::discard(incoming, &parts.headers).await;
    doors.manage.note(&caller, "reloaded", "plugins").await?;
    doors.plugins.reload().await?;
    doors.plugins.settled().await?;
    Ok(Json(doors.plugins.snapshot().await))
}

/// `GET /metrics`: Prometheus' text format.
pub async fn metrics(State(doors): State<Doors>) -> Result<Response, ApiError> {
    /// Thousands of series are a large text: whoever has a key does not have many made at once.
    static TURN: Semaphore = Semaphore::const_new(1);
    let turn = TURN.acquire().await;
    // It is milliseconds of work, which is no runtime thread's.
    let text = tokio::task::spawn_blocking(move || doors.metrics.render(&numbers::all(&doors)));
    let text = text.await;
    drop(turn);
    let text =
        text.map_err(|cause| Fault::ours("the metrics could not be written", cause.to_string()))?;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}

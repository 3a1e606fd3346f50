//! Components that come through the door: tried, put into force, and taken back.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::ApiError;
use super::{Doors, body, manage};
use crate::auth::Caller;
use crate::domain::{ErrorKind, Fault};
use crate::plugins::MAX_FILE_BYTES;

/// One at a time: its bytes are held while it is compiled, and the directory changes once for each.
static TURN: Semaphore = Semaphore::const_new(1);

/// `POST /plugins/try`: what the component in the body says of itself, what its examples come to,
/// and what speaks against it. Nothing of it serves, and nothing is kept.
pub async fn try_component(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, incoming) = request.into_parts();
    let _turn = turn()?;
    let bytes = component(incoming, &parts.headers).await?;
    let trial = doors.plugins.try_out(bytes).await;
    Ok(Json(doors.plugins.show(&trial)))
}

/// `POST /plugins/upload`: the component in the body serves from now on, after the same trial, and
/// lies in the plugins directory. Answers as `POST /plugins/try`.
pub async fn upload(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (parts, incoming) = request.into_parts();
    let _turn = turn()?;
    let bytes = component(incoming, &parts.headers).await?;
    let trial = doors.plugins.try_out(bytes).await;
    let shown = doors.plugins.show(&trial);
    let name = shown["name"].as_str().unwrap_or_default();
    let version = json!({"version": shown["version"], "digest": shown["digest"]});
    if trial.refusal.is_none() {
        let id = ("plugin", name);
        let noted = doors.manage.note_of(&caller, "uploaded", id, Some(version));
        noted.await?;
    }
    doors.plugins.put(trial).await?;
    doors.plugins.settled().await?;
    tracing::info!(plugin.name = name, "a plugin was uploaded");
    Ok(Json(shown))
}

/// `POST /plugins/rollback` `{name, digest}`: a version that served before serves again; without a
/// digest the one before this. Answers with the one that serves now.
pub async fn roll_back(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (mut parts, incoming) = request.into_parts();
    let asked = manage::read(&doors, &mut parts, incoming).await?;
    let text = |name: &str| match asked.body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(bad(name, format!("`{name}` must be a text"))),
    };
    let name = text("name")?.ok_or_else(|| bad("name", "`name` is required: a plugin's"))?;
    let digest = text("digest")?;
    let _turn = turn()?;
    let to = doors.plugins.earlier(name, digest).await?;
    let now = to.digest.clone();
    let (id, after) = (("plugin", name), json!({"digest": now}));
    let noted = doors
        .manage
        .note_of(&caller, "rolled back", id, Some(after));
    noted.await?;
    doors.plugins.go_back(to).await?;
    doors.plugins.settled().await?;
    tracing::info!(
        plugin.name = name,
        plugin.digest = now,
        "an admin went back to a version of a plugin"
    );
    Ok(Json(json!({"name": name, "digest": now})))
}

fn turn() -> Result<SemaphorePermit<'static>, Fault> {
    TURN.try_acquire().map_err(|_| {
        let message = "another component is being judged; try again when it is done";
        Fault::caller(ErrorKind::Overloaded, message).with_status(503)
    })
}

/// The component in a body.
async fn component(incoming: Body, headers: &HeaderMap) -> Result<Bytes, Fault> {
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if kind.is_some_and(|it| it.starts_with("multipart/")) {
        body::discard(incoming, headers).await;
        let message = "the body must be the component itself, as `application/wasm`, and no form";
        return Err(bad("component", message));
    }
    let most = usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX);
    let read = body::read(incoming, headers, most).await;
    let bytes = read.map_err(|fault| match fault.status {
        // The limit is not that of other requests, which a setting changes.
        Some(413) => {
            let most = MAX_FILE_BYTES >> 20;
            let message = format!("the component is larger than {most} MiB");
            bad("component", message).with_status(413)
        }
        _ => fault,
    })?;
    if bytes.is_empty() {
        return Err(bad(
            "component",
            "the body is empty: it must be the component",
        ));
    }
    Ok(bytes)
}

fn bad(field: &str, message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message).with_param(field)
}

//! Guardrails that are in force, and one of them asked alone. They are made and changed by `manage`.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::error::ApiError;
use super::{Doors, body, headers, unknown};
use crate::auth::Caller;
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::Dialect;

pub fn add_routes(router: Router<Doors>) -> Router<Doors> {
    router
        .route("/guardrails/list", get(list_guardrails))
        // No guardrail's id: LiteLLM's list of those that wait for a word.
        .route("/guardrails/submissions", any(unknown::unknown_route))
        .route("/guardrails/apply_guardrail", post(apply_guardrail))
        .route("/apply_guardrail", post(apply_guardrail))
}

/// `GET /guardrails/list`: every guardrail, without its secrets.
async fn list_guardrails(State(doors): State<Doors>) -> Response {
    Json(json!({"guardrails": doors.pipeline.guardrails()})).into_response()
}

/// `POST /guardrails/apply_guardrail`: what one makes of a text.
async fn apply_guardrail(State(doors): State<Doors>, request: Request<Body>) -> Response {
    let (parts, incoming) = request.into_parts();
    let id = headers::call_id(&parts.extensions);
    let applied = async {
        // The router lets nobody in without one.
        let caller = parts
            .extensions
            .get::<Caller>()
            .ok_or_else(|| Fault::ours("the caller is not known", "a request without a caller"))?;
        let bytes = body::read(incoming, &parts.headers, doors.max_request_bytes()).await?;
        let asked: Value = serde_json::from_slice(&bytes).map_err(|cause| {
            let text = format!("the body is not JSON: {cause}");
            Fault::caller(ErrorKind::InvalidRequest, text).with_param("request_body")
        })?;
        doors.pipeline.apply_guardrail((caller, &id), &asked).await
    };
    match applied.await {
        Ok(answer) => Json(answer).into_response(),
        Err(fault) => {
            tracing::info!(call.id = %id, fault = %fault, "a request was refused");
            ApiError::new(fault, Dialect::OpenAi).into_response()
        }
    }
}

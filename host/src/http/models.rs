//! `GET /v1/models`: what may be asked for.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use http::Uri;
use serde_json::{Value, json};

use super::Doors;
use super::error::ApiError;
use crate::auth::{Caller, allow_model};
use crate::domain::{ErrorKind, Fault};

/// The time LiteLLM gives all models.
const CREATED: u64 = 1_677_610_602;

/// A model, with what the operator's `model_info` says of it.
fn model(doors: &Doors, id: &str) -> Option<Value> {
    let found = doors.pipeline.fleet().config.groups.resolve(id)?;
    let mut model = json!({"id": id, "object": "model", "created": CREATED, "owned_by": "openai"});
    if let Some((deployment, _)) = found.deployments.first() {
        let info = &deployment.info;
        if let Some(mode) = &info.mode {
            model["mode"] = mode.as_str().into();
        }
        for name in ["max_input_tokens", "max_output_tokens"] {
            if let Some(limit) = info.rest.get(name).filter(|it| it.is_number()) {
                model[name] = limit.clone();
            }
        }
    }
    Some(model)
}

/// `GET /v1/models`: every model group; a pattern is listed as the models that are known of its
/// providers, and with `return_wildcard_routes=true` by itself too.
pub async fn list_models(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Json<Value> {
    let gate = doors.gate();
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut wanted = query.filter(|(name, _)| name == "return_wildcard_routes");
    let patterns = wanted.any(|(_, value)| value.eq_ignore_ascii_case("true") || value == "1");
    let data: Vec<Value> = doors
        .model_names(patterns)
        .iter()
        .filter(|name| allow_model(&caller, &gate.catalog, name).is_ok())
        .filter_map(|name| model(&doors, name))
        .collect();
    Json(json!({"object": "list", "data": data}))
}

/// `GET /v1/models/{id}`
pub async fn get_model(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let allowed = allow_model(&caller, &doors.gate().catalog, &id).is_ok();
    if let Some(model) = model(&doors, &id).filter(|_| allowed) {
        return Ok(Json(model));
    }
    let message = format!("The model `{id}` does not exist");
    let fault = Fault::caller(ErrorKind::NotFound, message)
        .with_status(404)
        .with_param("model");
    Err(fault.with_code("model_not_found").into())
}

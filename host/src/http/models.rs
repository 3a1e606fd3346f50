//! `GET /v1/models`: what may be asked for.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::Doors;
use super::error::ApiError;
use crate::domain::{ErrorKind, Fault};

/// The time LiteLLM gives all models.
const CREATED: u64 = 1_677_610_602;

fn model(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": CREATED, "owned_by": "openai"})
}

/// `GET /v1/models`: every model group; a pattern is listed as the models its providers name.
pub async fn list_models(State(doors): State<Doors>) -> Json<Value> {
    let data: Vec<Value> = doors.model_names().iter().map(|name| model(name)).collect();
    Json(json!({"object": "list", "data": data}))
}

/// `GET /v1/models/{id}`
pub async fn get_model(
    State(doors): State<Doors>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    if doors.pipeline.fleet().config.groups.resolve(&id).is_some() {
        return Ok(Json(model(&id)));
    }
    let message = format!("The model `{id}` does not exist");
    let fault = Fault::caller(ErrorKind::NotFound, message)
        .with_status(404)
        .with_param("model");
    Err(fault.with_code("model_not_found").into())
}

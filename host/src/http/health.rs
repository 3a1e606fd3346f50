//! Whether the gateway is there, and how its deployments are.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::{Doors, catalog, manage};
use crate::auth::{Caller, allow_model};
use crate::config::{Deployment, REFERENCE};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::Fleet;
use crate::pipeline::accounting::now_ms;
use crate::pipeline::health::{Checked, State as Health};

/// The longest page of the history.
const MOST: usize = 1_000;

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
pub async fn ready(State(doors): State<Doors>) -> Response {
    if doors.draining.is_on() {
        let body = Json(json!({"status": "shutting_down"}));
        return (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
    }
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
    .into_response()
}

/// Which deployments are asked about.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    /// A model group, or `provider/model`.
    model: Option<String>,
    /// A deployment's id.
    model_id: Option<String>,
}

impl Which {
    fn is(&self, it: &Deployment) -> bool {
        let named = |name: &String| {
            let full = name.split_once('/') == Some((it.provider.as_str(), it.model.as_str()));
            it.group.as_str() == name || full
        };
        self.model.as_ref().is_none_or(named)
            && self.model_id.as_ref().is_none_or(|id| it.id.as_str() == id)
    }
}

/// `GET /health`: the deployments that the caller may use, and how each is. Admins have them
/// checked now, unless that is done in the background; others are shown what the last checks came
/// to, because checks cost the operator money.
pub async fn deployments(
    State(doors): State<Doors>,
    Extension(caller): Extension<Caller>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(which) = which.map_err(|it| bad("query", it.body_text()))?;
    let fleet = doors.pipeline.fleet();
    let models = catalog(&fleet);
    let may = |it: &Deployment| allow_model(&caller, &models, it.group.as_str()).is_ok();
    let mut all = fleet.config.groups.deployments();
    if !all.any(|it| which.is(it) && may(it)) && (which.model.is_some() || which.model_id.is_some())
    {
        let message = "there is no such deployment, or it is not this key's";
        let param = which.model.map_or("model_id", |_| "model");
        let fault = Fault::caller(ErrorKind::NotFound, message).with_status(404);
        return Err(fault.with_param(param).into());
    }
    let background = fleet.config.general.health.background;
    if caller.is_admin() && !background {
        doors.pipeline.check_all(|it| which.is(it)).await;
    }
    let all = fleet.config.groups.deployments();
    let all = all.filter(|it| !it.info.blocked && which.is(it) && may(it));
    let details = fleet.config.general.health.details && caller.sees_all();
    let mut lists: [Vec<Value>; 3] = Default::default();
    for it in all {
        let (state, entry) = one(&doors, &fleet, it, details);
        let [healthy, unhealthy, unchecked] = &mut lists;
        let list = match state {
            "healthy" => healthy,
            "unhealthy" => unhealthy,
            _ => unchecked,
        };
        list.push(entry);
    }
    let [healthy, unhealthy, unchecked] = lists;
    Ok(Json(json!({
        "healthy_count": healthy.len(), "unhealthy_count": unhealthy.len(),
        "unchecked_count": unchecked.len(),
        "healthy_endpoints": healthy, "unhealthy_endpoints": unhealthy,
        "unchecked_endpoints": unchecked,
    })))
}

/// How a deployment is, and what is shown of it.
fn one(doors: &Doors, fleet: &Fleet, it: &Deployment, details: bool) -> (&'static str, Value) {
    let latest = doors.pipeline.health().latest(&it.id);
    let line = fleet.line(&it.id);
    let until = fleet.rosters.rests_until(&it.id, now_ms());
    let (state, why) = match (&latest, &line, until) {
        (_, Err(fault), _) => ("unhealthy", Some(fault.message.clone())),
        (Some(checked), _, until) => {
            let why = checked.state.reason().map(str::to_owned);
            match (&checked.state, until) {
                (Health::Healthy, Some(_)) => ("unhealthy", Some(RESTS.to_owned())),
                (state, _) => (state.as_str(), why),
            }
        }
        (None, _, Some(_)) => ("unhealthy", Some(RESTS.to_owned())),
        (None, _, None) => ("unchecked", Some("it was not checked yet".to_owned())),
    };
    let mut entry = json!({"model": format!("{}/{}", it.provider, it.model),
        "model_group": it.group.as_str(), "model_id": it.id.as_str()});
    if details {
        if let Some(why) = why {
            entry["error"] = why.into();
        }
        if let Ok(line) = &line {
            entry["api_base"] = line.api_base.as_deref().into();
        }
        if let Some(until) = until {
            entry["rests_until_ms"] = until.into();
        }
        if let Some(checked) = &latest {
            entry["checked_at_ms"] = checked.at_ms.into();
            entry["response_time_ms"] = millis(checked).into();
        }
    }
    (state, entry)
}

const RESTS: &str = "it failed lately and rests";

fn millis(checked: &Checked) -> f64 {
    checked.took.as_secs_f64() * 1000.0
}

/// A check, in LiteLLM's words.
fn shown(checked: &Checked) -> Value {
    let (healthy, unhealthy) = match checked.state {
        Health::Healthy => (1, 0),
        Health::Unhealthy(_) => (0, 1),
        Health::Unchecked(_) => (0, 0),
    };
    let kind = match &checked.state {
        Health::Unhealthy(fault) => Some(fault.kind.as_str()),
        Health::Healthy | Health::Unchecked(_) => None,
    };
    json!({
        "model_name": checked.group, "model_id": checked.id.as_str(),
        "model": format!("{}/{}", checked.provider, checked.model),
        "mode": checked.mode, "api_base": checked.api_base,
        "status": checked.state.as_str(), "healthy_count": healthy, "unhealthy_count": unhealthy,
        "error_message": checked.state.reason(), "error_kind": kind,
        "response_time_ms": millis(checked), "checked_at_ms": checked.at_ms,
    })
}

/// `GET /health/latest`: the last check of each deployment.
pub async fn latest(State(doors): State<Doors>) -> Json<Value> {
    let fleet = doors.pipeline.fleet();
    let all = fleet.config.groups.deployments();
    let all = all.filter_map(|it| doors.pipeline.health().latest(&it.id));
    let all: Map<String, Value> = all
        .map(|it| (it.id.as_str().to_owned(), shown(&it)))
        .collect();
    Json(json!({"total_models": all.len(), "latest_health_checks": all}))
}

/// Which checks of the past.
#[derive(Debug, Default, Deserialize)]
pub struct Past {
    /// A model group.
    model: Option<String>,
    status_filter: Option<String>,
    limit: Option<usize>,
    offset: Option<usize>,
}

/// `GET /health/history`: the checks of this process, the newest first.
pub async fn history(
    State(doors): State<Doors>,
    past: Result<Query<Past>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(past) = past.map_err(|it| bad("query", it.body_text()))?;
    let (offset, limit) = (past.offset.unwrap_or(0), past.limit.unwrap_or(100));
    if !(1..=MOST).contains(&limit) {
        return Err(bad("limit", format!("`limit` must be from 1 to {MOST}")).into());
    }
    let known = ["healthy", "unhealthy", "unchecked"];
    let status = past.status_filter.as_deref();
    if status.is_some_and(|it| !known.contains(&it)) {
        let message = format!("`status_filter` must be one of {}", known.join(", "));
        return Err(bad("status_filter", message).into());
    }
    let fits = |it: &Checked| {
        let model = past.model.as_ref().is_none_or(|name| it.group == *name);
        model && status.is_none_or(|status| it.state.as_str() == status)
    };
    let found = doors.pipeline.health().history(fits, (offset, limit));
    let checks: Vec<Value> = found.checks.iter().map(shown).collect();
    Ok(Json(
        json!({"health_checks": checks, "total_records": found.total,
        "limit": limit, "offset": offset}),
    ))
}

/// `POST /health/test_connection` `{litellm_params, model_info, mode}`: asks a deployment that is
/// in no config yet.
pub async fn test_connection(
    State(doors): State<Doors>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let (mut parts, incoming) = request.into_parts();
    let mut body = manage::read(&doors, &mut parts, incoming).await?.body;
    let known = ["litellm_params", "model_info", "mode"];
    if let Some(name) = body.keys().find(|it| !known.contains(&it.as_str())) {
        return Err(bad(name, format!("unknown field `{name}`")).into());
    }
    let mut object = |name: &str| match body.shift_remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(bad(name, format!("`{name}` must be an object"))),
    };
    let params = object("litellm_params")?;
    let mut info = object("model_info")?.unwrap_or_default();
    let params =
        params.ok_or_else(|| bad("litellm_params", "`litellm_params` is required".to_owned()))?;
    match body.shift_remove("mode") {
        None | Some(Value::Null) => {}
        Some(Value::String(mode)) => drop(info.insert("mode".to_owned(), mode.into())),
        Some(_) => return Err(bad("mode", "`mode` must be a text".to_owned()).into()),
    }
    // What stands there is shown in the answer, or says what is.
    for (name, shown) in [
        ("model_info", info.values().collect()),
        (
            "litellm_params.model",
            params.get("model").into_iter().collect::<Vec<_>>(),
        ),
    ] {
        if shown.into_iter().any(names_a_variable) {
            let message = format!("`{name}` may not name a variable of the environment");
            return Err(bad(name, message).into());
        }
    }
    let checked = doors.pipeline.check_params(&params, &info).await?;
    let status = match &checked.state {
        Health::Healthy => "success",
        Health::Unhealthy(_) | Health::Unchecked(_) => "error",
    };
    let mut result = json!({"model": format!("{}/{}", checked.provider, checked.model),
        "response_time_ms": millis(&checked)});
    if let Some(why) = checked.state.reason() {
        result["error"] = why.into();
    }
    Ok(Json(json!({"status": status, "result": result})))
}

/// `GET /health/license`: there is none, and nothing needs one.
pub async fn license() -> Json<Value> {
    Json(
        json!({"has_license": false, "license_type": null, "expiration_date": null,
        "allowed_features": [], "limits": {"max_users": null, "max_teams": null}}),
    )
}

/// `GET /health/backlog`: calls under way.
pub async fn backlog(State(doors): State<Doors>) -> Json<Value> {
    Json(json!({"in_flight_requests": doors.metrics.calls_under_way()}))
}

/// `GET /health/shared-status`: each replica checks by itself.
pub async fn shared_status() -> Json<Value> {
    Json(json!({"shared_health_check_enabled": false, "status": null}))
}

fn names_a_variable(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with(REFERENCE),
        Value::Array(all) => all.iter().any(names_a_variable),
        Value::Object(members) => members.values().any(names_a_variable),
        _ => false,
    }
}

fn bad(param: &str, message: String) -> Fault {
    let fault = Fault::caller(ErrorKind::InvalidRequest, message);
    fault.with_param(param).with_status(400)
}

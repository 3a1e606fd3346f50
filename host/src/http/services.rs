//! `GET /health/services`: what the gateway works with besides models, callbacks among it, and whether
//! it answers.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Doors;
use super::error::ApiError;
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::accounting::now_ms;

/// How a service is.
enum Condition {
    /// The config has none, and how it would have one.
    Off(&'static str),
    Healthy(String),
    Unhealthy(String),
    /// Members of the answer beside the service's name.
    Told(Value),
}

impl Condition {
    fn shown(self, service: &str) -> Value {
        let (status, message) = match self {
            Self::Off(cure) => ("off", cure.to_owned()),
            Self::Healthy(message) => ("healthy", message),
            Self::Unhealthy(message) => ("unhealthy", message),
            Self::Told(mut answer) => {
                answer["service"] = service.into();
                return answer;
            }
        };
        json!({"service": service, "status": status, "message": message})
    }
}

/// Looks after a service. `tries`: it was asked for by its name, so that a message may be sent to it.
type Look = for<'d> fn(doors: &'d Doors, tries: bool) -> BoxFuture<'d, Condition>;

/// Every service by its name; LiteLLM's where it has one.
const SERVICES: &[(&str, Look)] = &[
    ("database", |doors, _| Box::pin(database(doors))),
    ("redis", |doors, _| Box::pin(redis(doors))),
    ("otel", |doors, _| Box::pin(otel(doors))),
    ("prometheus", |_, _| Box::pin(prometheus())),
    ("slack", |doors, tries| Box::pin(slack(doors, tries))),
];

/// Another name that LiteLLM has for one.
const ALIASES: &[(&str, &str)] = &[("slack_budget_alerts", "slack")];

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    service: Option<String>,
}

/// One service, which a message is sent to where that is the only way to know; without a name all of
/// them, and nothing is sent.
pub async fn services(
    State(doors): State<Doors>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Query(asked) = asked.map_err(|it| refused(400, it.body_text()))?;
    let Some(name) = asked.service.filter(|it| !it.is_empty()) else {
        let mut all = Vec::with_capacity(SERVICES.len());
        for (name, look) in SERVICES {
            all.push(look(&doors, false).await.shown(name));
        }
        return Ok(Json(json!({"services": all})));
    };
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name.as_str(), |(_, name)| *name);
    let Some((name, look)) = SERVICES.iter().find(|(known, _)| *known == name) else {
        if doors.pipeline.callback_fault(name).is_some() {
            // It is handed one record of a call that never was.
            doors.pipeline.try_callback(name).await?;
            let message = format!("Mock LLM request made - check {name}.");
            return Ok(Json(
                json!({"service": name, "status": "success", "message": message}),
            ));
        }
        let callbacks = doors.pipeline.callback_names();
        let known = SERVICES.iter().map(|(name, _)| *name);
        let known: Vec<&str> = known.chain(callbacks.iter().map(String::as_str)).collect();
        let hint = crate::config::hint(name, known.iter().copied());
        let known = known.join("`, `");
        let message = format!("there is no such service{hint}; there are `{known}`");
        return Err(refused(400, message).into());
    };
    match look(&doors, true).await {
        Condition::Off(cure) => {
            let message = format!("\"{name}\" not in proxy config, so it cannot be tried: {cure}");
            Err(refused(422, message).into())
        }
        condition => Ok(Json(condition.shown(name))),
    }
}

async fn database(doors: &Doors) -> Condition {
    match doors.pipeline.accounting().store().ping().await {
        Ok(()) => Condition::Healthy("the database answers".to_owned()),
        Err(cause) => Condition::Unhealthy(format!("the database does not answer: {cause}")),
    }
}

/// The one by which replicas share limits; that of the response cache has `/cache/ping`.
async fn redis(doors: &Doors) -> Condition {
    match doors.pipeline.accounting().shared().map(|it| it.sight()) {
        None => Condition::Off("set `router_settings.redis_url`, or `cache_params` with a Redis"),
        Some(sight) if sight.up => {
            let replicas = sight.replicas;
            Condition::Healthy(format!("Redis answers; {replicas} replicas are known"))
        }
        Some(_) => Condition::Unhealthy("Redis does not answer".to_owned()),
    }
}

async fn otel(doors: &Doors) -> Condition {
    let otel = &doors.pipeline.watchers().otel;
    if !otel.is_on() {
        return Condition::Off("name `otel` among `litellm_settings.callbacks`");
    }
    let counts = otel.counts();
    let message = format!(
        "{} calls were exported, {} wait, {} were dropped; {} batches were not taken",
        counts.sent, counts.waiting, counts.dropped, counts.failures
    );
    match counts.sent == 0 && counts.failures > 0 {
        true => Condition::Unhealthy(message),
        false => Condition::Healthy(message),
    }
}

async fn prometheus() -> Condition {
    Condition::Healthy("`/metrics` has every number".to_owned())
}

/// LiteLLM answers `success` where a message was sent.
async fn slack(doors: &Doors, tries: bool) -> Condition {
    const CURE: &str = "`general_settings.alerting: [slack]` and SLACK_WEBHOOK_URL";
    let alerts = &doors.pipeline.watchers().alerts;
    if !tries {
        let counts = alerts.counts();
        let (sent, failed) = (counts.sent, counts.failed);
        return match alerts.is_on() {
            false => Condition::Off(CURE),
            true => Condition::Healthy(format!("{sent} alerts were sent, {failed} did not arrive")),
        };
    }
    match alerts.try_webhooks(now_ms()).await {
        None => Condition::Off(CURE),
        Some(Err(why)) => Condition::Unhealthy(format!("the test alert did not arrive: {why}")),
        Some(Ok(kinds)) => {
            let kinds: Vec<&str> = kinds.into_iter().map(|it| it.as_str()).collect();
            Condition::Told(json!({
                "status": "success",
                "alert_types": kinds,
                "message": "Mock Slack Alert sent, verify Slack Alert Received on your channel",
            }))
        }
    }
}

fn refused(status: u16, message: String) -> Fault {
    let fault = Fault::caller(ErrorKind::InvalidRequest, message);
    fault.with_param("service").with_status(status)
}

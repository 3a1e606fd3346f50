//! How deployments are doing, for metrics (LiteLLM's names and labels) and for the operator.

use serde_json::{Value, json};

use super::accounting::now_ms;
use super::fleet::Fleet;
use crate::config::Deployment;
use crate::router::{Minute, Place, Standing};

/// A number of one deployment: name, kind, help, labels, value.
pub type DeploymentNumber = (
    &'static str,
    &'static str,
    &'static str,
    Vec<(&'static str, String)>,
    f64,
);

/// What LiteLLM calls a label that has no value.
pub(super) const NONE: &str = "None";

type Read = fn(&Standing) -> f64;

/// Name, kind, help, and what it is of a deployment. They go on over reloads, not over starts.
const COUNTS: [(&str, &str, &str, Read); 4] = [
    (
        "litellm_deployment_total_requests_total",
        "counter",
        "Sends to a deployment",
        |it| float(it.totals()[0]),
    ),
    (
        "litellm_deployment_success_responses_total",
        "counter",
        "Answers of a deployment that were complete",
        |it| float(it.totals()[1]),
    ),
    (
        "litellm_deployment_cooled_down_total",
        "counter",
        "Times that a deployment was laid to rest",
        |it| float(it.totals()[2]),
    ),
    (
        "sluice_deployment_in_flight_requests",
        "gauge",
        "Calls under way at a deployment",
        |it| f64::from(it.under_way()),
    ),
];

/// The numbers of every deployment.
pub fn numbers(fleet: &Fleet) -> Vec<DeploymentNumber> {
    let now = now_ms();
    let mut numbers = Vec::new();
    for (deployment, place) in fleet.rosters.all() {
        let standing = &*place.standing;
        let labels = labels(fleet, deployment);
        for (name, kind, help, read) in COUNTS {
            numbers.push((name, kind, help, labels.clone(), read(standing)));
        }
        for (class, count) in standing.failed() {
            let mut labels = labels.clone();
            labels.push(("exception_class", class.as_str().to_owned()));
            numbers.push((
                "litellm_deployment_failure_responses_total",
                "counter",
                "Attempts at a deployment that failed",
                labels,
                float(count),
            ));
        }
        numbers.push((
            "litellm_deployment_state",
            "gauge",
            "0: healthy, 1: it failed this minute, 2: it rests",
            labels.clone(),
            state(standing, now),
        ));
        let limits = [
            (
                "litellm_deployment_rpm_limit",
                "Requests a minute",
                place.terms.rpm,
            ),
            (
                "litellm_deployment_tpm_limit",
                "Tokens a minute",
                place.terms.tpm,
            ),
        ];
        for (name, help, limit) in limits {
            numbers.extend(limit.map(|it| (name, "gauge", help, labels.clone(), float(it))));
        }
    }
    numbers
}

fn state(standing: &Standing, now_ms: i64) -> f64 {
    match standing.rests_until(now_ms) {
        Some(_) => 2.0,
        None if standing.failures(Minute::of(now_ms)) > 0 => 1.0,
        None => 0.0,
    }
}

fn labels(fleet: &Fleet, deployment: &Deployment) -> Vec<(&'static str, String)> {
    let base = fleet.line(&deployment.id).ok();
    let base = base.and_then(|it| it.api_base.clone());
    vec![
        ("litellm_model_name", deployment.model.clone()),
        ("model_id", deployment.id.as_str().to_owned()),
        ("api_base", base.unwrap_or_else(|| NONE.to_owned())),
        ("api_provider", deployment.provider.clone()),
        ("model_group", deployment.group.as_str().to_owned()),
    ]
}

/// Every deployment with how it is doing.
pub fn shown(fleet: &Fleet) -> Value {
    let now = now_ms();
    let mut all: Vec<Value> = fleet.rosters.all().map(|it| one(it, now)).collect();
    all.sort_by_key(|it| (text(it, "model_group"), text(it, "model_id")));
    json!({"strategy": fleet.config.router.strategy.as_str(), "deployments": all})
}

fn text(of: &Value, name: &str) -> String {
    let value = of.get(name).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

fn one((deployment, place): (&std::sync::Arc<Deployment>, &Place), now_ms: i64) -> Value {
    let (standing, minute) = (&place.standing, Minute::of(now_ms));
    let [sent, answered, cooled] = standing.totals();
    let failed: serde_json::Map<String, Value> = standing
        .failed()
        .map(|(class, count)| (class.as_str().to_owned(), count.into()))
        .collect();
    json!({
        "model_id": deployment.id.as_str(), "model_group": deployment.group.as_str(),
        "model": format!("{}/{}", deployment.provider, deployment.model),
        "order": deployment.order, "ready": place.ready,
        "in_flight": standing.under_way(),
        "requests_this_minute": standing.requests(minute), "tokens_this_minute": standing.tokens(minute),
        "failures_this_minute": standing.failures(minute),
        "rests_until_ms": standing.rests_until(now_ms),
        "peak_latency_seconds": standing.peak_latency(now_ms),
        "sent": sent, "answered": answered, "cooled_down": cooled, "failed": failed,
    })
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are floats")]
const fn float(count: u64) -> f64 {
    count as f64
}

//! How people are told of what cannot wait, as a form. `GET /alerting/settings`.

use serde_json::{Value, json};

use super::GENERAL;
use super::draft::holds;
use super::shown::source;
use crate::auth::Caller;
use crate::config::{Setting, defaults};
use crate::manage::fields::read;
use crate::manage::{Answer, Input, Manage};
use crate::store::ConfigRow;

/// Of `alerting_args`, those that have an effect; all of them whole numbers.
fn arguments() -> [(&'static str, u64, &'static str); 4] {
    [
        (
            "budget_alert_ttl",
            defaults::BUDGET_ALERT_TTL.as_secs(),
            "seconds within which the same budget or key is not told of again",
        ),
        (
            "outage_alert_ttl",
            defaults::OUTAGE_ALERT_TTL.as_secs(),
            "seconds within which failures are one outage",
        ),
        (
            "minor_outage_alert_threshold",
            u64::from(defaults::MINOR_OUTAGE),
            "failures that make a minor outage",
        ),
        (
            "major_outage_alert_threshold",
            u64::from(defaults::MAJOR_OUTAGE),
            "failures that make a major outage",
        ),
    ]
}

/// LiteLLM's form, with where each value comes from.
pub(in crate::manage) async fn settings(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see settings")?;
    read(&input.query, &[])?;
    let row = m.store.get::<ConfigRow>(GENERAL).await?;
    let stored = |name: &str| row.as_ref().is_some_and(|it| holds(it, name));
    let said = |name: &str| m.in_force.setting(GENERAL, name);
    let alerting = said("alerting");
    let mut form = vec![field(
        ("slack_alerting", "Boolean"),
        "people are told of outages, budgets and failures by a webhook that Slack understands",
        (alerting.as_ref().is_some_and(is_slack).into(), Value::Null),
        (alerting.as_ref(), stored("alerting")),
    )];
    let args = said("alerting_args");
    for (name, usual, about) in arguments() {
        let value = args.as_ref().and_then(|it| it.value.get(name)).cloned();
        // What says nothing of one leaves it as it is.
        let of = args.as_ref().filter(|_| value.is_some());
        form.push(field(
            (name, "Integer"),
            about,
            (value.unwrap_or_else(|| usual.into()), usual.into()),
            (of, of.is_some() && stored("alerting_args")),
        ));
    }
    Ok(form.into())
}

fn is_slack(alerting: &Setting) -> bool {
    match &alerting.value {
        Value::Array(list) => list.iter().any(|it| it == "slack"),
        one => one == "slack",
    }
}

fn field(
    (name, kind): (&str, &str),
    about: &str,
    (value, usual): (Value, Value),
    (of, stored): (Option<&Setting>, bool),
) -> Value {
    json!({
        "field_name": name,
        "field_type": kind,
        "field_description": about,
        "field_value": value,
        "field_default_value": usual,
        "stored_in_db": stored,
        "premium_field": false,
        "source": of.map_or_else(|| json!({"kind": "default"}), |it| source(&it.source)),
    })
}

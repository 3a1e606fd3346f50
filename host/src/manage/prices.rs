//! The price table: where it comes from, and when it is fetched anew. `/model/cost_map/source`,
//! `/get/litellm_model_cost_map`, `/reload/model_cost_map`, `/schedule/model_cost_map_reload`.

use serde_json::{Value, json};

use super::fault::{bad, missing};
use super::fields::{Field, Kind};
use super::rights::Rights;
use super::{Answer, Input, Manage, time};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::store::{ConfigRow, Sealed, Stamp};

/// The row of the schedule, under the name that LiteLLM gives it. Every replica goes by it.
pub const PRICE_SCHEDULE: &str = "model_cost_map_reload_config";

/// A year.
const MOST_HOURS: u64 = 8_784;
const HOUR_MS: i64 = 3_600_000;

async fn admin(m: &Manage, caller: &Caller) -> Result<Rights, Fault> {
    let rights = m.rights(caller).await?;
    rights.need_admin("change where prices come from")?;
    Ok(rights)
}

/// The hours between two fetches, if there is a schedule.
fn hours(row: Option<&ConfigRow>) -> Option<i64> {
    row?.doc
        .get("interval_hours")?
        .as_i64()
        .filter(|it| *it > 0)
}

/// Changes the schedule's row.
async fn change(m: &Manage, rights: &Rights, name: &str, value: Value) -> Result<(), Fault> {
    let mut work = m.work(rights).await?;
    let before = work.get::<ConfigRow>(PRICE_SCHEDULE).await?;
    let mut row = before.clone().unwrap_or_else(|| ConfigRow {
        id: PRICE_SCHEDULE.to_owned(),
        sealed: Sealed::default(),
        stamp: Stamp::new(work.now, &work.actor),
        doc: json!({}),
    });
    row.stamp.touch(work.now, &work.actor);
    if !row.doc.is_object() {
        row.doc = json!({});
    }
    if let Some(doc) = row.doc.as_object_mut() {
        doc.insert(name.to_owned(), value);
        let version = m.in_force.price_table().version;
        doc.insert("version".to_owned(), version.into());
    }
    match &before {
        Some(before) => work.update("updated", before, &row).await?,
        None => work.insert(&row).await?,
    }
    work.commit().await
}

/// `POST /reload/model_cost_map`: fetches prices now; the other replicas do so within seconds.
pub(super) async fn reload(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    input.query_fields(&[])?;
    input.body_fields(&[])?;
    let now = m.now();
    m.in_force.fetch_prices(now).await?;
    change(m, &rights, "requested_at", now.into()).await?;
    let table = m.in_force.price_table();
    Ok(json!({
        "message": format!("Price data reloaded successfully! {} models updated.", table.models),
        "status": "success",
        "models_count": table.models,
        "version": table.version,
        "timestamp": time::iso(now),
    }))
}

/// `POST /schedule/model_cost_map_reload?hours=`.
pub(super) async fn schedule(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let asked = input.query_fields(&[&[Field("hours", Kind::Text)]])?;
    input.body_fields(&[])?;
    let hours = asked.text("hours").ok_or_else(|| missing("hours"))?;
    let hours: Option<u64> = hours.trim().parse().ok();
    let hours = hours
        .filter(|it| (1..=MOST_HOURS).contains(it))
        .ok_or_else(|| {
            bad(
                "hours",
                format!("`hours` must be a whole number from 1 to {MOST_HOURS}"),
            )
        })?;
    change(m, &rights, "interval_hours", hours.into()).await?;
    Ok(json!({
        "message": format!("Price data reload scheduled for every {hours} hours"),
        "status": "success",
        "interval_hours": hours,
        "timestamp": time::iso(m.now()),
    }))
}

/// `DELETE /schedule/model_cost_map_reload`.
pub(super) async fn unschedule(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    input.query_fields(&[])?;
    let row = m.store.get::<ConfigRow>(PRICE_SCHEDULE).await?;
    if hours(row.as_ref()).is_none() {
        let message = "no reload of prices is scheduled";
        return Err(bad("interval_hours", message).with_status(404));
    }
    change(m, &rights, "interval_hours", Value::Null).await?;
    Ok(json!({
        "message": "Periodic reload job cancelled successfully",
        "status": "success",
        "timestamp": time::iso(m.now()),
    }))
}

/// `GET /schedule/model_cost_map_reload/status`: of the replica that answers.
pub(super) async fn status(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller)
        .await?
        .need_sight("see the schedule of prices")?;
    input.query_fields(&[])?;
    let row = m.store.get::<ConfigRow>(PRICE_SCHEDULE).await?;
    let (hours, last) = (hours(row.as_ref()), m.in_force.price_table().fetched_ms);
    let next = last.zip(hours);
    let next = next.map(|(last, hours)| last.saturating_add(hours.saturating_mul(HOUR_MS)));
    Ok(json!({
        "scheduled": hours.is_some(),
        "interval_hours": hours,
        "last_run": time::iso_or_null(last),
        "next_run": time::iso_or_null(next),
    }))
}

/// `GET /model/cost_map/source`.
pub(super) async fn source(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller)
        .await?
        .need_sight("see where prices come from")?;
    input.query_fields(&[])?;
    let table = m.in_force.price_table();
    Ok(json!({
        "source": if table.is_remote { "remote" } else { "local" },
        "url": table.url,
        "file": table.file,
        "is_env_forced": table.local_only,
        "fallback_reason": table.failure,
        "model_count": table.models,
        "version": table.version,
        "fetched_at": time::iso_or_null(table.fetched_ms),
    }))
}

/// `GET /get/litellm_model_cost_map`: every price.
pub(super) async fn map(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?;
    input.query_fields(&[])?;
    let in_force = m.in_force.clone();
    let map = tokio::task::spawn_blocking(move || in_force.price_map()).await;
    map.map(Value::Object)
        .map_err(|cause| Fault::ours("the gateway is shutting down", cause.to_string()))
}

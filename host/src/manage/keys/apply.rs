//! Fields of a request onto the row of a key, a team or a user.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::fields::{IN_METADATA, IN_REST};
use super::scope::{DENIED_ROUTES, GUARDRAILS};
use crate::auth::Networks;
use crate::budget::Period;
use crate::domain::Fault;
use crate::manage::fault::bad;
use crate::manage::fields::{Field, Given, Kind, read, set};
use crate::store::{KeyRow, Limits};

/// Limits that the request names.
pub(in crate::manage) fn limits(given: &Given, to: &mut Limits) {
    set! { given;
        "soft_budget" => to.soft_budget, money;
        "budget_duration" => to.budget_duration, text;
        "tpm_limit" => to.tpm_limit, count;
        "rpm_limit" => to.rpm_limit, count;
        "tpd_limit" => to.tpd_limit, count;
        "max_parallel_requests" => to.max_parallel_requests, count;
        "budget_limits" => to.budget_limits, list;
        "model_max_budget" => to.model_max_budget, object;
        "model_rpm_limit" => to.model_rpm_limit, object;
        "model_tpm_limit" => to.model_tpm_limit, object;
    }
}

/// `metadata` replaces what was there; fields beside it are put into it. Limits by model that
/// stand in it, where LiteLLM keeps them, go to their own place.
pub(in crate::manage) fn metadata(
    given: &Given,
    to: &mut Map<String, Value>,
    limits: &mut Limits,
) -> Result<(), Fault> {
    if given.has("metadata") {
        let mut whole = given.object("metadata");
        check_inside(&whole)?;
        for (name, place) in [
            ("model_rpm_limit", &mut limits.model_rpm_limit),
            ("model_tpm_limit", &mut limits.model_tpm_limit),
        ] {
            let moved = whole.shift_remove(name);
            if let (Some(Value::Object(moved)), false) = (moved, given.has(name)) {
                *place = moved;
            }
        }
        // What an admin forbids or has looked at outlives what others write.
        for name in [DENIED_ROUTES, GUARDRAILS] {
            if let Some(kept) = to.get(name).cloned() {
                whole.entry(name).or_insert(kept);
            }
        }
        *to = whole;
    }
    for Field(name, _) in IN_METADATA {
        given.keep(name, to);
    }
    let (increase, expiry) = ("temp_budget_increase", "temp_budget_expiry");
    if to.contains_key(increase) != to.contains_key(expiry) {
        let lacks = if to.contains_key(increase) {
            expiry
        } else {
            increase
        };
        let message = format!("`{increase}` and `{expiry}` must be set together");
        return Err(bad(lacks, message));
    }
    Ok(())
}

/// A key's addresses may stand in its metadata too, and then count.
const ADDRESSES: &str = "allowed_ips";

fn check_inside(metadata: &Map<String, Value>) -> Result<(), Fault> {
    let limits = [
        Field("model_rpm_limit", Kind::Counts),
        Field("model_tpm_limit", Kind::Counts),
        Field(ADDRESSES, Kind::Texts),
    ];
    for (name, value) in metadata {
        let known = IN_METADATA.iter().chain(&limits).find(|it| it.0 == name);
        if let Some(field) = known {
            let mut one = Map::new();
            one.insert(name.clone(), value.clone());
            let path = format!("metadata.{name}");
            let given = read(&one, &[&[*field]]);
            let given = given.map_err(|it| it.with_param(path.as_str()))?;
            if name == ADDRESSES {
                check_networks(&path, &given.texts(name))?;
            }
        }
    }
    Ok(())
}

/// Every field of a key that the request names, but for its text, `duration` and `spend`.
pub(super) fn key(given: &Given, row: &mut KeyRow, now: i64) -> Result<(), Fault> {
    let doc = &mut row.doc;
    set! { given;
        "key_alias" => row.alias, text;
        "user_id" => row.user_id, text;
        "team_id" => row.team_id, text;
        "organization_id" => row.organization_id, text;
        "project_id" => row.project_id, text;
        "budget_id" => row.budget_id, text;
        "max_budget" => row.max_budget, money;
        "models" => doc.models, texts;
        "aliases" => doc.aliases, object;
        "permissions" => doc.permissions, object;
        "allowed_routes" => doc.allowed_routes, texts;
        "access_group_ids" => doc.access_group_ids, texts;
        "key_type" => doc.key_type, text;
    }
    if given.has("blocked") {
        row.blocked = given.flag("blocked").unwrap_or(false);
    }
    limits(given, &mut doc.limits);
    metadata(given, &mut doc.metadata, &mut doc.limits)?;
    for name in IN_REST {
        given.keep(name, &mut doc.rest);
    }
    check_networks("allowed_ips", &given.texts("allowed_ips"))?;
    rotation(given, row, now)
}

/// Addresses and ranges: one that cannot be read would close the key to everybody.
fn check_networks(field: &str, list: &[String]) -> Result<(), Fault> {
    match Networks::parse(list.iter().map(String::as_str)) {
        Ok(_) => Ok(()),
        Err(other) => {
            let other = crate::manage::fault::shown(&other);
            let message = format!("`{field}`: `{other}` is no address and no range");
            Err(bad(field, message))
        }
    }
}

/// `auto_rotate` with `rotation_interval`: when the key is to be replaced next.
fn rotation(given: &Given, row: &mut KeyRow, now: i64) -> Result<(), Fault> {
    if !given.has("auto_rotate") && !given.has("rotation_interval") {
        return Ok(());
    }
    if row.doc.rest.get("auto_rotate") != Some(&Value::Bool(true)) {
        row.rotate_at = None;
        return Ok(());
    }
    let interval = row
        .doc
        .rest
        .get("rotation_interval")
        .and_then(Value::as_str);
    let period = interval.and_then(|it| it.parse::<Period>().ok());
    let period = period.ok_or_else(|| {
        bad(
            "rotation_interval",
            "`rotation_interval` is required with `auto_rotate`",
        )
    })?;
    row.rotate_at = Some(period.expiry(now, &TimeZone::UTC));
    Ok(())
}

/// When something with this `duration` ends, from now; null or missing: never.
pub(super) fn expiry(given: &Given, name: &str, now: i64) -> Option<i64> {
    let period = given.text(name)?.parse::<Period>().ok()?;
    Some(period.expiry(now, &TimeZone::UTC))
}

//! Budgets: limits that several holders share by name.

use serde_json::{Map, Value, json};

use super::keys;
use super::work::Audited;
use super::{Manage, time};
use crate::budget::Period;
use crate::store::{BudgetRow, Limits};

/// When the running window of a budget ends: as its account says, else as the calendar does.
pub(super) fn reset_at(m: &Manage, limits: &Limits, known: Option<i64>, now: i64) -> Option<i64> {
    let period = limits.budget_duration.as_deref()?.parse::<Period>().ok()?;
    let next = || m.settings.calendar.next_reset(period, now);
    Some(known.filter(|it| *it > now).unwrap_or_else(next))
}

/// A budget as LiteLLM shows it.
pub(super) fn show(m: &Manage, row: &BudgetRow, now: i64) -> Value {
    let mut shown = plain(row);
    let reset = match row.doc.rest.get("budget_reset_at") {
        Some(fixed) => fixed.clone(),
        None => time::iso_or_null(reset_at(m, &row.doc.limits, None, now)),
    };
    shown.insert("budget_reset_at".to_owned(), reset);
    Value::Object(shown)
}

fn plain(row: &BudgetRow) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("budget_id".to_owned(), row.id.clone().into());
    shown.insert("max_budget".to_owned(), keys::dollars(row.max_budget));
    keys::show_limits(&row.doc.limits, &mut shown);
    shown.insert("allowed_models".to_owned(), json!(row.doc.allowed_models));
    shown.insert("created_at".to_owned(), time::iso(row.stamp.created_at));
    shown.insert("updated_at".to_owned(), time::iso(row.stamp.updated_at));
    shown.insert("created_by".to_owned(), row.stamp.created_by.clone().into());
    shown.insert("updated_by".to_owned(), row.stamp.updated_by.clone().into());
    shown
}

impl Audited for BudgetRow {
    fn shown(&self) -> Value {
        Value::Object(plain(self))
    }
}

//! The row of a key as LiteLLM shows it.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::auto::{COUNT, LAST};
use super::fields::{IN_METADATA, IN_REST};
use crate::domain::{EntityKind, Fault, Usd};
use crate::manage::fields::Field;
use crate::manage::logging;
use crate::manage::spend::Spends;
use crate::manage::work::Audited;
use crate::manage::{Manage, budgets, time};
use crate::store::{BudgetRow, Filter, KeyRow, Limits, Query, TeamRow};

/// What a page of keys needs beside its rows, read at once.
pub(in crate::manage) struct Views {
    spends: Spends,
    budgets: HashMap<String, BudgetRow>,
    /// The organisations of teams whose keys name none of their own.
    organizations: HashMap<String, String>,
    now: i64,
}

impl Views {
    pub async fn of(m: &Manage, keys: &[KeyRow]) -> Result<Self, Fault> {
        let alone = keys.iter().filter(|it| it.organization_id.is_none());
        let teams = alone.filter_map(|it| it.team_id.as_deref());
        let ids: Vec<String> = keys.iter().map(|it| it.id.clone()).collect();
        let budgets = keys.iter().filter_map(|it| it.budget_id.as_deref());
        Ok(Self {
            spends: Spends::of(m, EntityKind::Key, &ids).await?,
            budgets: budgets_of(m, budgets).await?,
            organizations: organizations_of(m, teams).await?,
            now: m.now(),
        })
    }

    pub fn show(&self, m: &Manage, row: &KeyRow) -> Value {
        let mut shown = plain(row);
        if row.organization_id.is_none() {
            let team = row.team_id.as_deref();
            let organization = team.and_then(|it| self.organizations.get(it));
            for name in ["organization_id", "org_id"] {
                shown.insert(name.to_owned(), json!(organization));
            }
        }
        let spend = self.spends.get(&row.id);
        shown.insert("spend".to_owned(), spend.window.dollars().into());
        shown.insert("total_spend".to_owned(), spend.total.dollars().into());
        let reset = spend.reset_at;
        let reset = budgets::reset_at(m, &row.doc.limits, reset, self.now);
        shown.insert("budget_reset_at".to_owned(), time::iso_or_null(reset));
        let table = row.budget_id.as_deref().and_then(|id| self.budgets.get(id));
        let table = table.map_or(Value::Null, |it| budgets::show(m, it, self.now));
        shown.insert("litellm_budget_table".to_owned(), table);
        shown.insert("status".to_owned(), status(row, self.now).into());
        Value::Object(shown)
    }
}

/// Budgets by their ids.
pub(in crate::manage) async fn budgets_of<'a>(
    m: &Manage,
    ids: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, BudgetRow>, Fault> {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = ids.into_iter().map(Into::into).collect();
    let query = Query::new().with(Filter::In("id", ids));
    let budgets = m.store.list::<BudgetRow>(&query).await?.rows.into_iter();
    Ok(budgets.map(|it| (it.id.clone(), it)).collect())
}

/// The organisations of teams, by team.
async fn organizations_of<'a>(
    m: &Manage,
    teams: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, String>, Fault> {
    let teams: BTreeSet<&str> = teams.collect();
    if teams.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = teams.into_iter().map(Into::into).collect();
    let query = Query::new().with(Filter::In("id", ids));
    let teams = m.store.list::<TeamRow>(&query).await?.rows.into_iter();
    Ok(teams
        .filter_map(|it| Some((it.id, it.organization_id?)))
        .collect())
}

/// LiteLLM's words for the state of a key.
pub(super) fn status(row: &KeyRow, now: i64) -> &'static str {
    if row.blocked {
        "revoked"
    } else if row.expires_at.is_some_and(|it| it <= now) {
        "expired"
    } else {
        "active"
    }
}

/// Everything that stands in the row itself.
fn plain(row: &KeyRow) -> Map<String, Value> {
    let doc = &row.doc;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    put("token", row.id.clone().into());
    put("key_name", row.name.clone().into());
    put("key_alias", row.alias.clone().into());
    put("user_id", row.user_id.clone().into());
    put("team_id", row.team_id.clone().into());
    put("organization_id", row.organization_id.clone().into());
    put("org_id", row.organization_id.clone().into());
    put("project_id", row.project_id.clone().into());
    put("budget_id", row.budget_id.clone().into());
    put("blocked", row.blocked.into());
    put("expires", time::iso_or_null(row.expires_at));
    put("key_rotation_at", time::iso_or_null(row.rotate_at));
    put("max_budget", dollars(row.max_budget));
    put("models", json!(doc.models));
    put("aliases", json!(doc.aliases));
    put("permissions", json!(doc.permissions));
    put("allowed_routes", json!(doc.allowed_routes));
    put("access_group_ids", json!(doc.access_group_ids));
    put(
        "key_type",
        doc.key_type.clone().unwrap_or("default".to_owned()).into(),
    );
    put("created_at", time::iso(row.stamp.created_at));
    put("updated_at", time::iso(row.stamp.updated_at));
    put("created_by", row.stamp.created_by.clone().into());
    put("updated_by", row.stamp.updated_by.clone().into());
    for name in IN_REST {
        put(
            name,
            doc.rest
                .get(*name)
                .cloned()
                .unwrap_or_else(|| default_of(name)),
        );
    }
    let rotated = |name: &str| doc.rest.get(name).cloned();
    put(COUNT, rotated(COUNT).unwrap_or_else(|| 0.into()));
    put(LAST, rotated(LAST).unwrap_or_default());
    limits(&doc.limits, &mut shown);
    metadata(&doc.metadata, &doc.limits, &mut shown);
    shown
}

fn default_of(name: &str) -> Value {
    match name {
        "config" | "budget_fallbacks" => json!({}),
        "allowed_cache_controls" => json!([]),
        "auto_rotate" => false.into(),
        _ => Value::Null,
    }
}

/// An amount in dollars, or null.
pub(in crate::manage) fn dollars(amount: Option<Usd>) -> Value {
    amount.map_or(Value::Null, |it| it.dollars().into())
}

/// Limits as the API names them; `max_budget` is a column of its own.
pub(in crate::manage) fn limits(from: &Limits, shown: &mut Map<String, Value>) {
    let mut put = |name: &str, value: Value| {
        shown.insert(name.to_owned(), value);
    };
    put("soft_budget", dollars(from.soft_budget));
    put("budget_duration", from.budget_duration.clone().into());
    put("budget_limits", json!(from.budget_limits));
    put("tpm_limit", from.tpm_limit.into());
    put("rpm_limit", from.rpm_limit.into());
    put("tpd_limit", from.tpd_limit.into());
    put("max_parallel_requests", from.max_parallel_requests.into());
    put("model_max_budget", json!(from.model_max_budget));
    put("model_rpm_limit", json!(from.model_rpm_limit));
    put("model_tpm_limit", json!(from.model_tpm_limit));
}

/// `metadata` with the limits that LiteLLM keeps in it, and what it keeps in it again outside.
pub(in crate::manage) fn metadata(
    from: &Map<String, Value>,
    limits: &Limits,
    shown: &mut Map<String, Value>,
) {
    let mut whole = from.clone();
    for (name, limit) in [
        ("model_rpm_limit", &limits.model_rpm_limit),
        ("model_tpm_limit", &limits.model_tpm_limit),
    ] {
        if !limit.is_empty() {
            whole.insert(name.to_owned(), json!(limit));
        }
    }
    for Field(name, _) in IN_METADATA {
        let value = whole.get(*name).cloned().unwrap_or_default();
        shown.insert((*name).to_owned(), value);
    }
    logging::masked(&mut whole);
    shown.insert("metadata".to_owned(), Value::Object(whole));
}

impl Audited for KeyRow {
    fn shown(&self) -> Value {
        Value::Object(plain(self))
    }
}

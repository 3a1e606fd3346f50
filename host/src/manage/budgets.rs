//! Budgets: limits that several holders can share by name. Also `/budget/*`.

use serde_json::{Map, Value, json};

use super::fault::{absent, bad, missing};
use super::fields::{Field, Given, Kind, set};
use super::rights::Rights;
use super::work::{Audited, Work};
use super::{Answer, Input, Manage, access_groups, keys, time};
use crate::auth::Caller;
use crate::budget::Period;
use crate::domain::Fault;
use crate::store::{
    BudgetRow, EndUserRow, Filter, KeyRow, Limits, OrganizationMemberRow, OrganizationRow, Query,
    Record, Stamp, TagRow, TeamMemberRow, TeamRow, UserRow,
};

/// What a budget may have.
pub(super) const BUDGET: &[Field] = &[
    Field("max_budget", Kind::Money),
    Field("soft_budget", Kind::Money),
    Field("budget_duration", Kind::Duration),
    Field("tpm_limit", Kind::Count),
    Field("rpm_limit", Kind::Count),
    Field("tpd_limit", Kind::Count),
    Field("max_parallel_requests", Kind::Count),
    Field("model_max_budget", Kind::ModelBudgets),
    Field("allowed_models", Kind::Texts),
    Field("budget_reset_at", Kind::Moment),
];

pub(super) const NAMED: &[Field] = &[Field("budget_id", Kind::Id)];

/// When the running window of a budget ends: as its account says, else as the calendar does.
pub(super) fn reset_at(m: &Manage, limits: &Limits, known: Option<i64>, now: i64) -> Option<i64> {
    let period = limits.budget_duration.as_deref()?.parse::<Period>().ok()?;
    let next = || m.settings().calendar.next_reset(period, now);
    Some(known.filter(|it| *it > now).unwrap_or_else(next))
}

/// A budget as LiteLLM shows it.
pub(super) fn show(m: &Manage, row: &BudgetRow, now: i64) -> Value {
    let mut shown = plain(row);
    // Windows end by the calendar, whatever a row says.
    let reset = reset_at(m, &row.doc.limits, None, now);
    shown.insert("budget_reset_at".to_owned(), time::iso_or_null(reset));
    Value::Object(shown)
}

fn plain(row: &BudgetRow) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("budget_id".to_owned(), row.id.clone().into());
    shown.insert("max_budget".to_owned(), keys::dollars(row.max_budget));
    keys::show_limits(&row.doc.limits, &mut shown);
    shown.insert("allowed_models".to_owned(), json!(row.doc.allowed_models));
    for (name, value) in &row.doc.rest {
        shown.insert(name.clone(), value.clone());
    }
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

/// A budget with what the request says; whose holders pay from it is theirs to name.
pub(super) fn new_row(work: &Work<'_>, id: Option<String>, given: &Given) -> BudgetRow {
    let mut row = BudgetRow {
        id: id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
        stamp: Stamp::new(work.now, &work.actor),
        ..BudgetRow::default()
    };
    apply(given, &mut row);
    row
}

/// Every field of a budget that the request names.
pub(super) fn apply(given: &Given, row: &mut BudgetRow) {
    set! { given;
        "max_budget" => row.max_budget, money;
        "allowed_models" => row.doc.allowed_models, texts;
    }
    keys::apply_limits(given, &mut row.doc.limits);
}

/// For a holder whose budget is a row: makes the budget, changes it, or names another. None
/// stays None where the request says nothing of a budget.
pub(super) async fn of_holder(
    work: &mut Work<'_>,
    given: &Given,
    now_named: Option<&str>,
) -> Result<Option<String>, Fault> {
    if let Some(id) = given.text("budget_id") {
        let names = BUDGET.iter().map(|it| it.0);
        if let Some(name) = names.into_iter().find(|name| given.some(name)) {
            let message = format!("give either `budget_id` or `{name}`, not both");
            return Err(bad(name, message));
        }
        if work.get::<BudgetRow>(&id).await?.is_none() {
            return Err(keys::unknown("budget_id", &id));
        }
        return Ok(Some(id));
    }
    if given.has("budget_id") {
        return Ok(None);
    }
    if !BUDGET.iter().any(|Field(name, _)| given.has(name)) {
        return Ok(now_named.map(str::to_owned));
    }
    let before = match now_named {
        Some(id) => work.get::<BudgetRow>(id).await?,
        None => None,
    };
    if let Some(before) = before {
        let mut row = before.clone();
        row.stamp.touch(work.now, &work.actor);
        apply(given, &mut row);
        work.update("updated", &before, &row).await?;
        return Ok(Some(row.id));
    }
    if !BUDGET.iter().any(|Field(name, _)| given.some(name)) {
        return Ok(None);
    }
    let row = new_row(work, None, given);
    work.insert(&row).await?;
    Ok(Some(row.id))
}

/// Whether any holder names the budget.
pub(super) async fn is_used(work: &mut Work<'_>, id: &str) -> Result<bool, Fault> {
    async fn names<R: Record>(work: &mut Work<'_>, id: &str) -> Result<bool, Fault> {
        let query = Query::new().is("budget_id", id).page(1, 1);
        Ok(work.change.list::<R>(&query).await?.total > 0)
    }
    Ok(names::<KeyRow>(work, id).await?
        || names::<UserRow>(work, id).await?
        || names::<TeamRow>(work, id).await?
        || names::<TeamMemberRow>(work, id).await?
        || names::<OrganizationRow>(work, id).await?
        || names::<OrganizationMemberRow>(work, id).await?
        || names::<EndUserRow>(work, id).await?
        || names::<TagRow>(work, id).await?
        || access_groups::share_budget(work, id).await?)
}

async fn admin(m: &Manage, caller: &Caller) -> Result<Rights, Fault> {
    let rights = m.rights(caller).await?;
    rights.need_admin("manage budgets")?;
    Ok(rights)
}

/// `POST /budget/new`.
pub(super) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = input.body_fields(&[BUDGET, NAMED])?;
    let mut work = m.work(&rights).await?;
    let row = new_row(&work, given.text("budget_id"), &given);
    work.insert(&row).await?;
    work.commit().await?;
    Ok(show(m, &row, m.now()))
}

/// `POST /budget/update`.
pub(super) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = input.body_fields(&[BUDGET, NAMED])?;
    let id = given.need("budget_id")?;
    let mut work = m.work(&rights).await?;
    let before = work.get::<BudgetRow>(&id).await?;
    let before = before.ok_or_else(|| absent("budget_id", "budget", &id))?;
    let mut row = before.clone();
    row.stamp.touch(work.now, &work.actor);
    apply(&given, &mut row);
    work.update("updated", &before, &row).await?;
    work.commit().await?;
    Ok(show(m, &row, m.now()))
}

/// `POST /budget/delete`. A budget that somebody names is refused.
pub(super) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let id = input.body_fields(&[&[Field("id", Kind::Id)]])?.need("id")?;
    let mut work = m.work(&rights).await?;
    let row = work.get::<BudgetRow>(&id).await?;
    let row = row.ok_or_else(|| absent("id", "budget", &id))?;
    if is_used(&mut work, &id).await? {
        let message = "this budget is still in use; take it from its holders first";
        return Err(bad("id", message));
    }
    work.delete(std::slice::from_ref(&row)).await?;
    work.commit().await?;
    Ok(show(m, &row, m.now()))
}

/// `POST /budget/info`.
pub(super) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see budgets")?;
    let ids = input
        .body_fields(&[&[Field("budgets", Kind::Texts)]])?
        .texts("budgets");
    if ids.is_empty() {
        return Err(missing("budgets"));
    }
    let named = ids.iter().map(Into::into).collect();
    let query = Query::new().with(Filter::In("id", named));
    let rows = m.store.list::<BudgetRow>(&query).await?.rows;
    if let Some(id) = ids.iter().find(|id| !rows.iter().any(|it| it.id == **id)) {
        return Err(absent("budgets", "budget", id));
    }
    Ok(rows.iter().map(|it| show(m, it, m.now())).collect())
}

/// `GET /budget/list`.
pub(super) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see budgets")?;
    input.query_fields(&[])?;
    let rows = m.store.list::<BudgetRow>(&Query::new()).await?.rows;
    Ok(rows.iter().map(|it| show(m, it, m.now())).collect())
}

/// `GET /budget/settings?budget_id=`: the fields of a budget for a form, with their values.
pub(super) async fn settings(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see budgets")?;
    let id = input.query_fields(&[NAMED])?.need("budget_id")?;
    let row = m.store.get::<BudgetRow>(&id).await?;
    let row = row.ok_or_else(|| absent("budget_id", "budget", &id))?;
    let shown = show(m, &row, m.now());
    let fields = BUDGET.iter().map(|Field(name, kind)| {
        let value = shown.get(*name).cloned().unwrap_or_default();
        json!({
            "field_name": name,
            "field_type": kind.type_name(),
            "field_description": kind.describe(),
            "field_value": value,
            "stored_in_db": !value.is_null(),
            "field_default_value": null,
        })
    });
    Ok(fields.collect())
}

//! Budgets of access groups: whoever reaches one of the models spends the same money.
//! `/access_group/{access_group}/budget`.

use serde_json::{Value, json};

use super::access_groups::{admin, find};
use super::fault::bad;
use super::fields::{Field, Kind};
use super::spend::Spends;
use super::work::Work;
use super::{Answer, Input, Manage, budgets};
use crate::auth::Caller;
use crate::domain::{EntityKind, Fault};
use crate::store::{AccessGroupRow, BudgetRow, Stamp};

/// Where the budget is named in the document of a group.
const NAMED: &str = "budget_id";

/// Limits of requests and tokens are none of a group's, as in LiteLLM.
const FIELDS: &[Field] = &[
    Field(NAMED, Kind::Id),
    Field("max_budget", Kind::Money),
    Field("soft_budget", Kind::Money),
    Field("budget_duration", Kind::Duration),
];

/// The budget that a group has.
pub(super) fn budget_of(row: &AccessGroupRow) -> Option<&str> {
    row.doc.rest.get(NAMED).and_then(Value::as_str)
}

/// `PUT /access_group/{access_group}/budget`: sets or replaces it.
pub(super) async fn set(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let given = input.body_fields(&[FIELDS])?;
    if !FIELDS.iter().any(|Field(name, _)| given.some(name)) {
        let message = "set `max_budget`, `soft_budget`, `budget_duration` or `budget_id`";
        return Err(bad("max_budget", message));
    }
    let found = find_or_begin(m, caller, &input).await?;
    let mut work = m.work(&rights).await?;
    let before: Option<AccessGroupRow> = work.get(&found.id).await?;
    let mut row = before.clone().unwrap_or(found);
    row.stamp.touch(work.now, &work.actor);
    let had = budget_of(&row).map(str::to_owned);
    let budget = budgets::of_holder(&mut work, &given, had.as_deref()).await?;
    if let Some(budget) = &budget {
        row.doc
            .rest
            .insert(NAMED.to_owned(), budget.as_str().into());
    }
    match &before {
        Some(before) => work.update("updated", before, &row).await?,
        None => {
            row.stamp = Stamp::new(work.now, &work.actor);
            work.insert(&row).await?;
        }
    }
    if budget != had {
        let_go(&mut work, had.as_deref()).await?;
    }
    work.commit().await?;
    show(m, &row).await
}

/// `GET /access_group/{access_group}/budget`.
pub(super) async fn get(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?.need_sight("see access groups")?;
    input.query_fields(&[])?;
    show(m, &find_or_begin(m, caller, &input).await?).await
}

/// `DELETE /access_group/{access_group}/budget`. The group stays, and what it spent.
pub(super) async fn clear(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = admin(m, caller).await?;
    let found = find_or_begin(m, caller, &input).await?;
    let had = budget_of(&found).map(str::to_owned);
    if let Some(budget) = &had {
        let mut work = m.work(&rights).await?;
        let before: AccessGroupRow = work.change.need(&found.id).await?;
        let mut row = before.clone();
        row.doc.rest.shift_remove(NAMED);
        row.stamp.touch(work.now, &work.actor);
        work.update("updated", &before, &row).await?;
        let_go(&mut work, Some(budget)).await?;
        work.commit().await?;
    }
    let name = &found.name;
    Ok(json!({
        "access_group": name,
        "budget_deleted": had.is_some(),
        "message": match had {
            Some(_) => format!("the budget of access group {name} is deleted"),
            None => format!("access group {name} has no budget"),
        },
    }))
}

/// A budget that nobody names any more goes.
pub(super) async fn let_go(work: &mut Work<'_>, budget: Option<&str>) -> Result<(), Fault> {
    let Some(id) = budget else { return Ok(()) };
    if let Some(row) = work.get::<BudgetRow>(id).await?
        && !budgets::is_used(work, id).await?
    {
        work.delete(&[row]).await?;
    }
    Ok(())
}

/// A group of the database, else one of the config, which has no row yet.
async fn find_or_begin(
    m: &Manage,
    caller: &Caller,
    input: &Input,
) -> Result<AccessGroupRow, Fault> {
    let absent = match find(m, input).await {
        Ok(row) => return Ok(row),
        Err(fault) => fault,
    };
    let name = input.part("access_group")?;
    let in_config = m.in_force.deployments(caller).iter().any(|it| {
        let groups = it.model_info.get("access_groups").and_then(Value::as_array);
        groups.is_some_and(|groups| groups.iter().any(|it| it == name))
    });
    if !in_config {
        return Err(absent);
    }
    Ok(AccessGroupRow {
        id: uuid::Uuid::new_v4().to_string(),
        name: name.to_owned(),
        ..AccessGroupRow::default()
    })
}

async fn show(m: &Manage, row: &AccessGroupRow) -> Answer {
    let budget = match budget_of(row) {
        Some(id) => m.store.get::<BudgetRow>(id).await?,
        None => None,
    };
    let name = row.name.clone();
    let spends = Spends::of(m, EntityKind::AccessGroup, std::slice::from_ref(&name)).await?;
    let spend = spends.get(&name);
    let shown = budget.map(|it| {
        let ends = budgets::reset_at(m, &it.doc.limits, spend.reset_at, m.now());
        json!({
            "budget_id": it.id,
            "max_budget": super::keys::dollars(it.max_budget),
            "soft_budget": super::keys::dollars(it.doc.limits.soft_budget),
            "budget_duration": it.doc.limits.budget_duration,
            "budget_reset_at": super::time::iso_or_null(ends),
        })
    });
    Ok(json!({
        "access_group": name,
        "spend": spend.window.dollars(),
        "budget": shown,
    }))
}

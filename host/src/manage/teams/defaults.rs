//! What the members of a team have where nothing else is said of them: a budget that they share
//! by name, not by money.

use super::fields::{MEMBER_BUDGET, MEMBER_DEFAULTS};
use super::limits;
use crate::domain::Fault;
use crate::manage::fields::{Field, Given, set};
use crate::manage::work::Work;
use crate::store::{BudgetRow, Query, Stamp, TeamMemberRow, TeamRow};

/// Makes or changes the members' budget as the request says, and names it in the team's metadata.
/// Members that have nothing of their own get it.
pub(super) async fn apply(
    work: &mut Work<'_>,
    given: &Given,
    team: &mut TeamRow,
) -> Result<(), Fault> {
    if !MEMBER_DEFAULTS.iter().any(|Field(name, _)| given.has(name)) {
        return Ok(());
    }
    let known = team
        .doc
        .metadata
        .get(MEMBER_BUDGET)
        .and_then(|it| it.as_str());
    let before = match known {
        Some(id) => work.get::<BudgetRow>(id).await?,
        None => None,
    };
    let mut row = before.clone().unwrap_or_else(|| BudgetRow {
        id: uuid::Uuid::new_v4().to_string(),
        stamp: Stamp::new(work.now, &work.actor),
        ..BudgetRow::default()
    });
    let limits = &mut row.doc.limits;
    set! { given;
        "team_member_budget" => row.max_budget, money;
        "team_member_budget_duration" => limits.budget_duration, text;
        "team_member_rpm_limit" => limits.rpm_limit, count;
        "team_member_tpm_limit" => limits.tpm_limit, count;
        "team_member_model_max_budget" => limits.model_max_budget, object;
    }
    let name = row.id.as_str().into();
    team.doc.metadata.insert(MEMBER_BUDGET.to_owned(), name);
    match before {
        Some(before) => {
            row.stamp.touch(work.now, &work.actor);
            work.update("updated", &before, &row).await
        }
        None => {
            work.insert(&row).await?;
            share(work, team).await
        }
    }
}

async fn share(work: &mut Work<'_>, team: &TeamRow) -> Result<(), Fault> {
    let query = Query::new().is("team_id", team.id.as_str());
    for before in work.change.list::<TeamMemberRow>(&query).await?.rows {
        let mut row = before.clone();
        limits::share_budget(team, &mut row);
        if row != before {
            row.stamp.touch(work.now, &work.actor);
            work.update("updated", &before, &row).await?;
        }
    }
    Ok(())
}

//! `POST /team/delete`, `/team/block` and `/team/unblock`.

use serde_json::json;

use super::fields::MEMBER_BUDGET;
use super::update::need;
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{forbidden, missing};
use crate::manage::fields::{Field, Kind};
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage};
use crate::store::{BudgetRow, KeyRow, Query, TeamMemberRow, TeamRow};

/// Deletes teams with their keys and seats: all of it, or nothing.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.body_fields(&[&[Field("team_ids", Kind::Texts)]])?;
    let mut ids = asked.texts("team_ids");
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Err(missing("team_ids"));
    }
    let mut work = m.work(&rights).await?;
    for id in &ids {
        let team = need(&mut work, &rights, id)
            .await
            .map_err(|it| it.with_param("team_ids"))?;
        let organization = team.organization_id.as_deref();
        if !organization.map_or(rights.is_admin(), |it| rights.changes_organization(it)) {
            let message = "an admin of the team may not delete it";
            return Err(forbidden("team_ids", message));
        }
        remove(&mut work, &team).await?;
    }
    work.commit().await?;
    Ok(json!({"deleted_teams": ids}))
}

/// A team, its keys, its seats and its members' budget.
pub(in crate::manage) async fn remove(work: &mut Work<'_>, team: &TeamRow) -> Result<(), Fault> {
    let query = || Query::new().is("team_id", team.id.as_str());
    let keys = work.change.list::<KeyRow>(&query()).await?.rows;
    work.delete(&keys).await?;
    let seats = work.change.list::<TeamMemberRow>(&query()).await?.rows;
    super::limits::rise(work, team, &seats).await?;
    work.delete(std::slice::from_ref(team)).await?;
    let shared = team
        .doc
        .metadata
        .get(MEMBER_BUDGET)
        .and_then(|it| it.as_str());
    if let Some(id) = shared
        && let Some(budget) = work.get::<BudgetRow>(id).await?
    {
        work.delete(&[budget]).await?;
    }
    Ok(())
}

/// Closes every key of a team.
pub(in crate::manage) async fn block(m: &Manage, caller: &Caller, input: Input) -> Answer {
    set_blocked(m, caller, &input, true).await
}

pub(in crate::manage) async fn unblock(m: &Manage, caller: &Caller, input: Input) -> Answer {
    set_blocked(m, caller, &input, false).await
}

async fn set_blocked(m: &Manage, caller: &Caller, input: &Input, blocked: bool) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.body_fields(&[&[Field("team_id", Kind::Id)]])?;
    let id = asked.need("team_id")?;
    let mut work = m.work(&rights).await?;
    let before = need(&mut work, &rights, &id).await?;
    let organization = before.organization_id.as_deref();
    if !organization.map_or(rights.is_admin(), |it| rights.changes_organization(it)) {
        let message = "an admin of the team may not block or unblock it";
        return Err(forbidden("team_id", message));
    }
    let mut row = before.clone();
    row.blocked = blocked;
    row.stamp.touch(work.now, &work.actor);
    let action = if blocked { "blocked" } else { "unblocked" };
    work.update(action, &before, &row).await?;
    work.commit().await?;
    let views = super::Views::of(m, std::slice::from_ref(&row)).await?;
    Ok(views.show(m, &row))
}

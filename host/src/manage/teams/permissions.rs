//! `GET /team/permissions_list` and `POST /team/permissions_update`: management routes that the
//! members of a team may call for its keys.

use serde_json::json;

use super::update::need;
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{bad, missing};
use crate::manage::fields::{Field, Kind};
use crate::manage::rights::foreign;
use crate::manage::{Answer, Input, Manage};
use crate::store::{Query, TeamRow};

/// Routes that a team can give its members, with LiteLLM's names.
const PERMISSIONS: &[&str] = &[
    "/key/generate",
    "/key/update",
    "/key/delete",
    "/key/regenerate",
    "/key/service-account/generate",
    "/key/{key_id}/regenerate",
    "/key/block",
    "/key/unblock",
    "/key/bulk_update",
    "/team/key/bulk_update",
    "/key/{key_id}/reset_spend",
    "/key/access_group_assignment",
    "/key/info",
    "/key/health",
    "/key/list",
    "/key/aliases",
    "/team/daily/activity",
    "/team/daily/activity/aggregated",
    "/spend/logs",
    "/spend/logs/v2",
];

/// Only routes that a member can be given.
pub(super) fn check(field: &str, given: &[String]) -> Result<(), Fault> {
    match given.iter().find(|it| !PERMISSIONS.contains(&it.as_str())) {
        None => Ok(()),
        Some(other) => {
            let other = crate::manage::fault::shown(other);
            let all = PERMISSIONS.join(", ");
            Err(bad(field, format!("`{field}`: `{other}` is none of {all}")))
        }
    }
}

pub(in crate::manage) async fn list(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.query_fields(&[&[Field("team_id", Kind::Text)]])?;
    let team = m.team(&asked.need("team_id")?).await?;
    if !rights.sees_team(&team) {
        return Err(foreign("team_id", "team"));
    }
    Ok(shown(&team))
}

pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let field = "team_member_permissions";
    let fields = &[Field("team_id", Kind::Id), Field(field, Kind::Texts)];
    let asked = input.body_fields(&[fields])?;
    let id = asked.need("team_id")?;
    if !asked.some(field) {
        return Err(missing(field));
    }
    let permissions = asked.texts(field);
    check(field, &permissions)?;
    let mut work = m.work(&rights).await?;
    let before = need(&mut work, &rights, &id).await?;
    let mut row = before.clone();
    row.doc.team_member_permissions = permissions;
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", &before, &row).await?;
    work.commit().await?;
    let views = super::Views::of(m, std::slice::from_ref(&row)).await?;
    Ok(views.show(m, &row))
}

/// `POST /team/permissions_bulk_update`: gives more to many teams at once, all or none.
pub(in crate::manage) async fn bulk_update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    rights.need_admin("change the permissions of many teams at once")?;
    let fields = &[
        Field("permissions", Kind::Texts),
        Field("team_ids", Kind::Texts),
        Field("apply_to_all_teams", Kind::Flag),
    ];
    let asked = input.body_fields(&[fields])?;
    let permissions = asked.texts("permissions");
    if permissions.is_empty() {
        return Err(missing("permissions"));
    }
    check("permissions", &permissions)?;
    let chosen = asked.texts("team_ids");
    let all = asked.flag("apply_to_all_teams").unwrap_or(false);
    if chosen.is_empty() != all {
        let message = "give either `team_ids` or `apply_to_all_teams`: true";
        return Err(bad("team_ids", message));
    }
    let mut work = m.work(&rights).await?;
    let mut teams = Vec::new();
    if all {
        teams = work.change.list::<TeamRow>(&Query::new()).await?.rows;
    }
    for id in &chosen {
        let team = need(&mut work, &rights, id).await;
        teams.push(team.map_err(|it| it.with_param("team_ids"))?);
    }
    let mut updated = 0usize;
    for before in teams {
        let mut row = before.clone();
        for permission in &permissions {
            if !row.doc.team_member_permissions.contains(permission) {
                row.doc.team_member_permissions.push(permission.clone());
            }
        }
        if row != before {
            row.stamp.touch(work.now, &work.actor);
            work.update("updated", &before, &row).await?;
            updated += 1;
        }
    }
    work.commit().await?;
    Ok(json!({
        "message": "Team member permissions updated",
        "teams_updated": updated,
        "permissions_appended": permissions,
    }))
}

fn shown(team: &TeamRow) -> serde_json::Value {
    json!({
        "team_id": team.id,
        "team_member_permissions": team.doc.team_member_permissions,
        "all_available_permissions": PERMISSIONS,
    })
}

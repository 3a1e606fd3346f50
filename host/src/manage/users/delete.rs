//! `POST /user/delete`.

use serde_json::json;

use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{absent, bad, missing};
use crate::manage::fields::{Field, Kind, read};
use crate::manage::rights::foreign;
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage, organizations, teams};
use crate::store::{KeyRow, OrganizationMemberRow, Query, TeamMemberRow, TeamRow, UserRow};

/// Deletes users with their keys, seats and memberships: all of it, or nothing.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = read(&input.body, &[&[Field("user_ids", Kind::Texts)]])?;
    let mut ids = given.texts("user_ids");
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Err(missing("user_ids"));
    }
    for id in &ids {
        if rights.is_user(id) {
            return Err(bad("user_ids", "you cannot delete yourself"));
        }
        if !m.leads_user(&rights, id).await? {
            return Err(foreign("user_ids", "user"));
        }
    }
    let mut work = m.work(&rights).await?;
    for id in &ids {
        let user = work.get::<UserRow>(id).await?;
        let user = user.ok_or_else(|| absent("user_ids", "user", id))?;
        remove(&mut work, &user).await?;
    }
    work.commit().await?;
    Ok(json!({"deleted_users": ids, "deleted_count": ids.len()}))
}

async fn remove(work: &mut Work<'_>, user: &UserRow) -> Result<(), Fault> {
    work.change.end_sessions_of(&user.id).await?;
    let query = || Query::new().is("user_id", user.id.as_str());
    let keys = work.change.list::<KeyRow>(&query()).await?.rows;
    work.delete(&keys).await?;
    for seat in work.change.list::<TeamMemberRow>(&query()).await?.rows {
        let team: TeamRow = work.change.need(&seat.team_id).await?;
        teams::rise(work, &team, &[seat]).await?;
    }
    for row in work
        .change
        .list::<OrganizationMemberRow>(&query())
        .await?
        .rows
    {
        organizations::leave(work, row).await?;
    }
    work.delete(std::slice::from_ref(user)).await
}

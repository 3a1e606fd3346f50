//! `GET /user/info` and `/v2/user/info`.

use serde_json::{Value, json};

use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::bad;
use crate::manage::fields::{Field, Kind};
use crate::manage::rights::{Rights, foreign};
use crate::manage::{Answer, Input, Manage, keys, teams};
use crate::store::{Filter, KeyRow, Query, TeamMemberRow, TeamRow, UserRow};

/// A user with keys and teams; without `user_id`, the caller.
pub(in crate::manage) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let user = named(m, &rights, &input).await?;
    let query = || Query::new().is("user_id", user.id.as_str());
    let seats = m.store.list::<TeamMemberRow>(&query()).await?.rows;
    let ids = seats.iter().map(|it| it.team_id.as_str().into()).collect();
    let rows = m
        .store
        .list::<TeamRow>(&Query::new().with(Filter::In("id", ids)))
        .await?
        .rows;
    let rows: Vec<TeamRow> = rows.into_iter().filter(|it| rights.sees_team(it)).collect();
    let team_views = teams::Views::of(m, &rows).await?;
    let rows: Vec<Value> = rows.iter().map(|it| team_views.show(m, it)).collect();
    let own = m.store.list::<KeyRow>(&query()).await?.rows;
    let key_views = keys::Views::of(m, &own).await?;
    let own: Vec<Value> = own.iter().map(|it| key_views.show(m, it)).collect();
    let shown = super::show_all(m, std::slice::from_ref(&user)).await?.pop();
    Ok(json!({"user_id": user.id, "user_info": shown, "keys": own, "teams": rows}))
}

/// The user's own row, without keys and teams.
pub(in crate::manage) async fn info_v2(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let user = named(m, &rights, &input).await?;
    let shown = super::show_all(m, std::slice::from_ref(&user)).await?.pop();
    Ok(shown.unwrap_or_default())
}

async fn named(m: &Manage, rights: &Rights, input: &Input) -> Result<UserRow, Fault> {
    let asked = input.query_fields(&[&[Field("user_id", Kind::Text)]])?;
    let id = asked.text("user_id").or_else(|| rights.user.clone());
    let id = id.ok_or_else(|| {
        bad(
            "user_id",
            "`user_id` is required: your key belongs to no user",
        )
    })?;
    if !m.sees_user(rights, &id).await? {
        return Err(foreign("user_id", "user"));
    }
    m.user(&id).await
}

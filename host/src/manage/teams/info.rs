//! `GET /team/info`, `/team/{team_id}/members/me` and `/team/available`.

use serde_json::{Value, json};

use crate::asked::number;
use crate::auth::Caller;
use crate::domain::EntityKind;
use crate::manage::fault::{absent, bad};
use crate::manage::fields::{Field, Kind};
use crate::manage::rights::foreign;
use crate::manage::spend::Spends;
use crate::manage::{Answer, Input, Manage, keys};
use crate::store::{Filter, KeyRow, Query, TeamMemberRow, TeamRow, member_id};

/// A team with its keys and members. Its members see it; only their own keys, unless they lead.
pub(in crate::manage) async fn info(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[Field("team_id", Kind::Text), Field("key_limit", Kind::Any)];
    let asked = input.query_fields(&[fields])?;
    let most = number(&input.query, "key_limit", u64::MAX, u64::MAX)?;
    let own = rights.key_team.clone();
    let id = asked.text("team_id").or(own);
    let id = id.ok_or_else(|| bad("team_id", "`team_id` is required"))?;
    let team = m.team(&id).await?;
    if !rights.sees_team(&team) {
        return Err(foreign("team_id", "team"));
    }
    let query = Query::new().is("team_id", id.as_str());
    let mut keys = m.store.list::<KeyRow>(&query).await?.rows;
    keys.retain(|key| rights.sees_key(key, Some(&team)));
    keys.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let key_views = keys::Views::of(m, &keys).await?;
    let shown: Vec<Value> = keys.iter().map(|it| key_views.show(m, it)).collect();
    let views = super::Views::of(m, std::slice::from_ref(&team)).await?;
    let mut memberships = views.memberships(m, &id);
    if !rights.sees_all() && !rights.changes_team(&team) {
        memberships.retain(|it| {
            let user = it.get("user_id").and_then(Value::as_str);
            user.is_some_and(|it| rights.is_user(it))
        });
    }
    Ok(json!({
        "team_id": id,
        "team_info": views.show(m, &team),
        "keys": shown,
        "team_memberships": memberships,
    }))
}

/// The caller's own seat.
pub(in crate::manage) async fn me(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    input.query_fields(&[])?;
    let team = m.team(input.part("team_id")?).await?;
    let user = rights.user.clone();
    let user = user.ok_or_else(|| bad("user_id", "your key belongs to no user"))?;
    let id = member_id(&team.id, &user);
    let Some(seat) = m.store.get::<TeamMemberRow>(&id).await? else {
        if rights.sees_team(&team) {
            return Err(absent("user_id", "member", &user));
        }
        return Err(foreign("team_id", "team"));
    };
    let spend = Spends::of(m, EntityKind::TeamMember, std::slice::from_ref(&id))
        .await?
        .get(&id);
    let budgets = keys::budgets_of(m, seat.budget_id.as_deref().into_iter()).await?;
    let mut shown = super::show_seat(m, &seat, spend, budgets.values().next(), m.now());
    if let Some(shown) = shown.as_object_mut() {
        let email = m.user(&user).await?.email;
        shown.insert("user_email".to_owned(), email.into());
        shown.insert("team_alias".to_owned(), team.alias.into());
    }
    Ok(shown)
}

/// Teams that anybody may join by themselves: those whose metadata says `available`.
pub(in crate::manage) async fn available(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    input.query_fields(&[])?;
    let mine = rights.seats.iter().map(|(id, _)| id.into()).collect();
    let query = Query::new()
        .with(Filter::In("id", mine))
        .sorted("alias", false);
    let query = if rights.sees_all() {
        Query::new().sorted("alias", false)
    } else {
        query
    };
    let mut teams = m.store.list::<TeamRow>(&query).await?.rows;
    teams.retain(|it| it.doc.metadata.get("available") == Some(&Value::Bool(true)));
    let views = super::Views::of(m, &teams).await?;
    Ok(teams.iter().map(|it| views.show(m, it)).collect())
}

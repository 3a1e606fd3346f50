//! `POST /team/member_add`, `/team/bulk_member_add`, `/team/member_update`,
//! `/team/member_delete`.

use serde_json::{Value, json};

use super::limits::{self, SEAT_LIMITS};
use super::seats::{self, Person, Seat, find_person};
use super::update::need;
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind, Fault};
use crate::manage::fault::{absent, bad, is_ours, missing};
use crate::manage::fields::{Field, Given, Kind};
use crate::manage::spend::{Spend, Spends};
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage, users};
use crate::store::{BudgetRow, KeyRow, Query, TeamMemberRow, TeamRow, UserRow, member_id};

/// As many as LiteLLM takes at once.
const MOST: usize = 500;

const ADD: &[Field] = &[Field("team_id", Kind::Id), Field("member", Kind::Any)];

const PERSON: &[Field] = &[
    Field("team_id", Kind::Id),
    Field("user_id", Kind::Id),
    Field("user_email", Kind::Id),
];

const ROLE: &[Field] = &[Field("role", Kind::Choice(&["admin", "user"]))];

/// Gives users a seat: one, or a list of them, all or none.
pub(in crate::manage) async fn add(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = input.body_fields(&[ADD, SEAT_LIMITS])?;
    let id = given.need("team_id")?;
    let seats = match given.value("member") {
        None => return Err(missing("member")),
        Some(Value::Array(all)) if all.is_empty() || all.len() > MOST => {
            return Err(bad(
                "member",
                format!("`member` must have 1 to {MOST} items"),
            ));
        }
        Some(Value::Array(all)) => all
            .iter()
            .enumerate()
            .map(|(at, it)| Seat::read(&format!("member.{at}"), it))
            .collect::<Result<Vec<_>, _>>()?,
        Some(one) => vec![Seat::read("member", one)?],
    };
    let mut work = m.work(&rights).await?;
    let team = need(&mut work, &rights, &id).await?;
    let mut sat: Vec<(UserRow, TeamMemberRow)> = Vec::new();
    for seat in seats {
        sat.push(seats::sit(&mut work, &team, &seat.limited(&given)).await?);
    }
    work.commit().await?;
    let views = super::Views::of(m, std::slice::from_ref(&team)).await?;
    let mut answer = views.show(m, &team);
    let updated: Vec<UserRow> = sat.iter().map(|(user, _)| user.clone()).collect();
    let updated = users::show_all(m, &updated).await?;
    let ids: Vec<&str> = sat.iter().map(|(_, seat)| seat.user_id.as_str()).collect();
    let memberships: Vec<Value> = views
        .memberships(m, &team.id)
        .into_iter()
        .filter(|it| {
            it.get("user_id")
                .and_then(Value::as_str)
                .is_some_and(|it| ids.contains(&it))
        })
        .collect();
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("updated_users".to_owned(), updated.into());
        answer.insert("updated_team_memberships".to_owned(), memberships.into());
    }
    Ok(answer)
}

/// Gives many users a seat, each on its own; the answer says who got one.
pub(in crate::manage) async fn bulk_add(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("team_id", Kind::Id),
        Field("members", Kind::List),
        Field("all_users", Kind::Flag),
    ];
    let given = input.body_fields(&[fields, SEAT_LIMITS])?;
    let id = given.need("team_id")?;
    let team = m.team(&id).await?;
    if !rights.changes_team(&team) {
        return Err(crate::manage::rights::foreign("team_id", "team"));
    }
    let members = if given.flag("all_users").unwrap_or(false) {
        rights.need_admin("add all users to a team")?;
        let users = m.store.list::<UserRow>(&Query::new()).await?.rows;
        users
            .iter()
            .map(|it| json!({"user_id": it.id, "role": "user"}))
            .collect()
    } else {
        let members = given.list("members");
        if members.is_empty() || members.len() > MOST {
            return Err(bad(
                "members",
                format!("`members` must have 1 to {MOST} items"),
            ));
        }
        members
    };
    let mut results = Vec::new();
    let mut done = 0usize;
    for (at, member) in members.iter().enumerate() {
        let seat = Seat::read(&format!("members.{at}"), member);
        let sat = match seat {
            Err(fault) => Err(fault),
            Ok(seat) => {
                let mut work = m.work(&rights).await?;
                match seats::sit(&mut work, &team, &seat.limited(&given)).await {
                    Err(fault) => Err(fault),
                    Ok(sat) => work.commit().await.map(|()| sat),
                }
            }
        };
        let named = |name: &str| member.get(name).cloned().unwrap_or_default();
        match sat {
            Ok((user, _)) => {
                done += 1;
                results.push(json!({"user_id": user.id, "user_email": user.email,
                    "success": true, "error": null}));
            }
            Err(fault) if is_ours(&fault) => return Err(fault),
            Err(fault) => results.push(json!({"user_id": named("user_id"),
                "user_email": named("user_email"), "success": false, "error": fault.message})),
        }
    }
    let views = super::Views::of(m, std::slice::from_ref(&team)).await?;
    Ok(json!({
        "team_id": id,
        "results": results,
        "total_requested": members.len(),
        "successful_additions": done,
        "failed_additions": members.len() - done,
        "updated_team": views.show(m, &team),
    }))
}

/// The seat that a request means, with its user and team.
async fn seat(
    work: &mut Work<'_>,
    rights: &crate::manage::rights::Rights,
    given: &Given,
) -> Result<(TeamRow, UserRow, TeamMemberRow), Fault> {
    let id = given.need("team_id")?;
    let person = Person::read("", given)?;
    let team = need(work, rights, &id).await?;
    let named = person
        .id
        .clone()
        .or(person.email.clone())
        .unwrap_or_default();
    let user = find_person(work, &person).await?;
    let user = user.ok_or_else(|| absent(&person.field, "user", &named))?;
    let seat = work.get(&member_id(&team.id, &user.id)).await?;
    let seat = seat.ok_or_else(|| absent(&person.field, "member", &named))?;
    Ok((team, user, seat))
}

/// Changes the role or the limits of a member.
pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = input.body_fields(&[PERSON, ROLE, SEAT_LIMITS])?;
    let mut work = m.work(&rights).await?;
    let (team, user, before) = seat(&mut work, &rights, &given).await?;
    let mut row = before.clone();
    if let Some(role) = given.text("role") {
        row.role = role;
    }
    limits::limit(&mut work, &team, &given, &mut row).await?;
    limits::share_budget(&team, &mut row);
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", &before, &row).await?;
    work.touch_user(&user.id);
    let shared = match &row.budget_id {
        Some(id) => work.get::<BudgetRow>(id).await?,
        None => None,
    };
    work.commit().await?;
    let shown = super::show_seat(m, &row, Spend::default(), shared.as_ref(), m.now());
    let table = shown
        .get("litellm_budget_table")
        .cloned()
        .unwrap_or_default();
    let part = |name: &str| table.get(name).cloned().unwrap_or_default();
    Ok(json!({
        "team_id": team.id,
        "user_id": user.id,
        "user_email": user.email,
        "role": row.role,
        "max_budget_in_team": part("max_budget"),
        "tpm_limit": part("tpm_limit"),
        "rpm_limit": part("rpm_limit"),
        "budget_duration": part("budget_duration"),
        "allowed_models": part("allowed_models"),
        "model_max_budget": part("model_max_budget"),
        "temp_budget_increase": part("temp_budget_increase"),
        "temp_budget_expiry": part("temp_budget_expiry"),
    }))
}

/// Takes a seat away, with the keys that the member had in the team.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = input.body_fields(&[PERSON])?;
    let mut work = m.work(&rights).await?;
    let (team, user, row) = seat(&mut work, &rights, &given).await?;
    let keys = Query::new()
        .is("team_id", team.id.as_str())
        .is("user_id", user.id.as_str());
    let keys = work.change.list::<KeyRow>(&keys).await?.rows;
    work.delete(&keys).await?;
    limits::rise(&mut work, &team, &[row]).await?;
    work.commit().await?;
    let views = super::Views::of(m, std::slice::from_ref(&team)).await?;
    Ok(views.show(m, &team))
}

/// `POST /team/{team_id}/member/{user_id}/reset_spend`: sets what a member has spent in the team,
/// at most to what it is.
pub(in crate::manage) async fn reset_spend(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.body_fields(&[&[Field("reset_to", Kind::Money)]])?;
    let to = asked.money("reset_to").unwrap_or_default();
    let (team, user) = (input.part("team_id")?, input.part("user_id")?);
    let id = member_id(team, user);
    let spent = Spends::of(m, EntityKind::TeamMember, std::slice::from_ref(&id)).await?;
    let spent = spent.get(&id).window;
    let mut work = m.work(&rights).await?;
    need(&mut work, &rights, team).await?;
    if work.get::<TeamMemberRow>(&id).await?.is_none() {
        return Err(absent("user_id", "member", user));
    }
    if to > spent {
        let message = format!("`reset_to` is more than the member has spent ({spent})");
        return Err(bad("reset_to", message));
    }
    work.set_spend(&Entity::new(EntityKind::TeamMember, id), to)
        .await?;
    work.commit().await?;
    Ok(json!({
        "team_id": team,
        "user_id": user,
        "spend": to.dollars(),
        "previous_spend": spent.dollars(),
    }))
}

/// `POST /team/{team_id}/member/{user_id}/reset_budget`: a member's window begins with nothing
/// spent.
pub(in crate::manage) async fn reset_budget(m: &Manage, caller: &Caller, input: Input) -> Answer {
    input.body_fields(&[])?;
    reset_spend(m, caller, input).await
}

//! `POST /user/update`.

use serde_json::{Map, Value, json};

use super::create::{apply, check_role, new_password, unique_email};
use super::fields::{OF_KEY, USER};
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind, Fault};
use crate::manage::fault::{absent, bad, forbidden};
use crate::manage::fields::{Given, read};
use crate::manage::rights::{Rights, foreign};
use crate::manage::teams::{Person, find_person};
use crate::manage::{Answer, Input, Manage, keys};
use crate::store::UserRow;

/// What people may change of themselves. Who set their models and limits keeps them.
const OWN: &[&str] = &["user_id", "user_email", "user_alias", "metadata"];

/// Of [`OF_KEY`] what would guard or limit something: taken without effect it would be missed.
const GUARDS: [&str; 4] = ["blocked", "duration", "permissions", "team_id"];

/// Changes a user, named by `user_id` or by `user_email`, in what the request names.
pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let row = change(m, &rights, &input.body).await?;
    let shown = super::show_all(m, std::slice::from_ref(&row)).await?.pop();
    Ok(json!({"user_id": row.id, "data": shown}))
}

pub(super) async fn change(
    m: &Manage,
    rights: &Rights,
    body: &Map<String, Value>,
) -> Result<UserRow, Fault> {
    let given = read(body, &[USER, OF_KEY, keys::LIMITS, keys::IN_METADATA])?;
    for name in GUARDS {
        given.ask_not(name, "is of keys, not of users: set it by `/key/update`")?;
    }
    let person = Person::read("", &given)?;
    let may = may_change(m, rights, &person, &given).await?;
    let hash = new_password(m, &given).await?;
    let mut work = m.work(rights).await?;
    let named = person
        .id
        .clone()
        .or(person.email.clone())
        .unwrap_or_default();
    let before = find_person(&mut work, &person).await?;
    let before = before.ok_or_else(|| absent(&person.field, "user", &named))?;
    if may.as_deref().is_some_and(|it| it != before.id) {
        return Err(foreign(&person.field, "user"));
    }
    let mut row = before.clone();
    row.stamp.touch(work.now, &work.actor);
    apply(&given, &mut row)?;
    if hash.is_some() {
        row.doc.password_hash = hash;
        work.change.end_sessions_of(&row.id).await?;
    }
    if row.email != before.email {
        unique_email(&mut work, &row).await?;
    }
    work.update("updated", &before, &row).await?;
    if let Some(spend) = given.money("spend") {
        work.set_spend(&Entity::new(EntityKind::User, row.id.as_str()), spend)
            .await?;
    }
    work.commit().await?;
    Ok(row)
}

/// Whom the caller may change this way: anybody (None), or one user only.
async fn may_change(
    m: &Manage,
    rights: &Rights,
    person: &Person,
    given: &Given,
) -> Result<Option<String>, Fault> {
    if rights.is_admin() {
        return Ok(None);
    }
    check_role(rights, given)?;
    let id = person.id.clone().ok_or_else(|| {
        bad(
            &person.field,
            "only a proxy admin may name a user by email alone",
        )
    })?;
    if rights.is_user(&id) && rights.makes_keys() {
        let other = given.names().find(|name| !OWN.contains(name));
        return match other {
            None => Ok(Some(id)),
            Some("password") => Err(forbidden("password", "use `/user/password/change`")),
            Some(name) => Err(forbidden(
                name,
                format!("you may not change your own `{name}`"),
            )),
        };
    }
    if !m.leads_user(rights, &id).await? {
        return Err(foreign(&person.field, "user"));
    }
    let high = [
        "password",
        "user_role",
        "spend",
        "sso_user_id",
        "temp_budget_increase",
    ];
    keys::admins_only(rights, given, &high)?;
    Ok(Some(id))
}

//! `POST /user/new`.

use serde_json::{Map, Value, json};

use super::fields::{IN_REST, NEW, OF_KEY, ROLES, USER, check_email};
use super::password;
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind, Fault, Secret};
use crate::manage::fault::{bad, forbidden};
use crate::manage::fields::{Field, Given, read, set};
use crate::manage::rights::Rights;
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage, keys, organizations, teams};
use crate::store::{Filter, Query, Stamp, TeamRow, UserRow};

/// A new user, with a key unless `auto_create_key` is false. Proxy admins may make any,
/// organisation admins those of their organisations.
pub(in crate::manage) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    create_with(m, &rights, &input.body).await
}

/// As [`create`], by whoever has these rights.
pub(super) async fn create_with(m: &Manage, rights: &Rights, body: &Map<String, Value>) -> Answer {
    let mut given = read(body, &[USER, NEW, OF_KEY, keys::LIMITS, keys::IN_METADATA])?;
    // `default_internal_user_params` are for internal users.
    let admin = |it: String| it.starts_with("proxy_admin");
    if !given.text("user_role").is_some_and(admin) {
        for (name, value) in &m.settings().default_user {
            given.or_default(name, value);
        }
    }
    may_make(rights, &given)?;
    let id = given
        .text("user_id")
        .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let mut row = UserRow {
        id: id.clone(),
        role: Some("internal_user".to_owned()),
        ..UserRow::default()
    };
    let hash = new_password(m, &given).await?;
    let plan = if given.flag("auto_create_key").unwrap_or(true) {
        Some(keys::Plan::new(m, for_key(&given, &id)).await?)
    } else {
        None
    };
    let mut work = m.work(rights).await?;
    row.stamp = Stamp::new(work.now, &work.actor);
    apply(&given, &mut row)?;
    row.doc.password_hash = hash;
    unique_email(&mut work, &row).await?;
    work.insert(&row).await?;
    let seats = team_seats(&given, &id)?;
    for (field, team, seat) in seats {
        let found = work.get::<TeamRow>(&team).await?;
        let found = found.ok_or_else(|| keys::unknown(&field, &team))?;
        if !rights.changes_team(&found) {
            return Err(forbidden(&field, "you may not add users to this team"));
        }
        teams::sit(&mut work, &found, &seat).await?;
    }
    for organization in given.texts("organizations") {
        organizations::join(&mut work, &organization, &id, "internal_user").await?;
    }
    let made = match &plan {
        Some(plan) => Some(keys::make(&mut work, plan).await?),
        None => None,
    };
    if let Some(spend) = given.money("spend").filter(|it| !it.is_zero()) {
        work.set_spend(&Entity::new(EntityKind::User, id.as_str()), spend)
            .await?;
    }
    work.commit().await?;
    let shown = super::show_all(m, std::slice::from_ref(&row)).await?.pop();
    let mut answer = match (&made, &plan) {
        (Some(made), Some(plan)) => made.shown(m, plan.given()).await?,
        _ => json!({"key": null, "token": null}),
    };
    if let (Some(Value::Object(shown)), Some(answer)) = (shown, answer.as_object_mut()) {
        answer.extend(shown);
        let invited = given
            .value("send_invite_email")
            .cloned()
            .unwrap_or_default();
        answer.insert("send_invite_email".to_owned(), invited);
    }
    Ok(answer)
}

fn may_make(rights: &Rights, given: &Given) -> Result<(), Fault> {
    if rights.is_admin() {
        return Ok(());
    }
    let organizations = given.texts("organizations");
    let own = |it: &String| rights.changes_organization(it);
    if organizations.is_empty() || !organizations.iter().all(own) {
        let message = "only a proxy admin may make this user; an organization admin names \
                       organizations of their own in `organizations`";
        return Err(forbidden("organizations", message));
    }
    check_role(rights, given)?;
    keys::admins_only(
        rights,
        given,
        &[
            "allowed_passthrough_routes",
            "spend",
            "sso_user_id",
            "permissions",
            "team_id",
        ],
    )
}

/// Roles that see or change everything are the proxy admins' to give.
pub(super) fn check_role(rights: &Rights, given: &Given) -> Result<(), Fault> {
    let role = given.text("user_role");
    let high = role.is_some_and(|it| ROLES.iter().position(|known| *known == it) < Some(2));
    if high && !rights.is_admin() {
        return Err(forbidden(
            "user_role",
            "only a proxy admin may give this role",
        ));
    }
    Ok(())
}

/// The hash of a password in the request, if it has one.
pub(super) async fn new_password(m: &Manage, given: &Given) -> Result<Option<String>, Fault> {
    let Some(text) = given.text("password") else {
        return Ok(None);
    };
    password::check(m, "password", &text)?;
    password::hash_password(&Secret::new(text)).await.map(Some)
}

/// Every field of a user that the request names, but for the password.
pub(super) fn apply(given: &Given, row: &mut UserRow) -> Result<(), Fault> {
    let doc = &mut row.doc;
    set! { given;
        "user_email" => row.email, text;
        "user_alias" => row.alias, text;
        "sso_user_id" => row.sso_id, text;
        "budget_id" => row.budget_id, text;
        "max_budget" => row.max_budget, money;
        "models" => doc.models, texts;
    }
    if let Some(role) = given.text("user_role") {
        row.role = Some(role);
    }
    if let Some(email) = &row.email {
        check_email("user_email", email)?;
    }
    keys::apply_limits(given, &mut doc.limits);
    keys::apply_metadata(given, &mut doc.metadata, &mut doc.limits)?;
    for name in IN_REST {
        given.keep(name, &mut doc.rest);
    }
    Ok(())
}

/// An email names one user.
pub(super) async fn unique_email(work: &mut Work<'_>, row: &UserRow) -> Result<(), Fault> {
    let Some(email) = &row.email else {
        return Ok(());
    };
    let query = Query::new().with(Filter::Same("email", email.clone()));
    let users = work.change.list::<UserRow>(&query).await?.rows;
    let taken = users.iter().any(|it| it.id != row.id);
    if taken {
        let message = "`user_email` is taken already by another user";
        return Err(bad("user_email", message).with_status(409));
    }
    Ok(())
}

/// A user of whom nothing but the email is known: who is added to a team or organisation, with
/// what new users have.
pub(in crate::manage) async fn by_email(
    work: &mut Work<'_>,
    email: &str,
) -> Result<UserRow, Fault> {
    let mut row = UserRow {
        id: uuid::Uuid::new_v4().to_string(),
        email: Some(email.to_owned()),
        role: Some("internal_user".to_owned()),
        stamp: Stamp::new(work.now, &work.actor),
        ..UserRow::default()
    };
    let mut defaults = Given::default();
    for (name, value) in &work.default_user() {
        defaults.or_default(name, value);
    }
    apply(&defaults, &mut row)?;
    work.insert(&row).await?;
    Ok(row)
}

/// What of a user's fields goes to the user's first key: not the money, which is the user's.
fn for_key(given: &Given, user: &str) -> Given {
    let mut key = given.clone();
    let names: Vec<String> = given.names().map(str::to_owned).collect();
    for name in names {
        let of_key = OF_KEY.iter().any(|Field(known, _)| *known == name);
        if !of_key && !["key", "models"].contains(&name.as_str()) {
            key.take(&name);
        }
    }
    key.set("user_id", user.into());
    key
}

/// `teams`: ids, or objects with a budget and a role.
fn team_seats(given: &Given, user: &str) -> Result<Vec<(String, String, teams::Seat)>, Fault> {
    let mut seats = Vec::new();
    for (at, team) in given.list("teams").iter().enumerate() {
        let field = format!("teams.{at}");
        if let Some(id) = team.as_str() {
            seats.push((
                field.clone(),
                id.to_owned(),
                teams::Seat::of(&field, user, "user"),
            ));
            continue;
        }
        let object = team.as_object();
        let object = object.ok_or_else(|| {
            bad(
                &field,
                format!("`{field}` must be a team id, or an object with `team_id`"),
            )
        })?;
        let (id, seat) = teams::Seat::in_team(&field, user, object)?;
        seats.push((format!("{field}.team_id"), id, seat));
    }
    Ok(seats)
}

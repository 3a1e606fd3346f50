//! `POST /organization/member_add`, `PATCH /organization/member_update`,
//! `DELETE /organization/member_delete`.

use serde_json::{Value, json};

use super::view::Views;
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{absent, bad, missing};
use crate::manage::fields::{Field, Given, Kind, read};
use crate::manage::rights::{Rights, foreign};
use crate::manage::teams::{Person, find_person};
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage, budgets, keys, users};
use crate::store::{BudgetRow, OrganizationMemberRow, OrganizationRow, Stamp, UserRow, member_id};

const ROLES: &[&str] = &["org_admin", "internal_user", "internal_user_viewer"];

const MEMBER: &[Field] = &[
    Field("user_id", Kind::Id),
    Field("user_email", Kind::Id),
    Field("role", Kind::Choice(ROLES)),
];

const ORGANIZATION: &[Field] = &[
    Field("organization_id", Kind::Id),
    Field("max_budget_in_organization", Kind::Money),
];

/// The organisation, locked, if it is there and the caller may change it.
async fn need(
    work: &mut Work<'_>,
    rights: &Rights,
    given: &Given,
) -> Result<OrganizationRow, Fault> {
    let id = given.need("organization_id")?;
    let row = work.get::<OrganizationRow>(&id).await?;
    let row = row.ok_or_else(|| absent("organization_id", "organization", &id))?;
    if rights.changes_organization(&id) {
        return Ok(row);
    }
    Err(foreign("organization_id", "organization"))
}

/// Adds users: one, or a list of them, all or none. Who is known by email only becomes a user.
pub(in crate::manage) async fn add(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = input.body_fields(&[ORGANIZATION, &[Field("member", Kind::Any)]])?;
    let members = match given.value("member") {
        None => return Err(missing("member")),
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
    };
    let mut work = m.work(&rights).await?;
    let organization = need(&mut work, &rights, &given).await?;
    let mut joined: Vec<(UserRow, String)> = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let field = format!("member.{at}");
        let object = member.as_object();
        let object = object.ok_or_else(|| bad("member", "`member` must be an object or a list"))?;
        let member = read(object, &[MEMBER])?;
        let role = member.need("role")?;
        let person = Person::read(if members.len() > 1 { &field } else { "member" }, &member)?;
        let user = match find_person(&mut work, &person).await? {
            Some(user) => user,
            None => match (&person.id, &person.email) {
                (None, Some(email)) => users::by_email(&mut work, email).await?,
                (id, _) => {
                    let id = id.as_deref().unwrap_or_default();
                    return Err(keys::unknown(&person.field, id));
                }
            },
        };
        let mut row = new_row(&work, &organization.id, &user.id, &role);
        limit(&mut work, &given, &mut row).await?;
        insert(&mut work, &person.field, &row).await?;
        joined.push((user, row.id));
    }
    work.commit().await?;
    let rows: Vec<UserRow> = joined.iter().map(|(user, _)| user.clone()).collect();
    let updated = users::show_all(m, &rows).await?;
    let views = Views::of(m, std::slice::from_ref(&organization)).await?;
    let seats: Vec<Value> = views
        .seats(&organization.id)
        .iter()
        .filter(|seat| joined.iter().any(|(_, id)| *id == seat.id))
        .map(|seat| views.seat(m, seat))
        .collect();
    Ok(json!({
        "organization_id": organization.id,
        "updated_users": updated,
        "updated_organization_memberships": seats,
    }))
}

fn new_row(work: &Work<'_>, organization: &str, user: &str, role: &str) -> OrganizationMemberRow {
    OrganizationMemberRow {
        id: member_id(organization, user),
        organization_id: organization.to_owned(),
        user_id: user.to_owned(),
        role: Some(role.to_owned()),
        stamp: Stamp::new(work.now, &work.actor),
        ..OrganizationMemberRow::default()
    }
}

async fn insert(
    work: &mut Work<'_>,
    field: &str,
    row: &OrganizationMemberRow,
) -> Result<(), Fault> {
    if work.get::<OrganizationMemberRow>(&row.id).await?.is_some() {
        return Err(bad(field, "this user is in the organization already"));
    }
    work.insert(row).await?;
    work.touch_user(&row.user_id);
    Ok(())
}

/// Adds a user who was just made.
pub(in crate::manage) async fn join(
    work: &mut Work<'_>,
    organization: &str,
    user: &str,
    role: &str,
) -> Result<(), Fault> {
    if work.get::<OrganizationRow>(organization).await?.is_none() {
        return Err(keys::unknown("organizations", organization));
    }
    let row = new_row(work, organization, user, role);
    insert(work, "organizations", &row).await
}

/// `max_budget_in_organization`: a budget of the member's own.
async fn limit(
    work: &mut Work<'_>,
    given: &Given,
    row: &mut OrganizationMemberRow,
) -> Result<(), Fault> {
    let name = "max_budget_in_organization";
    if !given.has(name) {
        return Ok(());
    }
    let before = match &row.budget_id {
        Some(id) => work.get::<BudgetRow>(id).await?,
        None => None,
    };
    let mut own = match &before {
        Some(before) => before.clone(),
        None => budgets::new_row(work, None, &Given::default()),
    };
    own.max_budget = given.money(name);
    own.stamp.touch(work.now, &work.actor);
    row.budget_id = Some(own.id.clone());
    match before {
        Some(before) => work.update("updated", &before, &own).await,
        None => work.insert(&own).await,
    }
}

async fn seat(
    work: &mut Work<'_>,
    rights: &Rights,
    given: &Given,
) -> Result<(OrganizationRow, OrganizationMemberRow), Fault> {
    let person = Person::read("", given)?;
    let organization = need(work, rights, given).await?;
    let named = person
        .id
        .clone()
        .or(person.email.clone())
        .unwrap_or_default();
    let user = find_person(work, &person).await?;
    let user = user.ok_or_else(|| absent(&person.field, "user", &named))?;
    let row = work.get(&member_id(&organization.id, &user.id)).await?;
    let row = row.ok_or_else(|| absent(&person.field, "member", &named))?;
    Ok((organization, row))
}

/// Changes the role or the budget of a member.
pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = input.body_fields(&[ORGANIZATION, MEMBER])?;
    let mut work = m.work(&rights).await?;
    let (organization, before) = seat(&mut work, &rights, &given).await?;
    let mut row = before.clone();
    if let Some(role) = given.text("role") {
        row.role = Some(role);
    }
    limit(&mut work, &given, &mut row).await?;
    row.stamp.touch(work.now, &work.actor);
    work.update("updated", &before, &row).await?;
    work.touch_user(&row.user_id);
    work.commit().await?;
    let views = Views::of(m, std::slice::from_ref(&organization)).await?;
    Ok(views.seat(m, &row))
}

pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = input.body_fields(&[ORGANIZATION, MEMBER])?;
    let mut work = m.work(&rights).await?;
    let (organization, row) = seat(&mut work, &rights, &given).await?;
    leave(&mut work, row.clone()).await?;
    work.commit().await?;
    let views = Views::of(m, std::slice::from_ref(&organization)).await?;
    Ok(views.seat(m, &row))
}

/// Takes a membership away, with the budget that was its own.
pub(in crate::manage) async fn leave(
    work: &mut Work<'_>,
    row: OrganizationMemberRow,
) -> Result<(), Fault> {
    work.delete(std::slice::from_ref(&row)).await?;
    work.touch_user(&row.user_id);
    if let Some(id) = &row.budget_id
        && let Some(budget) = work.get::<BudgetRow>(id).await?
        && !budgets::is_used(work, id).await?
    {
        work.delete(&[budget]).await?;
    }
    Ok(())
}

//! For whom a key may be made, or to whom it may be moved.

use serde_json::{Map, Value};

use crate::domain::Fault;
use crate::manage::Manage;
use crate::manage::fault::{bad, forbidden};
use crate::manage::fields::Given;
use crate::manage::rights::Rights;
use crate::manage::work::Work;
use crate::store::{
    AccessGroupRow, BudgetRow, OrganizationRow, TeamMemberRow, TeamRow, UserRow, member_id,
};

/// Refuses fields that only a proxy admin may set, in `metadata` too, where some of them are kept.
pub(in crate::manage) fn admins_only(
    rights: &Rights,
    given: &Given,
    fields: &[&str],
) -> Result<(), Fault> {
    if rights.is_admin() {
        return Ok(());
    }
    let metadata = given.object("metadata");
    let inside = |name: &str| metadata.get(name).is_some_and(|it| !it.is_null());
    match fields.iter().find(|name| given.some(name) || inside(name)) {
        Some(name) => Err(forbidden(
            name,
            format!("only a proxy admin may set `{name}`"),
        )),
        None => Ok(()),
    }
}

/// LiteLLM's list of routes that a key or a team is kept from.
pub(super) const DENIED_ROUTES: &str = "denied_passthrough_routes";

/// Refuses a caller that may not lift what an admin has forbidden: naming the list is changing it.
pub(in crate::manage) fn keeps_denied(rights: &Rights, given: &Given) -> Result<(), Fault> {
    let inside = given.object("metadata").contains_key(DENIED_ROUTES);
    if rights.is_admin() || !(inside || given.has(DENIED_ROUTES)) {
        return Ok(());
    }
    let message = format!("only a proxy admin may set `{DENIED_ROUTES}`");
    Err(forbidden(DENIED_ROUTES, message))
}

/// LiteLLM's list of guardrails that look at every call of a key or a team.
pub(super) const GUARDRAILS: &str = "guardrails";

/// Refuses a caller that would take away a guardrail that the key or the team has: it may have been
/// set by an admin. More of them anybody may add who may change the row.
pub(in crate::manage) fn keeps_guardrails(
    rights: &Rights,
    given: &Given,
    before: &Map<String, Value>,
) -> Result<(), Fault> {
    let metadata = given.object("metadata");
    let named = given.has(GUARDRAILS) || metadata.contains_key(GUARDRAILS);
    if rights.is_admin() || !named {
        return Ok(());
    }
    let after = match given.has(GUARDRAILS) {
        true => given.value(GUARDRAILS),
        false => metadata.get(GUARDRAILS),
    };
    let kept = names(after);
    match names(before.get(GUARDRAILS)).find(|it| !kept.clone().any(|name| name == *it)) {
        Some(lost) => Err(forbidden(
            GUARDRAILS,
            format!("only a proxy admin may take away the guardrail `{lost}`"),
        )),
        None => Ok(()),
    }
}

/// The texts of a list.
fn names(list: Option<&Value>) -> impl Iterator<Item = &str> + Clone {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// A row that the request names does not exist.
pub(in crate::manage) fn unknown(field: &str, id: &str) -> Fault {
    let shown = crate::manage::fault::shown(id);
    bad(
        field,
        format!("`{field}` names `{shown}`, which does not exist"),
    )
}

/// Finds the owner of a new key and whether the caller may make keys for them. A key without
/// owner is the caller's.
pub(super) async fn owner(
    m: &Manage,
    work: &mut Work<'_>,
    rights: &Rights,
    given: &mut Given,
    service: bool,
) -> Result<(), Fault> {
    let team = match given.text("team_id") {
        None => None,
        Some(id) => {
            let team = work.get::<TeamRow>(&id).await?;
            Some(team.ok_or_else(|| unknown("team_id", &id))?)
        }
    };
    if !service
        && !given.some("user_id")
        && let Some(user) = &rights.user
    {
        given.set("user_id", user.as_str().into());
    }
    let user = given.text("user_id");
    if !rights.is_admin() {
        match &team {
            Some(team) => team_key(work, rights, team, user.as_deref(), service).await?,
            None => personal_key(rights, user.as_deref())?,
        }
    }
    if let Some(organization) = given.text("organization_id") {
        organization_of(work, rights, &organization, team.as_ref()).await?;
    }
    m.check_generation(rights, team.as_ref(), given)
}

async fn team_key(
    work: &mut Work<'_>,
    rights: &Rights,
    team: &TeamRow,
    user: Option<&str>,
    service: bool,
) -> Result<(), Fault> {
    let route = if service {
        "/key/service-account/generate"
    } else {
        "/key/generate"
    };
    if !rights.makes_keys_in(team, route) {
        let message = "you may not make keys for this team: you are not its admin, and its \
                       `team_member_permissions` do not allow it";
        return Err(forbidden("team_id", message));
    }
    let Some(user) = user else { return Ok(()) };
    if !rights.is_user(user) && !rights.changes_team(team) {
        let message = "only an admin of the team may make keys for its other members";
        return Err(forbidden("user_id", message));
    }
    let seat = member_id(&team.id, user);
    if work.get::<TeamMemberRow>(&seat).await?.is_none() && !rights.is_user(user) {
        return Err(bad(
            "user_id",
            "this user is not in the team `team_id` names",
        ));
    }
    Ok(())
}

fn personal_key(rights: &Rights, user: Option<&str>) -> Result<(), Fault> {
    if !rights.makes_keys() {
        return Err(rights.no_keys());
    }
    match user {
        Some(user) if !rights.is_user(user) => Err(forbidden(
            "user_id",
            "only a proxy admin may make keys for other users",
        )),
        _ => Ok(()),
    }
}

/// The organisation of a key: the caller's, and its team's if that has one.
pub(super) async fn organization_of(
    work: &mut Work<'_>,
    rights: &Rights,
    organization: &str,
    team: Option<&TeamRow>,
) -> Result<(), Fault> {
    if work.get::<OrganizationRow>(organization).await?.is_none() {
        return Err(unknown("organization_id", organization));
    }
    let teams = team.and_then(|it| it.organization_id.as_deref());
    if teams.is_some_and(|it| it != organization) {
        let message = "`organization_id` is not the organization of the team";
        return Err(bad("organization_id", message));
    }
    if rights.is_admin() || teams.is_some() || rights.in_organization(organization) {
        return Ok(());
    }
    Err(forbidden(
        "organization_id",
        "you are not in this organization",
    ))
}

/// Rows that are named inside of documents, where no foreign key looks.
pub(in crate::manage) async fn references(work: &mut Work<'_>, given: &Given) -> Result<(), Fault> {
    for group in given.texts("access_group_ids") {
        if work.get::<AccessGroupRow>(&group).await?.is_none() {
            return Err(unknown("access_group_ids", &group));
        }
    }
    if let Some(budget) = given.text("end_user_budget_id")
        && work.get::<BudgetRow>(&budget).await?.is_none()
    {
        return Err(unknown("end_user_budget_id", &budget));
    }
    if let Some(user) = given.text("user_id")
        && work.get::<UserRow>(&user).await?.is_none()
    {
        return Err(unknown("user_id", &user));
    }
    Ok(())
}

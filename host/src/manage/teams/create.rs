//! `POST /team/new`.

use super::fields::{IN_REST, MEMBER_DEFAULTS, NEW, TEAM};
use super::{defaults, permissions, seats};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{bad, forbidden};
use crate::manage::fields::{Given, read, set};
use crate::manage::rights::Rights;
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage, keys};
use crate::store::{OrganizationRow, Stamp, TeamRow, UserRow};

/// A new team, with its first members. Proxy admins may make any, organisation admins those of
/// their organisation.
pub(in crate::manage) async fn create(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let mut given = read(
        &input.body,
        &[TEAM, NEW, MEMBER_DEFAULTS, keys::LIMITS, keys::IN_METADATA],
    )?;
    keys::admins_only(&rights, &given, &["allowed_passthrough_routes"])?;
    keys::keeps_denied(&rights, &given)?;
    for (name, value) in &m.settings().default_team {
        given.or_default(name, value);
    }
    let mut work = m.work(&rights).await?;
    organization(&mut work, &rights, &given).await?;
    let id = given.text("team_id");
    let mut row = TeamRow {
        id: id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
        stamp: Stamp::new(work.now, &work.actor),
        ..TeamRow::default()
    };
    if row.id.contains('/') {
        return Err(bad("team_id", "`team_id` may not contain `/`"));
    }
    apply(&given, &mut row)?;
    work.seal_logging(None, &mut row.doc.metadata)?;
    keys::references(&mut work, &given).await?;
    defaults::apply(&mut work, &given, &mut row).await?;
    work.insert(&row).await?;
    for seat in first_seats(&mut work, &rights, &given).await? {
        seats::sit(&mut work, &row, &seat).await?;
    }
    work.commit().await?;
    super::Views::of(m, std::slice::from_ref(&row))
        .await
        .map(|it| it.show(m, &row))
}

/// In which organisation the caller may make a team.
async fn organization(work: &mut Work<'_>, rights: &Rights, given: &Given) -> Result<(), Fault> {
    let Some(id) = given.text("organization_id") else {
        if rights.is_admin() {
            return Ok(());
        }
        let message = "only a proxy admin may make a team without an organization; give the \
                       `organization_id` of one that you administer";
        return Err(forbidden("organization_id", message));
    };
    if work.get::<OrganizationRow>(&id).await?.is_none() {
        return Err(keys::unknown("organization_id", &id));
    }
    if rights.changes_organization(&id) {
        return Ok(());
    }
    let message = "you do not administer this organization";
    Err(forbidden("organization_id", message))
}

/// Every field of a team that the request names.
pub(super) fn apply(given: &Given, row: &mut TeamRow) -> Result<(), Fault> {
    let why = "is not offered: calls are not refused for the lack of a trace id";
    given.ask_not("require_trace_id", why)?;
    let doc = &mut row.doc;
    set! { given;
        "team_alias" => row.alias, text;
        "organization_id" => row.organization_id, text;
        "max_budget" => row.max_budget, money;
        "models" => doc.models, texts;
        "model_aliases" => doc.model_aliases, object;
        "access_group_ids" => doc.access_group_ids, texts;
        "team_member_permissions" => doc.team_member_permissions, texts;
    }
    if given.has("blocked") {
        row.blocked = given.flag("blocked").unwrap_or(false);
    }
    permissions::check("team_member_permissions", &doc.team_member_permissions)?;
    keys::apply_limits(given, &mut doc.limits);
    let kept = doc.metadata.get(super::fields::MEMBER_BUDGET).cloned();
    keys::apply_metadata(given, &mut doc.metadata, &mut doc.limits)?;
    doc.metadata.shift_remove(super::fields::MEMBER_BUDGET);
    if let Some(kept) = kept {
        doc.metadata
            .insert(super::fields::MEMBER_BUDGET.to_owned(), kept);
    }
    for name in IN_REST {
        given.keep(name, &mut doc.rest);
    }
    Ok(())
}

/// `members_with_roles`, LiteLLM's older `admins` and `members`, and who makes the team.
async fn first_seats(
    work: &mut Work<'_>,
    rights: &Rights,
    given: &Given,
) -> Result<Vec<seats::Seat>, Fault> {
    let mut all = Vec::new();
    for (at, member) in given.list("members_with_roles").iter().enumerate() {
        all.push(seats::Seat::read(
            &format!("members_with_roles.{at}"),
            member,
        )?);
    }
    for (field, role) in [("admins", "admin"), ("members", "user")] {
        for id in given.texts(field) {
            let user = work.get::<UserRow>(&id).await?;
            user.ok_or_else(|| keys::unknown(field, &id))?;
            all.push(seats::Seat::of(field, &id, role));
        }
    }
    if let Some(user) = &rights.user
        && !all.iter().any(|it| it.is(user))
        && work.get::<UserRow>(user).await?.is_some()
    {
        all.push(seats::Seat::of("members_with_roles", user, "admin"));
    }
    Ok(all)
}

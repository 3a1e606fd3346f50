//! `POST /team/update` and `PATCH /team/{team_id}`.

use serde_json::json;

use super::create::apply;
use super::defaults;
use super::fields::{MEMBER_DEFAULTS, TEAM};
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind, Fault};
use crate::manage::fault::{absent, bad, forbidden};
use crate::manage::fields::{Field, Given, Kind};
use crate::manage::rights::{Rights, foreign};
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage, keys};
use crate::store::{OrganizationRow, TeamRow};

const NAMED: &[Field] = &[Field("team_id", Kind::Id), Field("spend", Kind::Money)];

/// What would lift the limits that an organisation or the operator has set for a team.
const NOT_BY_TEAM_ADMINS: &[&str] = &[
    "allowed_passthrough_routes",
    "blocked",
    "budget_limits",
    "max_budget",
    "organization_id",
    "soft_budget",
    "tpd_limit",
    "tpm_limit",
    "rpm_limit",
];

/// Changes a team in what the request names.
pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = given(&input)?;
    let id = given.need("team_id")?;
    let row = change(m, &rights, &id, &given).await?;
    let views = super::Views::of(m, std::slice::from_ref(&row)).await?;
    Ok(json!({"team_id": row.id, "data": views.show(m, &row)}))
}

/// The same, with the team in the path and the row as the answer.
pub(in crate::manage) async fn patch(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let id = input.part("team_id")?;
    let given = given(&input)?;
    if given.text("team_id").is_some_and(|it| it != id) {
        return Err(bad(
            "team_id",
            "`team_id` of the body is not that of the path",
        ));
    }
    let row = change(m, &rights, id, &given).await?;
    let views = super::Views::of(m, std::slice::from_ref(&row)).await?;
    Ok(views.show(m, &row))
}

fn given(input: &Input) -> Result<Given, Fault> {
    input.body_fields(&[
        TEAM,
        NAMED,
        MEMBER_DEFAULTS,
        keys::LIMITS,
        keys::IN_METADATA,
    ])
}

/// The team, locked, if it is there and the caller may change it.
pub(super) async fn need(work: &mut Work<'_>, rights: &Rights, id: &str) -> Result<TeamRow, Fault> {
    let team = work.get::<TeamRow>(id).await?;
    let team = team.ok_or_else(|| absent("team_id", "team", id))?;
    if rights.changes_team(&team) {
        return Ok(team);
    }
    Err(foreign("team_id", "team"))
}

async fn change(m: &Manage, rights: &Rights, id: &str, given: &Given) -> Result<TeamRow, Fault> {
    let mut work = m.work(rights).await?;
    let before = need(&mut work, rights, id).await?;
    let leads = before
        .organization_id
        .as_deref()
        .is_some_and(|it| rights.changes_organization(it));
    if !rights.is_admin() && !leads {
        let named = NOT_BY_TEAM_ADMINS.iter().find(|name| given.has(name));
        if let Some(name) = named {
            let message = format!("an admin of the team may not set `{name}`");
            return Err(forbidden(name, message));
        }
    }
    let admins = [
        "allowed_passthrough_routes",
        "disable_global_guardrails",
        "spend",
        "temp_budget_increase",
    ];
    keys::admins_only(rights, given, &admins)?;
    keys::keeps_denied(rights, given)?;
    keys::keeps_guardrails(rights, given, &before.doc.metadata)?;
    if let Some(organization) = given.text("organization_id") {
        if work.get::<OrganizationRow>(&organization).await?.is_none() {
            return Err(keys::unknown("organization_id", &organization));
        }
        if !rights.changes_organization(&organization) {
            let message = "you do not administer this organization";
            return Err(forbidden("organization_id", message));
        }
    } else if given.has("organization_id") {
        rights.need_admin("take a team out of its organization")?;
    }
    let mut row = before.clone();
    row.stamp.touch(work.now, &work.actor);
    apply(given, &mut row)?;
    work.seal_logging(Some(&before.doc.metadata), &mut row.doc.metadata)?;
    keys::references(&mut work, given).await?;
    defaults::apply(&mut work, given, &mut row).await?;
    work.update("updated", &before, &row).await?;
    if let Some(spend) = given.money("spend") {
        let entity = Entity::new(EntityKind::Team, row.id.as_str());
        work.set_spend(&entity, spend).await?;
    }
    work.commit().await?;
    Ok(row)
}

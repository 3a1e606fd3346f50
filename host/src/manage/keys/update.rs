//! `POST /key/update`: a key, changed in what the request names.

use serde_json::Value;

use super::fields::{ADMINS_ONLY, IN_METADATA, KEY, LIMITS, TEXT};
use super::lookup::{self, Found};
use super::{apply, scope, throughput};
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind, Fault};
use crate::manage::fault::{absent, bad, forbidden};
use crate::manage::fields::{Given, read};
use crate::manage::rights::{Rights, foreign};
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage};
use crate::store::{KeyRow, TeamMemberRow, TeamRow, member_id};

const ROUTE: &str = "/key/update";

/// Changes one key, named by `key`, or by `key_alias` alone.
pub(in crate::manage) async fn update(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = given(&input.body)?;
    let mut work = m.work(&rights).await?;
    let found = named(&mut work, &rights, &given).await?;
    let row = change(m, &mut work, &rights, &given, found).await?;
    work.commit().await?;
    shown(m, &row).await
}

/// LiteLLM's answer to a change: the row under `data`'s name, and flat.
pub(super) async fn shown(m: &Manage, row: &KeyRow) -> Answer {
    let views = super::Views::of(m, std::slice::from_ref(row)).await?;
    let mut shown = views.show(m, row);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("key".to_owned(), row.id.clone().into());
    }
    Ok(shown)
}

/// The fields of a change. `duration: "-1"` is LiteLLM's way to say never.
pub(super) fn given(body: &serde_json::Map<String, Value>) -> Result<Given, Fault> {
    let mut body = body.clone();
    if body.get("duration").and_then(Value::as_str) == Some("-1") {
        body.insert("duration".to_owned(), Value::Null);
    }
    read(&body, &[KEY, LIMITS, IN_METADATA, TEXT])
}

async fn named(work: &mut Work<'_>, rights: &Rights, given: &Given) -> Result<Found, Fault> {
    if let Some(key) = given.text("key") {
        return lookup::need(work, rights, "key", &key, ROUTE).await;
    }
    let alias = given.text("key_alias");
    let alias = alias.ok_or_else(|| bad("key", "`key` or `key_alias` is required"))?;
    let found = lookup::by_alias(work, &alias).await?;
    let found = found.ok_or_else(|| absent("key_alias", "key with the alias", &alias))?;
    if rights.changes_key(&found.key, found.team.as_ref(), ROUTE) {
        return Ok(found);
    }
    Err(foreign("key_alias", "key"))
}

/// Changes a key that the caller may change; where it moves to must be the caller's as well.
pub(super) async fn change(
    m: &Manage,
    work: &mut Work<'_>,
    rights: &Rights,
    given: &Given,
    found: Found,
) -> Result<KeyRow, Fault> {
    scope::admins_only(rights, given, ADMINS_ONLY)?;
    scope::keeps_denied(rights, given)?;
    scope::keeps_guardrails(rights, given, &found.key.doc.metadata)?;
    m.bound_key(given, work.now)?;
    if given.text("key_alias") != found.key.alias {
        m.check_alias(given.text("key_alias").as_deref())?;
    }
    moves(work, rights, given, &found).await?;
    scope::references(work, given).await?;
    let before = found.key;
    let mut row = before.clone();
    row.stamp.touch(work.now, &work.actor);
    if given.has("duration") {
        row.expires_at = apply::expiry(given, "duration", work.now);
    }
    apply::key(given, &mut row, work.now)?;
    work.seal_logging(Some(&before.doc.metadata), &mut row.doc.metadata)?;
    throughput::check(work, &row, &before.id).await?;
    work.update("updated", &before, &row).await?;
    if let Some(spend) = given.money("spend") {
        let entity = Entity::new(EntityKind::Key, row.id.as_str());
        work.set_spend(&entity, spend).await?;
    }
    Ok(row)
}

/// A key that gets another team, user or organisation.
async fn moves(
    work: &mut Work<'_>,
    rights: &Rights,
    given: &Given,
    found: &Found,
) -> Result<(), Fault> {
    let moved = |name: &str, now: &Option<String>| given.has(name) && given.text(name) != *now;
    let mut team = found.team.clone();
    if moved("team_id", &found.key.team_id) {
        team = match given.text("team_id") {
            Some(id) => {
                let team = work.get::<TeamRow>(&id).await?;
                Some(team.ok_or_else(|| scope::unknown("team_id", &id))?)
            }
            None => None,
        };
        let may = match &team {
            Some(team) => rights.makes_keys_in(team, ROUTE),
            // A key that leaves its team escapes the team's limits.
            None => found.team.as_ref().is_none_or(|it| rights.changes_team(it)),
        };
        if !may {
            return Err(forbidden(
                "team_id",
                "you may not move this key to that team",
            ));
        }
    }
    if moved("user_id", &found.key.user_id) && !rights.is_admin() {
        let to = given.text("user_id");
        let leads = team.as_ref().is_some_and(|it| rights.changes_team(it));
        let own = to.as_deref().is_some_and(|it| rights.is_user(it));
        if !leads && !own {
            let message = "you may not give this key to another user";
            return Err(forbidden("user_id", message));
        }
        if let Some((user, team)) = to.zip(team.as_ref())
            && work
                .get::<TeamMemberRow>(&member_id(&team.id, &user))
                .await?
                .is_none()
        {
            return Err(bad("user_id", "this user is not in the key's team"));
        }
    }
    if moved("organization_id", &found.key.organization_id) {
        match given.text("organization_id") {
            Some(id) => scope::organization_of(work, rights, &id, team.as_ref()).await?,
            None if rights.is_admin() => {}
            None => {
                let message = "only a proxy admin may take a key out of its organization";
                return Err(forbidden("organization_id", message));
            }
        }
    }
    Ok(())
}

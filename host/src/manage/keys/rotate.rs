//! `POST /key/regenerate`, `/key/{key}/regenerate` and `/key/{key}/reset_spend`.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::fields::{ADMINS_ONLY, IN_METADATA, KEY, LIMITS, TEXT};
use super::{apply, lookup, scope};
use crate::auth::{self, Caller};
use crate::budget::Period;
use crate::domain::{Entity, EntityKind, Fault};
use crate::manage::fault::bad;
use crate::manage::fields::{Field, Given, Kind, read};
use crate::manage::spend::Spends;
use crate::manage::work::Audited as _;
use crate::manage::{Answer, Input, Manage};
use crate::store::{KeyRow, Record, StoreError};

pub(super) const REGENERATE: &str = "/key/regenerate";

const ROTATION: &[Field] = &[
    Field("new_key", Kind::Text),
    Field("grace_period", Kind::Duration),
    Field("new_master_key", Kind::Text),
];

/// Gives a key a new text, and what else the request names. The old text is taken for the
/// `grace_period`, by default not at all.
pub(in crate::manage) async fn regenerate(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = given(&input)?;
    let named = match input.path.get("key") {
        Some(_) => input.part("key")?.to_owned(),
        None => given
            .text("key")
            .or_else(|| rights.key.clone())
            .ok_or_else(|| {
                bad(
                    "key",
                    "`key` is required: the master key is set in the configuration",
                )
            })?,
    };
    scope::admins_only(&rights, &given, ADMINS_ONLY)?;
    scope::keeps_denied(&rights, &given)?;
    m.bound_key(&given, m.now())?;
    let text = m.key_text("new_key", &given).await?;
    let mut work = m.work(&rights).await?;
    let found = lookup::need(&mut work, &rights, "key", &named, REGENERATE).await?;
    let before = found.key;
    scope::keeps_guardrails(&rights, &given, &before.doc.metadata)?;
    let mut row = KeyRow {
        id: auth::hash_key(text.reveal()).as_str().to_owned(),
        name: auth::masked(text.reveal()),
        ..before.clone()
    };
    if row.id == before.id {
        return Err(bad("new_key", "`new_key` is the old key"));
    }
    row.stamp.touch(work.now, &work.actor);
    if given.has("duration") {
        row.expires_at = apply::expiry(&given, "duration", work.now);
    }
    if given.some("key_alias") && given.text("key_alias") != before.alias {
        m.check_alias(given.text("key_alias").as_deref())?;
    }
    scope::references(&mut work, &given).await?;
    apply::key(&given, &mut row, work.now)?;
    super::throughput::check(&mut work, &row, &before.id).await?;
    rotated(&mut row, work.now);
    super::auto::forget(&mut row);
    let grace = apply::expiry(&given, "grace_period", work.now);
    let rotated = work.change.rotate_key(&before.id, &row, grace).await;
    rotated.map_err(taken)?;
    let (old, new) = (before.shown(), row.shown());
    work.note(
        "rotated",
        KeyRow::KIND,
        &before.id,
        Some(old),
        Some(new.clone()),
    );
    work.note("created", KeyRow::KIND, &row.id, None, Some(new));
    if let Some(spend) = given.money("spend") {
        let entity = Entity::new(EntityKind::Key, row.id.as_str());
        work.set_spend(&entity, spend).await?;
    }
    work.commit().await?;
    let made = super::generate::Made { row, text };
    let mut shown = made.shown(m, &given).await?;
    if let Some(shown) = shown.as_object_mut() {
        let until = crate::manage::time::iso_or_null(grace);
        shown.insert("old_key_valid_until".to_owned(), until);
    }
    Ok(shown)
}

/// Another key with the new text is named by the field that gave it.
fn taken(error: StoreError) -> Fault {
    match &error {
        StoreError::Duplicate { field, .. } if field == "id" => {
            bad("new_key", "this key is taken already by another")
        }
        _ => error.into(),
    }
}

/// Who owns a key does not change with its text.
fn given(input: &Input) -> Result<Given, Fault> {
    let mut body = input.body.clone();
    if body.get("duration").and_then(Value::as_str) == Some("-1") {
        body.insert("duration".to_owned(), Value::Null);
    }
    let given = read(&body, &[KEY, LIMITS, IN_METADATA, TEXT, ROTATION])?;
    let why = "is set in `general_settings.master_key` (or LITELLM_MASTER_KEY), followed by a start; \
               where it seals the database too, `sluice rotate-salt` comes first";
    given.ask_not("new_master_key", why)?;
    match ["team_id", "user_id", "organization_id"]
        .into_iter()
        .find(|name| given.has(name))
    {
        Some(name) => {
            let message = format!("`{name}` cannot change with the key: use `/key/update`");
            Err(bad(name, message))
        }
        None => Ok(given),
    }
}

/// The next rotation of a key that rotates by itself.
pub(super) fn rotated(row: &mut KeyRow, now: i64) {
    if row.rotate_at.is_none() {
        return;
    }
    let interval = row
        .doc
        .rest
        .get("rotation_interval")
        .and_then(Value::as_str);
    let period = interval.and_then(|it| it.parse::<Period>().ok());
    row.rotate_at = period.map(|it| it.expiry(now, &TimeZone::UTC));
}

/// Sets what a key has spent in its running window, at most to what it has.
pub(in crate::manage) async fn reset_spend(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let asked = input.body_fields(&[&[Field("reset_to", Kind::Money)]])?;
    let to = asked.money("reset_to");
    let to = to.ok_or_else(|| crate::manage::fault::missing("reset_to"))?;
    let id = lookup::id(input.part("key")?);
    let spent = Spends::of(m, EntityKind::Key, std::slice::from_ref(&id))
        .await?
        .get(&id)
        .window;
    let mut work = m.work(&rights).await?;
    let route = "/key/{key_id}/reset_spend";
    let found = lookup::need(&mut work, &rights, "key", &id, route).await?;
    let leads = found
        .team
        .as_ref()
        .is_some_and(|it| rights.changes_team(it));
    if !rights.is_admin() && !leads {
        let message = "only a proxy admin or an admin of the key's team may reset its spend";
        return Err(crate::manage::fault::forbidden("key", message));
    }
    if to > spent {
        let message = format!("`reset_to` is more than the key has spent ({spent})");
        return Err(bad("reset_to", message));
    }
    work.set_spend(&Entity::new(EntityKind::Key, id.as_str()), to)
        .await?;
    work.commit().await?;
    Ok(json!({
        "key_hash": id,
        "spend": to.dollars(),
        "previous_spend": spent.dollars(),
        "max_budget": super::view::dollars(found.key.max_budget),
    }))
}

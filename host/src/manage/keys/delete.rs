//! `POST /key/delete`, `/key/block` and `/key/unblock`.

use serde_json::json;

use super::lookup;
use super::update::shown;
use crate::auth::Caller;
use crate::domain::Fault;
use crate::manage::fault::{absent, bad};
use crate::manage::fields::{Field, Kind};
use crate::manage::rights::foreign;
use crate::manage::{Answer, Input, Manage};
use crate::store::KeyRow;

/// Deletes keys by text, hash or alias: all of them, or none.
pub(in crate::manage) async fn delete(m: &Manage, caller: &Caller, input: Input) -> Answer {
    const ROUTE: &str = "/key/delete";
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("keys", Kind::Texts),
        Field("key_aliases", Kind::Texts),
    ];
    let asked = input.body_fields(&[fields])?;
    let (keys, aliases) = (asked.texts("keys"), asked.texts("key_aliases"));
    if keys.is_empty() && aliases.is_empty() {
        return Err(bad("keys", "`keys` or `key_aliases` is required"));
    }
    let mut work = m.work(&rights).await?;
    let mut rows: Vec<KeyRow> = Vec::new();
    for key in &keys {
        let found = lookup::need(&mut work, &rights, "keys", key, ROUTE).await?;
        rows.push(found.key);
    }
    for alias in &aliases {
        let found = lookup::by_alias(&mut work, alias).await?;
        let found = found.ok_or_else(|| absent("key_aliases", "key with the alias", alias))?;
        if !rights.changes_key(&found.key, found.team.as_ref(), ROUTE) {
            return Err(foreign("key_aliases", "key"));
        }
        rows.push(found.key);
    }
    rows.sort_by(|left, right| left.id.cmp(&right.id));
    rows.dedup_by(|left, right| left.id == right.id);
    work.delete(&rows).await?;
    work.commit().await?;
    // As passed; a key's text is the caller's own, and is not written again.
    let deleted: Vec<String> = keys
        .iter()
        .map(|it| lookup::id(it))
        .chain(aliases)
        .collect();
    Ok(json!({"deleted_keys": deleted}))
}

/// Closes a key until it is unblocked.
pub(in crate::manage) async fn block(m: &Manage, caller: &Caller, input: Input) -> Answer {
    set_blocked(m, caller, &input, true).await
}

pub(in crate::manage) async fn unblock(m: &Manage, caller: &Caller, input: Input) -> Answer {
    set_blocked(m, caller, &input, false).await
}

async fn set_blocked(
    m: &Manage,
    caller: &Caller,
    input: &Input,
    blocked: bool,
) -> Result<serde_json::Value, Fault> {
    let (action, route) = if blocked {
        ("blocked", "/key/block")
    } else {
        ("unblocked", "/key/unblock")
    };
    let rights = m.rights(caller).await?;
    let asked = input.body_fields(&[&[Field("key", Kind::Text)]])?;
    let key = asked.need("key")?;
    let mut work = m.work(&rights).await?;
    let found = lookup::need(&mut work, &rights, "key", &key, route).await?;
    if rights.key.as_deref() == Some(&found.key.id) {
        return Err(bad("key", "a key cannot block or unblock itself"));
    }
    let mut row = found.key.clone();
    row.blocked = blocked;
    row.stamp.touch(work.now, &work.actor);
    work.update(action, &found.key, &row).await?;
    work.commit().await?;
    shown(m, &row).await
}

//! Keys that are replaced by themselves: `auto_rotate` with `rotation_interval`.
//!
//! The new text is for who could have made it with `/key/regenerate`: they read it in `/key/info`
//! as `rotated_key` until the next rotation. It is kept sealed with the salt key, the only text of
//! a key that is kept at all; after a new salt key it cannot be read any more.

use serde_json::Value;

use super::rotate::rotated;
use crate::auth;
use crate::domain::Fault;
use crate::manage::Manage;
use crate::manage::fault::is_ours;
use crate::manage::rights::Rights;
use crate::manage::work::Audited as _;
use crate::store::{Filter, KeyRow, Query, Record as _};

/// Who rotates, in the audit log.
const ACTOR: &str = "key_rotation";
/// Where the sealed text stands among the key's fields, which nobody is shown.
const SEALED: &str = "rotated_key_sealed";
/// Told in `/key/info`.
pub(super) const COUNT: &str = "rotation_count";
pub(super) const LAST: &str = "last_rotation_at";

/// Keys that are replaced in one round: the rest comes with the next.
const MOST: u64 = 100;

impl Manage {
    /// Replaces the keys whose time has come; the old texts are taken for `grace_ms`. However many
    /// replicas try, each key is replaced once: its row is locked, and gone afterwards. How many
    /// this one replaced.
    ///
    /// # Errors
    /// The database does not answer; what was replaced before is.
    pub async fn rotate_due_keys(&self, grace_ms: i64) -> Result<usize, Fault> {
        let now = self.now();
        self.store.forget_revoked(now).await?;
        let due = Query::new()
            .with(Filter::Below("rotate_at", now.saturating_add(1)))
            .sorted("rotate_at", false)
            .page(1, MOST);
        let due = self.store.list::<KeyRow>(&due).await?.rows;
        let mut done = 0usize;
        for key in due {
            match self.rotate_by_itself(&key.id, now, grace_ms).await {
                Ok(true) => done += 1,
                // Somebody else was faster, or the key was changed since.
                Ok(false) => {}
                Err(fault) if is_ours(&fault) => return Err(fault),
                Err(fault) => {
                    tracing::error!(key.hash = %key.id, %fault, "a key does not rotate");
                }
            }
        }
        Ok(done)
    }

    async fn rotate_by_itself(&self, id: &str, now: i64, grace_ms: i64) -> Result<bool, Fault> {
        let mut work = self.work(&Rights::of_job(ACTOR)).await?;
        let Some(before) = work.get::<KeyRow>(id).await? else {
            return Ok(false);
        };
        if before.rotate_at.is_none_or(|it| it > now) {
            return Ok(false);
        }
        let text = auth::new_key(self.settings().keys.bytes.max(auth::KEY_BYTES));
        let mut row = KeyRow {
            id: auth::hash_key(text.reveal()).as_str().to_owned(),
            name: auth::masked(text.reveal()),
            ..before.clone()
        };
        row.stamp.touch(now, ACTOR);
        rotated(&mut row, now);
        let rest = &mut row.doc.rest;
        rest.insert(SEALED.to_owned(), self.salt.seal(text.reveal())?.into());
        let count = rest.get(COUNT).and_then(Value::as_u64).unwrap_or_default();
        rest.insert(COUNT.to_owned(), count.saturating_add(1).into());
        rest.insert(LAST.to_owned(), crate::manage::time::iso(now));
        let until = (grace_ms > 0).then(|| now.saturating_add(grace_ms));
        work.change.rotate_key(id, &row, until).await?;
        let (old, new) = (before.shown(), row.shown());
        work.note("rotated", KeyRow::KIND, id, Some(old), Some(new.clone()));
        work.note("created", KeyRow::KIND, &row.id, None, Some(new));
        work.commit().await?;
        tracing::info!(key.hash = %row.id, key.name = %row.name, "a key was rotated");
        Ok(true)
    }

    /// The text that a key got by itself, for who may see it.
    pub(super) fn rotated_key(&self, key: &KeyRow) -> Option<String> {
        let sealed = key.doc.rest.get(SEALED)?.as_str()?;
        let text = self.salt.open("a rotated key", sealed).ok()?;
        Some(text.reveal().to_owned())
    }
}

/// A key that was given a text by somebody: what it had from a rotation is no longer true.
pub(super) fn forget(row: &mut KeyRow) {
    row.doc.rest.shift_remove(SEALED);
}

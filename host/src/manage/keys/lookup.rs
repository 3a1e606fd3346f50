//! Which key a request means: by its text or its hash, and its team, which decides whose it is.

use std::collections::HashMap;

use crate::auth;
use crate::domain::Fault;
use crate::manage::Manage;
use crate::manage::fault::absent;
use crate::manage::rights::{Rights, foreign};
use crate::manage::work::Work;
use crate::store::{Filter, KeyRow, Query, TeamRow};

/// The id of the row of a key that is named by its text or its hash.
pub(in crate::manage) fn id(text: &str) -> String {
    auth::key_or_hash(text).as_str().to_owned()
}

/// A key and its team.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub key: KeyRow,
    pub team: Option<TeamRow>,
}

/// The key, locked; None if there is none.
pub(super) async fn find(work: &mut Work<'_>, text: &str) -> Result<Option<Found>, Fault> {
    let Some(key) = work.get::<KeyRow>(&id(text)).await? else {
        return Ok(None);
    };
    let team = match &key.team_id {
        Some(team) => work.get(team).await?,
        None => None,
    };
    Ok(Some(Found { key, team }))
}

/// The key, locked, if it is there and the caller may change it. `route` is what a team may have
/// given its members.
pub(super) async fn need(
    work: &mut Work<'_>,
    rights: &Rights,
    field: &str,
    text: &str,
    route: &str,
) -> Result<Found, Fault> {
    let found = find(work, text).await?;
    let found = found.ok_or_else(|| absent(field, "key", text))?;
    if rights.changes_key(&found.key, found.team.as_ref(), route) {
        return Ok(found);
    }
    Err(foreign(field, "key"))
}

/// The key with this alias, locked.
pub(super) async fn by_alias(work: &mut Work<'_>, alias: &str) -> Result<Option<Found>, Fault> {
    let page = work
        .change
        .list::<KeyRow>(&Query::new().is("alias", alias))
        .await?;
    match page.rows.first() {
        Some(key) => find(work, &key.id).await,
        None => Ok(None),
    }
}

/// The teams of keys, by id.
pub(super) async fn teams_of(
    m: &Manage,
    keys: &[KeyRow],
) -> Result<HashMap<String, TeamRow>, Fault> {
    let mut ids: Vec<&str> = keys.iter().filter_map(|it| it.team_id.as_deref()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = ids.into_iter().map(Into::into).collect();
    let teams = m
        .store
        .list::<TeamRow>(&Query::new().with(Filter::In("id", ids)))
        .await?;
    let teams = teams.rows.into_iter();
    Ok(teams.map(|team| (team.id.clone(), team)).collect())
}

/// The key that was rotated from this hash, while the old text is still taken.
pub(super) async fn superseding(m: &Manage, hash: &str) -> Result<Option<KeyRow>, Fault> {
    let holder = m.store.holder(hash, m.now()).await?;
    Ok(holder.filter(|it| it.revoked_at.is_some()).map(|it| it.key))
}

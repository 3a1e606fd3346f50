//! Who lists an access group: keys and teams, in whose documents its id stands.

use std::collections::BTreeSet;

use crate::domain::Fault;
use crate::manage::fields::Given;
use crate::manage::work::{Audited, Work};
use crate::manage::{Answer, Manage, keys};
use crate::store::{AccessGroupRow, Filter, KeyRow, Query, TeamRow};

/// Who is to list the group; a list replaces who did.
pub(super) const TEAMS: &str = "assigned_team_ids";
pub(super) const KEYS: &str = "assigned_key_ids";

/// Puts the group onto the teams and keys that the request assigns it to, and takes it from the
/// others that have it.
pub(super) async fn assign(
    work: &mut Work<'_>,
    given: &Given,
    group: &AccessGroupRow,
) -> Result<(), Fault> {
    if given.has(TEAMS) {
        let wanted: BTreeSet<String> = given.texts(TEAMS).into_iter().collect();
        let mut rows = work.change.list::<TeamRow>(&naming(group)).await?.rows;
        for id in &wanted {
            if !rows.iter().any(|it| it.id == *id) {
                let row = work.get::<TeamRow>(id).await?;
                rows.push(row.ok_or_else(|| keys::unknown(TEAMS, id))?);
            }
        }
        for before in rows {
            let mut row = before.clone();
            hold(
                &mut row.doc.access_group_ids,
                group,
                wanted.contains(&row.id),
            );
            if row != before {
                row.stamp.touch(work.now, &work.actor);
                work.update("updated", &before, &row).await?;
            }
        }
    }
    if given.has(KEYS) {
        let wanted = given.texts(KEYS).into_iter().map(|it| keys::key_id(&it));
        let wanted: BTreeSet<String> = wanted.collect();
        let mut rows = work.change.list::<KeyRow>(&naming(group)).await?.rows;
        for id in &wanted {
            if !rows.iter().any(|it| it.id == *id) {
                let row = work.get::<KeyRow>(id).await?;
                rows.push(row.ok_or_else(|| keys::unknown(KEYS, id))?);
            }
        }
        for before in rows {
            let mut row = before.clone();
            hold(
                &mut row.doc.access_group_ids,
                group,
                wanted.contains(&row.id),
            );
            if row != before {
                row.stamp.touch(work.now, &work.actor);
                work.update("updated", &before, &row).await?;
            }
        }
    }
    Ok(())
}

fn hold(ids: &mut Vec<String>, group: &AccessGroupRow, holds: bool) {
    match (holds, ids.contains(&group.id)) {
        (true, false) => ids.push(group.id.clone()),
        (false, true) => ids.retain(|it| *it != group.id),
        _ => {}
    }
}

/// Rows whose document has the group's id somewhere.
fn naming(group: &AccessGroupRow) -> Query {
    Query::new().with(Filter::Contains("doc", format!("\"{}\"", group.id)))
}

/// Takes the group from everybody; how many had it.
pub(super) async fn forget(work: &mut Work<'_>, group: &AccessGroupRow) -> Result<usize, Fault> {
    let mut touched = 0;
    for before in work.change.list::<KeyRow>(&naming(group)).await?.rows {
        if before.doc.access_group_ids.contains(&group.id) {
            let mut row = before.clone();
            row.doc.access_group_ids.retain(|it| *it != group.id);
            row.stamp.touch(work.now, &work.actor);
            work.update("updated", &before, &row).await?;
            touched += 1;
        }
    }
    for before in work.change.list::<TeamRow>(&naming(group)).await?.rows {
        if before.doc.access_group_ids.contains(&group.id) {
            let mut row = before.clone();
            row.doc.access_group_ids.retain(|it| *it != group.id);
            row.stamp.touch(work.now, &work.actor);
            work.update("updated", &before, &row).await?;
            touched += 1;
        }
    }
    Ok(touched)
}

/// With the keys and teams that list the group.
pub(super) async fn with_holders(m: &Manage, row: &AccessGroupRow) -> Answer {
    let keys = m.store.list::<KeyRow>(&naming(row)).await?.rows.into_iter();
    let keys: Vec<String> = keys
        .filter(|it| it.doc.access_group_ids.contains(&row.id))
        .map(|it| it.id)
        .collect();
    let teams = m
        .store
        .list::<TeamRow>(&naming(row))
        .await?
        .rows
        .into_iter();
    let teams: Vec<String> = teams
        .filter(|it| it.doc.access_group_ids.contains(&row.id))
        .map(|it| it.id)
        .collect();
    let mut shown = row.shown();
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("assigned_key_ids".to_owned(), keys.into());
        shown.insert("assigned_team_ids".to_owned(), teams.into());
    }
    Ok(shown)
}

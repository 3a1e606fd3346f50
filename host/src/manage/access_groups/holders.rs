//! Who lists an access group: keys and teams, in whose documents its id stands.

use std::collections::BTreeSet;

use crate::domain::Fault;
use crate::manage::fields::Given;
use crate::manage::work::{Audited, Work};
use crate::manage::{Answer, Manage, keys};
use crate::store::{AccessGroupRow, Filter, KeyRow, Query, Stamp, TeamRow};

/// Who is to list the group; a list replaces who did.
pub(super) const TEAMS: &str = "assigned_team_ids";
pub(super) const KEYS: &str = "assigned_key_ids";

/// A row that may list groups.
trait Holder: Audited + Clone + PartialEq {
    fn groups(&self) -> &Vec<String>;
    fn parts(&mut self) -> (&mut Vec<String>, &mut Stamp);
}

impl Holder for KeyRow {
    fn groups(&self) -> &Vec<String> {
        &self.doc.access_group_ids
    }

    fn parts(&mut self) -> (&mut Vec<String>, &mut Stamp) {
        (&mut self.doc.access_group_ids, &mut self.stamp)
    }
}

impl Holder for TeamRow {
    fn groups(&self) -> &Vec<String> {
        &self.doc.access_group_ids
    }

    fn parts(&mut self) -> (&mut Vec<String>, &mut Stamp) {
        (&mut self.doc.access_group_ids, &mut self.stamp)
    }
}

/// Puts the group onto the teams and keys that the request assigns it to, and takes it from the
/// others that have it.
pub(super) async fn assign(
    work: &mut Work<'_>,
    given: &Given,
    group: &AccessGroupRow,
) -> Result<(), Fault> {
    if given.has(TEAMS) {
        let wanted = given.texts(TEAMS).into_iter().collect();
        assign_to::<TeamRow>(work, TEAMS, &wanted, group).await?;
    }
    if given.has(KEYS) {
        let wanted = given.texts(KEYS).into_iter().map(|it| keys::key_id(&it));
        assign_to::<KeyRow>(work, KEYS, &wanted.collect(), group).await?;
    }
    Ok(())
}

async fn assign_to<R: Holder>(
    work: &mut Work<'_>,
    field: &str,
    wanted: &BTreeSet<String>,
    group: &AccessGroupRow,
) -> Result<(), Fault> {
    let mut rows = work.change.list::<R>(&naming(group)).await?.rows;
    for id in wanted {
        if !rows.iter().any(|it| it.id() == id) {
            let row = work.get::<R>(id).await?;
            rows.push(row.ok_or_else(|| keys::unknown(field, id))?);
        }
    }
    for row in rows {
        let holds = wanted.contains(row.id());
        hold(work, row, group, holds).await?;
    }
    Ok(())
}

/// Whether anything changed.
async fn hold<R: Holder>(
    work: &mut Work<'_>,
    before: R,
    group: &AccessGroupRow,
    holds: bool,
) -> Result<bool, Fault> {
    let mut row = before.clone();
    let (groups, stamp) = row.parts();
    match (holds, groups.contains(&group.id)) {
        (true, false) => groups.push(group.id.clone()),
        (false, true) => groups.retain(|it| *it != group.id),
        _ => return Ok(false),
    }
    stamp.touch(work.now, &work.actor);
    work.update("updated", &before, &row).await?;
    Ok(true)
}

/// Rows whose document has the group's id somewhere.
fn naming(group: &AccessGroupRow) -> Query {
    Query::new().with(Filter::Contains("doc", format!("\"{}\"", group.id)))
}

/// Takes the group from everybody; how many had it.
pub(super) async fn forget(work: &mut Work<'_>, group: &AccessGroupRow) -> Result<usize, Fault> {
    Ok(forget_by::<KeyRow>(work, group).await? + forget_by::<TeamRow>(work, group).await?)
}

async fn forget_by<R: Holder>(work: &mut Work<'_>, group: &AccessGroupRow) -> Result<usize, Fault> {
    let mut touched = 0;
    for row in work.change.list::<R>(&naming(group)).await?.rows {
        touched += usize::from(hold(work, row, group, false).await?);
    }
    Ok(touched)
}

/// With the keys and teams that list the group.
pub(super) async fn with_holders(m: &Manage, row: &AccessGroupRow) -> Answer {
    let keys = holders::<KeyRow>(m, row).await?;
    let teams = holders::<TeamRow>(m, row).await?;
    let mut shown = row.shown();
    if let Some(shown) = shown.as_object_mut() {
        shown.insert(KEYS.to_owned(), keys.into());
        shown.insert(TEAMS.to_owned(), teams.into());
    }
    Ok(shown)
}

async fn holders<R: Holder>(m: &Manage, group: &AccessGroupRow) -> Result<Vec<String>, Fault> {
    let rows = m.store.list::<R>(&naming(group)).await?.rows.into_iter();
    let listing = rows.filter(|it| it.groups().contains(&group.id));
    Ok(listing.map(|it| it.id().to_owned()).collect())
}

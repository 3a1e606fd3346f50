//! Whose spend a caller may see. Read from the database for each question: who lost a seat a
//! moment ago has lost the view that it gave.
//!
//! Whatever a caller names, the conditions of its own right are added to the question, so that a
//! mistake in a check gives no row of anybody else.

use super::Reports;
use super::fault::{forbidden, refused, store};
use crate::asked::Standing;
use crate::auth::Caller;
use crate::domain::{Fault, SpendRow};
use crate::store::{KeyRow, Query, SpendFilter, TeamRow};

/// Keys of one user that are looked at.
const MOST_KEYS: u64 = 10_000;

/// What a caller may see.
#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    /// Proxy admins and their viewers.
    pub all: bool,
    pub user: Option<String>,
    /// Hash of the key that was used.
    pub key: Option<String>,
    /// The team of that key.
    pub key_team: Option<String>,
    /// Teams the caller is in, and whether as their admin.
    pub seats: Vec<(String, bool)>,
    /// Organisations whose admin the caller is.
    pub heads: Vec<String>,
}

impl Reports {
    pub(super) async fn sight(&self, caller: &Caller) -> Result<Sight, Fault> {
        let all = caller.sees_all();
        let standing = if all {
            Standing::of(caller)
        } else {
            Standing::read(&self.store, caller).await.map_err(store)?
        };
        let led = standing.organizations.into_iter().filter(|it| it.1);
        Ok(Sight {
            all,
            user: standing.user,
            key: standing.key,
            key_team: standing.key_team,
            seats: standing.seats,
            heads: led.map(|it| it.0).collect(),
        })
    }

    /// For what only those may ask who see everything.
    pub(super) fn need_all(&self, caller: &Caller) -> Result<(), Fault> {
        if caller.sees_all() {
            return Ok(());
        }
        Err(refused(
            "only a proxy admin, or a viewer of everything, may see the spend of all",
        ))
    }

    /// The same of the reports below `/global/spend`, which a key may be let see.
    pub(super) fn need_spend(&self, caller: &Caller) -> Result<(), Fault> {
        match caller.sees_spend() {
            true => Ok(()),
            false => self.need_all(caller),
        }
    }

    /// Whether the caller administers a team, or the organisation above it.
    pub(super) async fn leads(&self, sight: &Sight, team: &str) -> Result<bool, Fault> {
        if sight.is_admin_of(team) {
            return Ok(true);
        }
        if sight.heads.is_empty() {
            return Ok(false);
        }
        let row = self.store.get::<TeamRow>(team).await.map_err(store)?;
        Ok(row.is_some_and(|it| sight.heads(it.organization_id.as_deref())))
    }

    /// Adds to a question about rows what the caller's right demands, or refuses it.
    pub(super) async fn narrow(&self, sight: &Sight, to: &mut SpendFilter) -> Result<(), Fault> {
        if sight.all {
            return Ok(());
        }
        if let Some(hash) = to.key_hash.clone() {
            return self.narrow_key(sight, &hash, to).await;
        }
        if !to.team_ids.is_empty() {
            let mut leads = true;
            for team in &to.team_ids {
                leads &= self.leads(sight, team).await?;
                if !leads && !sight.is_in(team) {
                    return Err(foreign("team_id", "team"));
                }
            }
            return if leads { Ok(()) } else { sight.own(to) };
        }
        match to.organization_id.as_deref() {
            Some(id) if sight.heads(Some(id)) => Ok(()),
            Some(_) => Err(foreign("organization_id", "organization")),
            None => sight.own(to),
        }
    }

    async fn narrow_key(
        &self,
        sight: &Sight,
        hash: &str,
        to: &mut SpendFilter,
    ) -> Result<(), Fault> {
        if sight.key.as_deref() == Some(hash) {
            return Ok(());
        }
        // A key that does not exist is refused as one of somebody else: nobody learns which.
        let key = self.store.get::<KeyRow>(hash).await.map_err(store)?;
        let key = key.ok_or_else(|| foreign("api_key", "key"))?;
        if key.user_id.is_some() && key.user_id == sight.user {
            return sight.own(to);
        }
        if let Some(team) = &key.team_id
            && self.leads(sight, team).await?
        {
            if to.team_ids.iter().any(|it| it != team) {
                return Err(foreign("team_id", "team"));
            }
            to.team_ids = vec![team.clone()];
            return Ok(());
        }
        if key.organization_id.is_some() && sight.heads(key.organization_id.as_deref()) {
            to.organization_id = key.organization_id;
            return Ok(());
        }
        Err(foreign("api_key", "key"))
    }

    /// The caller's keys, which limit what it sees of holders that it shares with others.
    pub(super) async fn own_keys(&self, sight: &Sight) -> Result<Vec<String>, Fault> {
        let mut keys: Vec<String> = sight.key.iter().cloned().collect();
        if let Some(user) = &sight.user {
            let query = Query::new().is("user_id", user.as_str()).page(1, MOST_KEYS);
            let rows = self.store.list::<KeyRow>(&query).await.map_err(store)?.rows;
            keys.extend(rows.into_iter().map(|it| it.id));
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}

impl Sight {
    fn is_admin_of(&self, team: &str) -> bool {
        self.seats.iter().any(|(id, admin)| *admin && id == team)
    }

    /// Is in the team, as a member or with one of its keys.
    pub fn is_in(&self, team: &str) -> bool {
        self.key_team.as_deref() == Some(team) || self.seats.iter().any(|(id, _)| id == team)
    }

    pub fn heads(&self, organization: Option<&str>) -> bool {
        organization.is_some_and(|id| self.heads.iter().any(|it| it == id))
    }

    /// The rows of the caller itself: of its user, else of its key.
    fn own(&self, to: &mut SpendFilter) -> Result<(), Fault> {
        if let Some(user) = &self.user {
            if to.user_id.as_ref().is_some_and(|it| it != user) {
                return Err(foreign("user_id", "user"));
            }
            to.user_id = Some(user.clone());
            return Ok(());
        }
        if to.user_id.is_some() {
            return Err(foreign("user_id", "user"));
        }
        let key = self
            .key
            .clone()
            .ok_or_else(|| refused("you have no spend of your own"))?;
        to.key_hash = Some(key);
        Ok(())
    }

    /// Whether the caller may see this call.
    pub fn sees(&self, row: &SpendRow) -> bool {
        let same =
            |mine: &Option<String>, theirs: &Option<String>| mine.is_some() && mine == theirs;
        self.all
            || same(&self.user, &row.user_id)
            || self.key.as_deref() == Some(row.key_hash.as_str())
            || row
                .team_id
                .as_deref()
                .is_some_and(|it| self.is_admin_of(it))
            || self.heads(row.organization_id.as_deref())
    }
}

/// The refusal for the spend of somebody else.
pub(super) fn foreign(field: &str, what: &str) -> Fault {
    forbidden(
        field,
        format!("you may not see the spend of this {what}; it is not yours"),
    )
}

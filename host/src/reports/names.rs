//! What keys and holders are called, for people who read the sums.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Reports;
use super::fault::store;
use crate::domain::{EntityKind, Fault};
use crate::store::{EndUserRow, Filter, KeyRow, OrganizationRow, Query, Record, TeamRow, UserRow};

/// Ids of one statement.
const CHUNK: usize = 1_000;

/// The virtual keys of an answer by hash; one that was deleted has no row.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(HashMap<String, KeyRow>);

impl Keys {
    pub fn get(&self, hash: &str) -> Option<&KeyRow> {
        self.0.get(hash)
    }

    pub fn alias(&self, hash: &str) -> Option<&str> {
        self.get(hash)?.alias.as_deref()
    }

    /// `metadata` of a key in a breakdown.
    pub fn metadata(&self, hash: &str) -> KeyNames<'_> {
        let key = self.get(hash);
        KeyNames {
            key_alias: key.and_then(|it| it.alias.as_deref()),
            team_id: key.and_then(|it| it.team_id.as_deref()),
        }
    }
}

/// What a key is called, and whose it is.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct KeyNames<'a> {
    key_alias: Option<&'a str>,
    team_id: Option<&'a str>,
}

impl Reports {
    pub(super) async fn keys<'a>(
        &self,
        hashes: impl Iterator<Item = &'a str>,
    ) -> Result<Keys, Fault> {
        let rows = self.rows::<KeyRow>(hashes).await?.into_iter();
        Ok(Keys(rows.map(|it| (it.id.clone(), it)).collect()))
    }

    /// The aliases of teams; a team without one is not among them.
    pub(super) async fn team_aliases<'a>(
        &self,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<String, String>, Fault> {
        let rows = self.rows::<TeamRow>(ids).await?.into_iter();
        Ok(rows.filter_map(|it| Some((it.id, it.alias?))).collect())
    }

    /// `metadata` of holders of a kind in a breakdown.
    pub(super) async fn described<'a>(
        &self,
        kind: EntityKind,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<String, Map<String, Value>>, Fault> {
        let named = |id: String, pairs: &[(&str, Option<String>)]| {
            let pairs = pairs.iter();
            let all = pairs.map(|(name, value)| ((*name).to_owned(), json!(value)));
            (id, all.collect::<Map<String, Value>>())
        };
        Ok(match kind {
            EntityKind::Team => {
                let rows = self.rows::<TeamRow>(ids).await?.into_iter();
                rows.map(|it| named(it.id, &[("team_alias", it.alias)]))
                    .collect()
            }
            EntityKind::User => {
                let rows = self.rows::<UserRow>(ids).await?.into_iter();
                rows.map(|it| named(it.id, &[("user_email", it.email), ("user_alias", it.alias)]))
                    .collect()
            }
            EntityKind::Organization => {
                let rows = self.rows::<OrganizationRow>(ids).await?.into_iter();
                rows.map(|it| named(it.id, &[("organization_alias", it.alias)]))
                    .collect()
            }
            EntityKind::EndUser => {
                let rows = self.rows::<EndUserRow>(ids).await?.into_iter();
                rows.map(|it| named(it.id, &[("alias", it.alias)]))
                    .collect()
            }
            _ => HashMap::new(),
        })
    }

    async fn rows<'a, R: Record>(
        &self,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<R>, Fault> {
        let ids: Vec<&str> = ids.collect::<BTreeSet<_>>().into_iter().collect();
        let mut found = Vec::new();
        for chunk in ids.chunks(CHUNK) {
            let chunk = chunk.iter().map(|it| (*it).into()).collect();
            let query = Query::new().with(Filter::In("id", chunk));
            found.extend(self.store.list::<R>(&query).await.map_err(store)?.rows);
        }
        Ok(found)
    }
}

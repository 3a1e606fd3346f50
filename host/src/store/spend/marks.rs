//! How far each replica's journal is stored. The mark moves in the transaction that stores the
//! rows, and is read in one snapshot with the sums: so that the two together are exact.

use std::borrow::Cow;

use super::accounts::{self, Account};
use super::indexed;
use crate::domain::Entity;
use crate::store::sql::Connection;
use crate::store::{Store, StoreError};

/// Moves a journal's mark, never back.
pub(super) async fn advance(
    connection: &mut Connection,
    journal: &str,
    mark: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO sluice.journals AS j (id, mark) VALUES ($1, $2)
               ON CONFLICT (id) DO UPDATE SET mark = excluded.mark WHERE j.mark < excluded.mark";
    let values = vec![journal.into(), mark.into()];
    connection.execute(sql, values).await.map(drop)
}

impl Store {
    /// Every window of a holder, and the mark of a journal at that moment; 0: nothing of it is
    /// stored.
    pub async fn accounts_of(
        &self,
        entity: &Entity,
        journal: &str,
    ) -> Result<(Vec<Account>, i64), StoreError> {
        self.accounts_at(std::slice::from_ref(entity), journal)
            .await
    }

    /// The same of several holders.
    pub async fn accounts_at(
        &self,
        entities: &[Entity],
        journal: &str,
    ) -> Result<(Vec<Account>, i64), StoreError> {
        let mut connection = self.pools.snapshot().await?;
        let mut found = accounts::all_of(&mut connection, entities).await?;
        // Ids that are too long for an index stand cut in the database.
        let long = entities
            .iter()
            .filter(|it| matches!(indexed(&it.id), Cow::Owned(_)));
        for entity in long {
            let cut = indexed(&entity.id);
            let ours = |it: &&mut Account| it.entity.kind == entity.kind && *it.entity.id == *cut;
            for account in found.iter_mut().filter(ours) {
                account.entity = entity.clone();
            }
        }
        let sql = "SELECT mark FROM sluice.journals WHERE id = $1";
        let row = connection.row(sql, vec![journal.into()]).await?;
        let mark = row.map(|row| row.int("mark")).transpose()?;
        Ok((found, mark.unwrap_or(0)))
    }

    /// How far each journal is stored, by its name.
    pub async fn marks(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let mut connection = self.pools.read().await?;
        let sql = "SELECT id, mark FROM sluice.journals";
        let rows = connection.rows(sql, Vec::new()).await?;
        let read = rows
            .iter()
            .map(|row| Ok((row.text("id")?, row.int("mark")?)));
        read.collect()
    }
}

//! How far each replica's journal is stored. The mark moves in the transaction that stores the
//! rows, and is read in one snapshot with the sums: so that the two together are exact.

use super::accounts::{self, Account};
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
        let mut connection = self.pools.snapshot().await?;
        let found = accounts::all_of(&mut connection, std::slice::from_ref(entity)).await?;
        let sql = "SELECT mark FROM sluice.journals WHERE id = $1";
        let row = connection.row(sql, vec![journal.into()]).await?;
        let mark = row.map(|row| row.int("mark")).transpose()?;
        Ok((found, mark.unwrap_or(0)))
    }
}

//! The input of batches whose providers take no file of requests.

use super::{Store, StoreError};

impl Store {
    /// Keeps some lines of a file, at their place among its pieces.
    pub async fn keep_lines(
        &self,
        (id, place): (&str, i64),
        lines: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO sluice.batch_lines (id, place, created_ms, lines) \
                   VALUES ($1, $2, $3, $4)";
        let values = vec![id.into(), place.into(), now_ms.into(), lines.into()];
        self.write_remote([(sql, values)]).await
    }

    /// The lines at a place; none behind the last.
    pub async fn lines_at(&self, id: &str, place: i64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT lines FROM sluice.batch_lines WHERE id = $1 AND place = $2";
        let mut connection = self.pools.read().await?;
        let row = connection.row(sql, vec![id.into(), place.into()]).await?;
        row.map(|row| row.text("lines")).transpose()
    }

    /// Forgets all lines that were kept before a time, and their files.
    pub async fn forget_lines(&self, before_ms: i64) -> Result<(), StoreError> {
        let files = "DELETE FROM sluice.remote_objects WHERE id IN \
                     (SELECT id FROM sluice.batch_lines WHERE created_ms < $1)";
        let lines = "DELETE FROM sluice.batch_lines WHERE created_ms < $1";
        let before = || vec![before_ms.into()];
        self.write_remote([(files, before()), (lines, before())])
            .await
    }
}

//! Notices between replicas: what changed, numbered in the order in which it became visible.
//! A replica asks at its own pace what came after the number that it knows.

use super::sql::{Block, Connection};
use super::{Store, StoreError, audit};

/// What changed since a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// These, oldest first; nothing is missing in between.
    These(Vec<Notice>),
    /// Notices in between are gone: read everything again, then go on from `seq`.
    Everything { seq: i64 },
}

/// One entity that changed or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub seq: i64,
    /// As `Record::KIND` has it.
    pub kind: String,
    pub id: String,
}

pub(super) async fn append(
    connection: &mut Connection,
    notices: &[(&'static str, String)],
    now_ms: i64,
) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    let mut seq = audit::numbers(connection, "changes", notices.len()).await?;
    let mut block = Block::new(4, notices.len());
    for (kind, id) in notices {
        block.push([seq.into(), (*kind).into(), id.into(), now_ms.into()]);
        seq = seq.saturating_add(1);
    }
    let into = "INSERT INTO sluice.changes (seq, kind, id, at) ";
    connection.block(into, block, "").await.map(drop)
}

impl Store {
    /// The number of the newest notice: where a replica begins that reads everything now.
    pub async fn latest_change(&self) -> Result<i64, StoreError> {
        latest(&mut self.pools.read().await?).await
    }

    /// What changed after `seq`, at most `limit` notices at once.
    pub async fn changes_after(&self, seq: i64, limit: u32) -> Result<Changed, StoreError> {
        let mut connection = self.pools.snapshot().await?;
        let rows = connection
            .rows(
                &format!(
                    "SELECT seq, kind, id FROM sluice.changes WHERE seq > $1
                     ORDER BY seq LIMIT {limit}"
                ),
                vec![seq.into()],
            )
            .await?;
        let notices: Vec<Notice> = rows
            .iter()
            .map(|row| {
                Ok(Notice {
                    seq: row.int("seq")?,
                    kind: row.text("kind")?,
                    id: row.text("id")?,
                })
            })
            .collect::<Result<_, StoreError>>()?;
        let newest = latest(&mut connection).await?;
        let whole = match notices.is_empty() {
            // Clocks of replicas differ: what was forgotten may lie between what was not.
            false => (seq.saturating_add(1)..)
                .zip(&notices)
                .all(|(expected, it)| it.seq == expected),
            // A restored backup may be behind what this replica has seen.
            true => newest == seq,
        };
        Ok(if whole {
            Changed::These(notices)
        } else {
            Changed::Everything { seq: newest }
        })
    }

    /// Forgets notices from before a time, the oldest first and at most `limit` at once; replicas
    /// that slept longer read everything again.
    pub async fn forget_changes(&self, before_ms: i64, limit: u32) -> Result<u64, StoreError> {
        let sql = format!(
            "DELETE FROM sluice.changes WHERE seq IN (
                 SELECT seq FROM sluice.changes WHERE at < $1 ORDER BY seq LIMIT {limit})"
        );
        let mut connection = self.pools.write().await?;
        let gone = connection.execute(&sql, vec![before_ms.into()]).await?;
        connection.commit().await?;
        Ok(gone)
    }
}

async fn latest(connection: &mut Connection) -> Result<i64, StoreError> {
    let row = connection
        .row(
            "SELECT value FROM sluice.counters WHERE name = 'changes'",
            Vec::new(),
        )
        .await?;
    row.map_or(Ok(0), |row| row.int("value"))
}

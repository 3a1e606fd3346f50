//! Sessions of the admin UI.

use super::sql::{Row, Value};
use super::{Change, Store, StoreError};

const COLUMNS: &str =
    "id, kind, holder, proof, method, address, agent, created_ms, seen_ms, expires_ms";

/// A session as it is stored: whoever reads it cannot use it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredSession {
    /// SHA-256 of its token, in lower-case hex.
    pub id: String,
    /// `master`, `admin`, `key` or `user`.
    pub kind: String,
    /// A key's hash, or a user's id.
    pub holder: String,
    /// What of the operator's own password it was begun with, bound to the token.
    pub proof: Option<String>,
    /// How its holder was proven.
    pub method: String,
    pub address: Option<String>,
    pub agent: Option<String>,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    pub seen_ms: i64,
    pub expires_ms: i64,
}

/// A user's sessions, as `kind` says it.
const OF_USER: &str = "user";

impl Store {
    pub async fn begin_session(&self, it: &StoredSession) -> Result<(), StoreError> {
        let sql = format!(
            "INSERT INTO sluice.sessions ({COLUMNS})
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        );
        let values: Vec<Value> = vec![
            Value::from(&it.id),
            Value::from(&it.kind),
            Value::from(&it.holder),
            Value::from(&it.proof),
            Value::from(&it.method),
            Value::from(&it.address),
            Value::from(&it.agent),
            it.created_ms.into(),
            it.seen_ms.into(),
            it.expires_ms.into(),
        ];
        let mut connection = self.pools.write().await?;
        connection.execute(&sql, values).await?;
        connection.commit().await
    }

    pub async fn session(&self, id: &str) -> Result<Option<StoredSession>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM sluice.sessions WHERE id = $1");
        let mut connection = self.pools.read().await?;
        let found = connection.row(&sql, vec![id.into()]).await?;
        found.as_ref().map(read).transpose()
    }

    /// The sessions of one holder, the newest first, at most `limit` of them.
    pub async fn sessions_of(
        &self,
        kind: &str,
        holder: &str,
        limit: u32,
    ) -> Result<Vec<StoredSession>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM sluice.sessions WHERE kind = $1 AND holder = $2
             ORDER BY created_ms DESC, id LIMIT {limit}"
        );
        let mut connection = self.pools.read().await?;
        let rows = connection
            .rows(&sql, vec![kind.into(), holder.into()])
            .await?;
        rows.iter().map(read).collect()
    }

    /// Notes when a session was last used.
    pub async fn see_session(&self, id: &str, now_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE sluice.sessions SET seen_ms = $1 WHERE id = $2";
        let mut connection = self.pools.write().await?;
        connection
            .execute(sql, vec![now_ms.into(), id.into()])
            .await?;
        connection.commit().await
    }

    /// Ends sessions by their ids; how many there were.
    pub async fn end_sessions(&self, ids: &[String]) -> Result<u64, StoreError> {
        let mut connection = self.pools.write().await?;
        let mut ended = 0u64;
        for id in ids {
            let sql = "DELETE FROM sluice.sessions WHERE id = $1";
            let gone = connection.execute(sql, vec![id.into()]).await?;
            ended = ended.saturating_add(gone);
        }
        connection.commit().await?;
        Ok(ended)
    }

    /// Forgets sessions whose time is over, or that nobody used since a time.
    pub async fn forget_sessions(
        &self,
        now_ms: i64,
        idle_since_ms: i64,
    ) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sluice.sessions WHERE expires_ms <= $1 OR seen_ms <= $2";
        let mut connection = self.pools.write().await?;
        let values = vec![now_ms.into(), idle_since_ms.into()];
        let gone = connection.execute(sql, values).await?;
        connection.commit().await?;
        Ok(gone)
    }
}

impl Change {
    /// Ends every session of a user, in this transaction.
    pub async fn end_sessions_of(&mut self, user: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM sluice.sessions WHERE kind = $1 AND holder = $2";
        let values = vec![OF_USER.into(), user.into()];
        self.connection.execute(sql, values).await.map(drop)
    }
}

fn read(row: &Row) -> Result<StoredSession, StoreError> {
    Ok(StoredSession {
        id: row.text("id")?,
        kind: row.text("kind")?,
        holder: row.text("holder")?,
        proof: row.opt_text("proof")?,
        method: row.text("method")?,
        address: row.opt_text("address")?,
        agent: row.opt_text("agent")?,
        created_ms: row.int("created_ms")?,
        seen_ms: row.int("seen_ms")?,
        expires_ms: row.int("expires_ms")?,
    })
}

//! Which gateways run on the database. A command that replaces what a gateway remembers (all of
//! the database, the key that secrets are sealed with) asks here first.
//!
//! A lock of the database would be gone with its holder, but PgBouncer's transaction mode has none
//! that outlives a transaction. So each gateway says again and again that it is here; times are the
//! database's own, for clocks of several machines differ.

use super::sql::Connection;
use super::{Engine, Store, StoreError};

/// A gateway that was not heard of for so long is gone: killed, or cut off from the database.
const GONE_AFTER_MS: i64 = 20_000;
/// Rows of gateways that were killed so long ago are deleted by the next.
const FORGOTTEN_AFTER_MS: i64 = 86_400_000;

/// One gateway, as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Of this run of the process alone.
    pub id: String,
    /// Name of its machine.
    pub host: String,
    /// Its number there.
    pub process: u32,
}

/// The database's clock, in milliseconds since 1970.
pub(super) const fn now(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
        Engine::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

impl Store {
    /// Says that a gateway runs on this database. To be said before anything is read that it
    /// remembers, and then well within `GONE_AFTER_MS` for as long as it runs.
    pub async fn gateway_is_here(&self, gateway: &Gateway) -> Result<(), StoreError> {
        let now = now(self.engine());
        let mut connection = self.pools.write().await?;
        let sql = format!(
            "INSERT INTO sluice.gateways (id, host, process, seen_at) VALUES ($1, $2, $3, {now})
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"
        );
        let values = vec![
            (&gateway.id).into(),
            (&gateway.host).into(),
            i64::from(gateway.process).into(),
        ];
        connection.execute(&sql, values).await?;
        let sql = format!("DELETE FROM sluice.gateways WHERE seen_at < {now} - $1");
        let values = vec![FORGOTTEN_AFTER_MS.into()];
        connection.execute(&sql, values).await?;
        connection.commit().await
    }

    /// How many gateways run on this database, as far as it has heard.
    pub async fn gateways_here(&self) -> Result<u64, StoreError> {
        let now = now(self.engine());
        let sql =
            format!("SELECT COUNT(*) AS count FROM sluice.gateways WHERE seen_at > {now} - $1");
        let mut connection = self.pools.read().await?;
        let row = connection.row(&sql, vec![GONE_AFTER_MS.into()]).await?;
        let count = row.map_or(Ok(0), |row| row.int("count"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Says that a gateway has ended.
    pub async fn gateway_is_gone(&self, gateway: &Gateway) -> Result<(), StoreError> {
        let mut connection = self.pools.write().await?;
        let sql = "DELETE FROM sluice.gateways WHERE id = $1";
        let values = vec![(&gateway.id).into()];
        connection.execute(sql, values).await?;
        connection.commit().await
    }
}

/// Refuses while a gateway runs, and lets none begin before this transaction ends.
pub(super) async fn none_runs(connection: &mut Connection) -> Result<(), StoreError> {
    if connection.is_postgres() {
        // SQLite: a transaction that writes is alone.
        connection
            .script("LOCK TABLE sluice.gateways IN EXCLUSIVE MODE")
            .await?;
    }
    let gateways = running(connection).await?;
    if gateways.is_empty() {
        return Ok(());
    }
    Err(StoreError::GatewaysRun {
        gateways: gateways.join("; "),
        seconds: GONE_AFTER_MS / 1_000,
    })
}

/// The gateways that run, as an operator finds them.
pub(super) async fn running(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    let now = now(match connection.is_postgres() {
        true => Engine::Postgres,
        false => Engine::Sqlite,
    });
    let sql = format!(
        "SELECT host, process, {now} - seen_at AS ago FROM sluice.gateways
         WHERE seen_at > {now} - $1 ORDER BY host, process"
    );
    let rows = connection.rows(&sql, vec![GONE_AFTER_MS.into()]).await?;
    let named = rows.iter().map(|row| {
        Ok(format!(
            "process {} on {}, seen {} s ago",
            row.int("process")?,
            row.text("host")?,
            row.int("ago")?.max(0) / 1_000,
        ))
    });
    named.collect()
}

//! Bringing the schema up to date at start. Migrations are only ever appended: each runs once,
//! under a lock, and is recorded with a checksum of its text.

use sha2::{Digest, Sha256};

use super::open::Pools;
use super::sql::Connection;
use super::{StoreError, gateways};

/// Every migration there is, oldest first; the version of one is its place, counted from 1.
pub(super) const MIGRATIONS: [&str; 18] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_large.sql"),
    include_str!("migrations/0003_brought.sql"),
    include_str!("migrations/0004_bodies.sql"),
    include_str!("migrations/0005_gateways.sql"),
    include_str!("migrations/0006_leases.sql"),
    include_str!("migrations/0007_model_groups.sql"),
    include_str!("migrations/0008_windows.sql"),
    include_str!("migrations/0009_responses.sql"),
    include_str!("migrations/0010_remote.sql"),
    include_str!("migrations/0011_background.sql"),
    include_str!("migrations/0012_charts.sql"),
    include_str!("migrations/0013_sessions.sql"),
    include_str!("migrations/0014_guardrails.sql"),
    include_str!("migrations/0015_batch_lines.sql"),
    include_str!("migrations/0016_apart.sql"),
    include_str!("migrations/0017_customers.sql"),
    include_str!("migrations/0018_customers_listed.sql"),
];

/// Names our lock among the advisory locks of a PostgreSQL database.
const LOCK: i64 = 0x736c_7569_6365;

/// Brings the schema up to date. Returns the gateways that run on it and know the older one only.
pub(super) async fn run(pools: &Pools, now_ms: i64) -> Result<Vec<String>, StoreError> {
    let mut connection = begin(pools).await?;
    let was_older = up_to(&mut connection, newest(), now_ms).await?;
    let older = match was_older {
        true => gateways::running(&mut connection).await?,
        false => Vec::new(),
    };
    connection.commit().await?;
    Ok(older)
}

/// A transaction in which nobody else changes the schema, which is made if it is missing.
pub(super) async fn begin(pools: &Pools) -> Result<Connection, StoreError> {
    // SQLite: `BEGIN IMMEDIATE` is the lock.
    let mut connection = pools.write().await?;
    if connection.is_postgres() {
        // A role may have one, which would cut a long migration off.
        connection.script("SET LOCAL statement_timeout = 0").await?;
        lock(&mut connection).await?;
    }
    Ok(connection)
}

/// Whether every migration ran. Where that cannot be told, it is for the migrations to say why.
pub(super) async fn is_current(pools: &Pools) -> bool {
    let Ok(mut connection) = pools.read().await else {
        return false;
    };
    let done = recorded(&mut connection).await;
    done.is_ok_and(|done| done.last().is_some_and(|(last, _)| *last == newest()))
}

/// Waits for another starting replica, and makes our schema. The schema is only made where it
/// is missing: an operator may have made it for a user who may not.
async fn lock(connection: &mut Connection) -> Result<(), StoreError> {
    connection
        .execute("SELECT pg_advisory_xact_lock($1)", vec![LOCK.into()])
        .await?;
    let there = connection
        .row(
            "SELECT CAST(1 AS BIGINT) AS there FROM pg_namespace WHERE nspname = 'sluice'",
            Vec::new(),
        )
        .await?;
    match there {
        Some(_) => Ok(()),
        None => connection.script("CREATE SCHEMA sluice").await,
    }
}

/// Runs the migrations up to a version that are not on record yet. Whether an older schema was there.
pub(super) async fn up_to(
    connection: &mut Connection,
    newest: i64,
    now_ms: i64,
) -> Result<bool, StoreError> {
    connection
        .script(
            "CREATE TABLE IF NOT EXISTS sluice.migrations (
                version BIGINT NOT NULL PRIMARY KEY,
                checksum TEXT NOT NULL,
                applied_at BIGINT NOT NULL
            )",
        )
        .await?;
    let done = recorded(connection).await?;
    for (version, migration) in (1..=newest).zip(MIGRATIONS) {
        let ours = checksum(migration);
        match done.iter().find(|(it, _)| *it == version) {
            Some((_, theirs)) if *theirs == ours => continue,
            Some(_) => return Err(StoreError::ForeignMigration { version }),
            None => {}
        }
        connection.script(migration).await?;
        connection
            .execute(
                "INSERT INTO sluice.migrations (version, checksum, applied_at)
                 VALUES ($1, $2, $3)",
                vec![version.into(), ours.into(), now_ms.into()],
            )
            .await?;
    }
    Ok(done.last().is_some_and(|(last, _)| *last < newest))
}

/// What ran before, refusing what is newer than this binary.
async fn recorded(connection: &mut Connection) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = connection
        .rows(
            "SELECT version, checksum FROM sluice.migrations ORDER BY version",
            Vec::new(),
        )
        .await?;
    let done: Vec<(i64, String)> = rows
        .iter()
        .map(|row| Ok((row.int("version")?, row.text("checksum")?)))
        .collect::<Result<_, StoreError>>()?;
    let known = newest();
    match done.last() {
        Some((found, _)) if *found > known => Err(StoreError::Newer {
            found: *found,
            known,
        }),
        _ => Ok(done),
    }
}

/// The version of the schema that this binary works with.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn checksum(migration: &str) -> String {
    hex(&Sha256::digest(migration.as_bytes()))
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

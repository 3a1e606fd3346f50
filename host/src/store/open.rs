//! Opening a database, and connections from its pools.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, Postgres, SqlSafeStr as _, SqlitePool, Transaction};

use super::address::{Server, Target};
use super::error::timed_out;
use super::sql::Connection;
use super::{Address, Engine, StoreError};

/// How long one SQLite connection waits for the lock of another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Reading connections to a SQLite file; the writing one comes on top.
const READERS: u32 = 4;
/// What the writing connection keeps of a SQLite file, in KiB. A batch of spend touches a page of
/// each index for nearly every call: with SQLite's own 2 MB it would read and write them again and
/// again within one transaction.
const WRITER_CACHE: &str = "-65536";
/// The same for each reading one.
const READER_CACHE: &str = "-8192";
/// Pages of 4 KB in the write-ahead log before it is moved into the file. A page that many batches
/// touch is then moved once.
const CHECKPOINT_PAGES: &str = "16384";

/// The pools of one database.
#[derive(Debug, Clone)]
pub(super) enum Pools {
    /// SQLite has one writer at a time; a single connection for it queues in memory, fairly,
    /// instead of polling the lock of the file.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres {
        pool: PgPool,
        bouncer: bool,
    },
}

impl Pools {
    pub async fn open(address: &Address) -> Result<Self, StoreError> {
        let opened = match &address.target {
            Target::Sqlite(path) => sqlite(path).await,
            Target::Postgres(server) => postgres(server).await,
        };
        opened.map_err(|it| it.at(address))
    }

    /// An empty SQLite database that is gone with its last connection.
    pub async fn memory() -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .foreign_keys(true);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        let readers = writer.clone();
        Ok(Self::Sqlite { writer, readers })
    }

    pub const fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres { .. } => Engine::Postgres,
        }
    }

    /// Of each pool: its name, connections in use, connections that wait for use.
    pub fn connections(&self) -> Vec<(&'static str, u32, u32)> {
        fn of<D: sqlx::Database>(
            name: &'static str,
            pool: &sqlx::Pool<D>,
        ) -> (&'static str, u32, u32) {
            let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            (name, pool.size().saturating_sub(idle), idle)
        }
        match self {
            Self::Sqlite { writer, readers } => vec![of("writer", writer), of("readers", readers)],
            Self::Postgres { pool, .. } => vec![of("postgres", pool)],
        }
    }

    /// A connection to read with. Behind PgBouncer it is a transaction: only inside one do two
    /// messages reach the same server connection.
    pub async fn read(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Connection::Sqlite(readers.acquire().await?),
            Self::Postgres { bouncer: true, .. } => self.write().await?,
            Self::Postgres { pool, .. } => Connection::Postgres(pool.acquire().await?),
        })
    }

    /// Several reads that see one state of the database.
    pub async fn snapshot(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Connection::SqliteTransaction(readers.begin().await?),
            Self::Postgres { pool, bouncer } => Connection::PostgresTransaction {
                inner: begin(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
                named: !bouncer,
            },
        })
    }

    /// A transaction to write with; it rolls back unless committed.
    pub async fn write(&self) -> Result<Connection, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                Connection::SqliteTransaction(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Self::Postgres { pool, bouncer } => Connection::PostgresTransaction {
                inner: begin(pool, "BEGIN").await?,
                named: !bouncer,
            },
        })
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                // The last one to close moves the write-ahead log into the file.
                writer.close().await;
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }
}

/// Begins a transaction, to the end even if nobody waits for it any more. One that is given up
/// within `BEGIN` (sqlx 0.9) would be neither rolled back nor known: whoever gets its connection
/// next would read in it.
#[expect(
    clippy::disallowed_methods,
    reason = "a shutdown closes the pool, which waits for the connection that this has"
)]
async fn begin(
    pool: &PgPool,
    statement: &'static str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let connection = pool.acquire().await?;
    let begun = Transaction::begin(connection, Some(statement.into_sql_str()));
    let begun = tokio::spawn(begun).await;
    begun.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

async fn sqlite(path: &Path) -> Result<Pools, StoreError> {
    private_file(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(256);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(BUSY_TIMEOUT + Duration::from_secs(20))
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(
            options
                .clone()
                .pragma("cache_size", WRITER_CACHE)
                .pragma("wal_autocheckpoint", CHECKPOINT_PAGES),
        )
        .await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(
            options
                .pragma("cache_size", READER_CACHE)
                .pragma("query_only", "ON"),
        )
        .await?;
    Ok(Pools::Sqlite { writer, readers })
}

/// Makes the file and its folder for the gateway's user alone: key hashes and spend are nobody
/// else's business.
fn private_file(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|cause| unwritable(path, &cause))?;
    }
    let opened = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    opened.map(drop).map_err(|cause| unwritable(path, &cause))
}

fn unwritable(path: &Path, cause: &std::io::Error) -> StoreError {
    StoreError::Refused {
        reason: match cause.kind() {
            std::io::ErrorKind::ReadOnlyFilesystem => super::Reason::ReadOnly,
            std::io::ErrorKind::StorageFull => super::Reason::DiskFull,
            _ => super::Reason::NoPermission,
        },
        what: format!(
            "the database file {} cannot be opened ({cause})",
            path.display()
        ),
        cure: "let the gateway's user write there, or name another file".to_owned(),
        source: None,
    }
}

async fn postgres(server: &Server) -> Result<Pools, StoreError> {
    let pool = PgPoolOptions::new()
        .max_connections(server.connections)
        .acquire_timeout(server.pool_timeout)
        .connect_lazy_with(server.options.clone());
    // The first connection shows why the database refuses; the pool would only time out.
    let first = <sqlx::PgConnection as sqlx::Connection>::connect_with(&server.options);
    let first = tokio::time::timeout(server.connect_timeout, first)
        .await
        .map_err(|_| timed_out(Engine::Postgres, server.connect_timeout.as_secs()))??;
    sqlx::Connection::close(first).await?;
    Ok(Pools::Postgres {
        pool,
        bouncer: server.bouncer,
    })
}

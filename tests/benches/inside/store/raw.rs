//! The databases themselves, to be filled faster than calls could.

use std::path::{Path, PathBuf};

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, PgPool, Row as _, SqlitePool};

use super::Size;

/// A database, not open yet.
pub enum Raw {
    Sqlite(PathBuf),
    Postgres(String),
}

/// One that is open.
pub enum Open {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Raw {
    pub fn sqlite(path: &Path) -> Self {
        Self::Sqlite(path.to_owned())
    }

    pub fn postgres(url: &str) -> Self {
        Self::Postgres(url.to_owned())
    }

    pub async fn open(self) -> Open {
        match self {
            Self::Sqlite(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .pragma("cache_size", "-500000")
                    .pragma("temp_store", "FILE");
                let pool = SqlitePoolOptions::new().max_connections(1);
                Open::Sqlite(pool.connect_with(options).await.unwrap())
            }
            Self::Postgres(url) => {
                let pool = PgPoolOptions::new().max_connections(1);
                Open::Postgres(pool.connect(&url).await.unwrap())
            }
        }
    }
}

impl Open {
    /// Runs statements whose tables are written `sluice.name`.
    pub async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(pool) => {
                let sql = sql.replace("sluice.", "");
                let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await;
                done.map(drop).unwrap();
            }
            Self::Postgres(pool) => {
                let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
                    .execute(pool)
                    .await;
                done.map(drop).unwrap();
            }
        }
    }

    pub const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The first column of a query, as text.
    async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => {
                let rows = sqlx::query(sql).fetch_all(pool).await.unwrap();
                rows.iter().map(|it| it.get(0)).collect()
            }
            Self::Postgres(pool) => {
                let rows = sqlx::query(sql).fetch_all(pool).await.unwrap();
                rows.iter().map(|it| it.get(0)).collect()
            }
        }
    }

    /// Takes a table's indexes away; the statements that make them again.
    pub async fn without_indexes(&self, table: &str) -> Vec<String> {
        let made = match self {
            Self::Sqlite(_) => format!(
                "SELECT sql FROM sqlite_master
                 WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL"
            ),
            Self::Postgres(_) => format!(
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'sluice'
                 AND tablename = '{table}' AND indexname NOT LIKE '%_pkey'"
            ),
        };
        let made = self.texts(&made).await;
        for statement in &made {
            let name = statement.split_whitespace().skip_while(|it| *it != "INDEX");
            let name = name.skip(1).find(|it| *it != "IF").unwrap();
            self.run(&format!("DROP INDEX sluice.{name}")).await;
        }
        made
    }

    /// What the planner is to know.
    pub async fn analyze(&self) {
        match self {
            // The gateway does not run it, and its queries must do without.
            Self::Sqlite(_) => self.run("PRAGMA wal_checkpoint(TRUNCATE)").await,
            Self::Postgres(_) => self.run("VACUUM ANALYZE").await,
        }
    }

    /// Prints what each table and index takes.
    pub async fn sizes(&self, size: Size) {
        let sql = match self {
            Self::Sqlite(_) => {
                "SELECT name || ' ' || SUM(pgsize) FROM dbstat GROUP BY name
                 HAVING SUM(pgsize) > 100000 ORDER BY SUM(pgsize) DESC"
            }
            Self::Postgres(_) => {
                "SELECT relname || ' ' || pg_relation_size(oid) FROM pg_class
                 WHERE relnamespace = 'sluice'::regnamespace AND pg_relation_size(oid) > 100000
                 ORDER BY pg_relation_size(oid) DESC"
            }
        };
        println!("\n| table or index | MB | bytes a call or key |\n|---|---|---|");
        for found in self.texts(sql).await {
            let (name, bytes) = found.split_once(' ').unwrap();
            let bytes: f64 = bytes.parse().unwrap();
            let of = if name.contains("spend_rows") {
                size.rows
            } else {
                size.keys
            };
            let each = bytes / of as f64;
            println!("| {name} | {:.0} | {each:.0} |", bytes / 1e6);
        }
    }

    pub async fn close(self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A server, and a database in it that goes away again.
pub struct Admin {
    pool: PgPool,
    name: String,
}

/// Makes a database in a server; its address.
pub async fn database(server: &str) -> (String, Admin) {
    let name = format!("bench_{}", std::process::id());
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.connect(server).await.unwrap();
    let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    let before = server.rsplit_once('/').unwrap().0;
    (format!("{before}/{name}"), Admin { pool, name })
}

impl Admin {
    pub async fn drop_database(self) {
        let sql = AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name));
        sqlx::raw_sql(sql).execute(&self.pool).await.unwrap();
        self.pool.close().await;
    }
}

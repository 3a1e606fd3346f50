//! One way to say SQL to both engines: the text with `$N` placeholders and tables written
//! `sluice.name`, values that are integers or text, rows read by column name.
//!
//! SQLite has no schemas, so there the prefix `sluice.` is taken off. sqlx's own `Any` driver
//! was tried first: it hides the connection options that PgBouncer and WAL need, and a NULL read
//! through it has lost its type.

mod block;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Postgres, Row as _, Sqlite, Transaction};

use super::StoreError;
pub(super) use block::Block;

/// A value bound to a placeholder. A NULL keeps its type, which PostgreSQL asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
}

impl From<i64> for Value {
    fn from(it: i64) -> Self {
        Self::Int(Some(it))
    }
}

impl From<Option<i64>> for Value {
    fn from(it: Option<i64>) -> Self {
        Self::Int(it)
    }
}

impl From<bool> for Value {
    fn from(it: bool) -> Self {
        Self::Int(Some(i64::from(it)))
    }
}

impl From<&str> for Value {
    fn from(it: &str) -> Self {
        Self::Text(Some(it.to_owned()))
    }
}

impl From<String> for Value {
    fn from(it: String) -> Self {
        Self::Text(Some(it))
    }
}

impl From<&String> for Value {
    fn from(it: &String) -> Self {
        Self::Text(Some(it.clone()))
    }
}

impl From<&Option<String>> for Value {
    fn from(it: &Option<String>) -> Self {
        Self::Text(it.clone())
    }
}

impl From<Option<String>> for Value {
    fn from(it: Option<String>) -> Self {
        Self::Text(it)
    }
}

/// A row of either engine.
#[derive(Debug)]
pub(super) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

impl Row {
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub fn opt_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.opt_int(column)?
            .ok_or_else(|| StoreError::null(column))
    }

    pub fn text(&self, column: &str) -> Result<String, StoreError> {
        self.opt_text(column)?
            .ok_or_else(|| StoreError::null(column))
    }
}

/// A connection, inside or outside of a transaction.
#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTransaction(Transaction<'static, Sqlite>),
    Postgres(PoolConnection<Postgres>),
    /// `named`: prepared statements may be kept for the next transaction.
    PostgresTransaction {
        inner: Transaction<'static, Postgres>,
        named: bool,
    },
}

/// Runs a query of one engine with values on whichever connection this is.
macro_rules! on {
    ($connection:expr, $sql:expr, $values:expr, $query:ident => $use:ident, $wrap:expr) => {{
        match $connection {
            Connection::Sqlite(inner) => {
                let $query = bind!(sqlite($sql), $values, true);
                $query.$use(&mut **inner).await.map($wrap.0)
            }
            Connection::SqliteTransaction(inner) => {
                let $query = bind!(sqlite($sql), $values, true);
                $query.$use(&mut **inner).await.map($wrap.0)
            }
            Connection::Postgres(inner) => {
                let $query = bind!($sql.to_owned(), $values, true);
                $query.$use(&mut **inner).await.map($wrap.1)
            }
            Connection::PostgresTransaction { inner, named } => {
                let $query = bind!($sql.to_owned(), $values, *named);
                $query.$use(&mut **inner).await.map($wrap.1)
            }
        }
    }};
}

macro_rules! bind {
    ($sql:expr, $values:expr, $persistent:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql)).persistent($persistent);
        for value in $values {
            query = match value {
                Value::Int(it) => query.bind(it),
                Value::Text(it) => query.bind(it.map(storable)),
            };
        }
        query
    }};
}

impl Connection {
    pub const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_) | Self::PostgresTransaction { .. })
    }

    /// Runs a statement; how many rows it touched.
    pub async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let done = on!(self, sql, values, query => execute, (
            |done: sqlx::sqlite::SqliteQueryResult| done.rows_affected(),
            |done: sqlx::postgres::PgQueryResult| done.rows_affected(),
        ));
        done.map_err(StoreError::from)
    }

    /// Every row of a query.
    pub async fn rows(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let rows = on!(self, sql, values, query => fetch_all, (
            |rows: Vec<sqlx::sqlite::SqliteRow>| rows.into_iter().map(Row::Sqlite).collect::<Vec<_>>(),
            |rows: Vec<sqlx::postgres::PgRow>| rows.into_iter().map(Row::Postgres).collect::<Vec<_>>(),
        ));
        rows.map_err(StoreError::from)
    }

    /// The first row of a query, if it has one.
    pub async fn row(&mut self, sql: &str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        let row = on!(self, sql, values, query => fetch_optional, (
            |row: Option<sqlx::sqlite::SqliteRow>| row.map(Row::Sqlite),
            |row: Option<sqlx::postgres::PgRow>| row.map(Row::Postgres),
        ));
        row.map_err(StoreError::from)
    }

    /// Several statements without values, for migrations.
    pub async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(if self.is_postgres() {
            said_to("postgres", sql)
        } else {
            sqlite(&said_to("sqlite", sql))
        });
        let script = sqlx::raw_sql(sql);
        match self {
            Self::Sqlite(inner) => script.execute(&mut **inner).await.map(drop),
            Self::SqliteTransaction(inner) => script.execute(&mut **inner).await.map(drop),
            Self::Postgres(inner) => script.execute(&mut **inner).await.map(drop),
            Self::PostgresTransaction { inner, .. } => script.execute(&mut **inner).await.map(drop),
        }
        .map_err(StoreError::from)
    }

    /// Ends a transaction for good. A connection that is dropped instead rolls back.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) | Self::Postgres(_) => Ok(()),
            Self::SqliteTransaction(inner) => inner.commit().await.map_err(StoreError::from),
            Self::PostgresTransaction { inner, .. } => {
                inner.commit().await.map_err(StoreError::from)
            }
        }
    }
}

/// PostgreSQL has no NUL in a text. Neither have we, or a client could make a row that never
/// gets in.
fn storable(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// A script with what stands in comments for one engine alone: `/*sqlite: WITHOUT ROWID*/`.
fn said_to(engine: &str, sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    let mark = format!("/*{engine}:");
    while let Some((before, after)) = rest.split_once(&mark) {
        let (said, after) = after.split_once("*/").unwrap_or((after, ""));
        text.push_str(before);
        text.push_str(said);
        rest = after;
    }
    text.push_str(rest);
    text
}

/// SQLite has one schema only.
///
/// It looks up the name of each placeholder among all before it: a statement with thousands of
/// them takes seconds. Where they come in order, they need no names.
fn sqlite(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for (wanted, part) in (1usize..).zip(parts) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        if number.parse() != Ok(wanted) {
            text = sql.to_owned();
            break;
        }
        text.push('?');
        text.push_str(rest);
    }
    text.replace("sluice.", "")
}

/// `$3, $4, $5` for `count` values after the first `after`.
pub(super) fn places(after: usize, count: usize) -> String {
    let names: Vec<String> = (1..=count).map(|it| format!("${}", after + it)).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_order_lose_their_names() {
        let sql = "INSERT INTO sluice.t VALUES ($1, $2), ($3, $4)";
        assert_eq!(sqlite(sql), "INSERT INTO t VALUES (?, ?), (?, ?)");
        for kept in ["a = $1 OR b = $1", "a = $2 OR b = $1", "a = '$'", "$1x $3"] {
            assert_eq!(sqlite(kept), kept);
        }
        assert_eq!(sqlite("SELECT 1"), "SELECT 1");
    }

    #[test]
    fn each_engine_hears_what_is_said_to_it() {
        let sql = "a/*sqlite: b*//*postgres: c*/ /* d */";
        assert_eq!(said_to("sqlite", sql), "a b/*postgres: c*/ /* d */");
        assert_eq!(said_to("postgres", sql), "a/*sqlite: b*/ c /* d */");
    }
}

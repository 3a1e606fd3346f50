//! A LiteLLM database, read and never changed: one read-only transaction that sees one moment.
//!
//! Rows are asked for as JSON, column by column as they happen to be there: older databases lack
//! columns and newer ones have more, and neither is a reason to refuse. What a row means here is
//! not this room's business.

mod daily;
mod logs;
mod read;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::open::Pools;
use super::sql::{Connection, Row, Value, places};
use super::{Address, Engine, Reason, StoreError};

pub use daily::{Daily, DailyTable};
pub use logs::SpendLog;
pub use rows::{
    AccessGroup, Budget, BudgetWindow, Credential, EndUser, GroupBudget, Invitation, Key, Made,
    Membership, Model, ModelAliases, ObjectPermission, Organization, OrganizationMember,
    RotatedKey, Setting, Tag, Team, User,
};

/// Rows of one page.
pub const PAGE: usize = 500;

/// The table without which it is no LiteLLM database.
const KEYS: &str = "LiteLLM_VerificationToken";

/// Where LiteLLM keeps its tables unless it is told otherwise.
const SCHEMA: &str = "public";

/// A LiteLLM database that is open for reading.
#[derive(Debug)]
pub struct LiteLlm {
    connection: Connection,
    pools: Pools,
    schema: String,
    /// Columns by table, of tables that LiteLLM named.
    tables: BTreeMap<String, BTreeSet<String>>,
}

/// A row of a LiteLLM table.
pub trait Table: DeserializeOwned + Send {
    const NAME: &'static str;
    /// Columns of text by which rows are told apart.
    const KEY: &'static [&'static str];
}

/// A row, and what names it.
#[derive(Debug)]
pub struct Found<T> {
    /// The values of the table's key.
    pub key: Vec<String>,
    /// The row, or why it cannot be read.
    pub row: Result<T, String>,
}

impl<T> Found<T> {
    /// The values of the key in one text.
    pub fn id(&self) -> String {
        self.key.join("/")
    }
}

impl LiteLlm {
    /// Rows of a table that are counted; of more it is only said that there are more.
    pub const MOST_COUNTED: i64 = 100_000;

    /// Opens a database and looks whether it is LiteLLM's. `schema` is where its tables are; else
    /// the URL says so, else it is `public`.
    pub async fn open(address: &Address, schema: Option<&str>) -> Result<Self, StoreError> {
        if address.path().is_some() {
            return Err(StoreError::NotLiteLlm {
                what: "LiteLLM keeps its tables in PostgreSQL".to_owned(),
                cure: "give its DATABASE_URL: `postgresql://user:password@host:5432/name`"
                    .to_owned(),
            });
        }
        let schema = schema.or(address.schema.as_deref()).unwrap_or(SCHEMA);
        let pools = Pools::open(address).await?;
        debug_assert!(pools.engine() == Engine::Postgres);
        let mut source = Self {
            connection: pools.snapshot().await?,
            pools,
            schema: schema.to_owned(),
            tables: BTreeMap::new(),
        };
        source.look().await?;
        Ok(source)
    }

    /// Ends the transaction and closes the connections.
    pub async fn close(self) {
        drop(self.connection);
        self.pools.close().await;
    }

    /// Which tables there are, with which columns.
    async fn look(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT CAST(n.nspname AS TEXT) AS schema, CAST(c.relname AS TEXT) AS name,
                CAST(a.attname AS TEXT) AS col
             FROM pg_class c
             JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE c.relkind IN ('r', 'p') AND c.relname LIKE 'LiteLLM\\_%'";
        let mut elsewhere = BTreeSet::new();
        for row in self.connection.rows(sql, Vec::new()).await? {
            let (schema, name) = (row.text("schema")?, row.text("name")?);
            if schema == self.schema {
                let columns: &mut BTreeSet<String> = self.tables.entry(name).or_default();
                columns.insert(row.text("col")?);
            } else if name == KEYS {
                elsewhere.insert(schema);
            }
        }
        let of_keys = self.tables.get(KEYS);
        if of_keys.is_some_and(|columns| columns.contains("token")) {
            return Ok(());
        }
        let cure = match elsewhere.first() {
            Some(other) => format!("its tables are in schema `{other}`: give `--schema {other}`"),
            None => "give the DATABASE_URL that LiteLLM runs with; if its tables are in a schema \
                     of their own, name it with `--schema`"
                .to_owned(),
        };
        Err(StoreError::NotLiteLlm {
            what: format!(
                "schema `{}` of this database has no table \"{KEYS}\"",
                self.schema
            ),
            cure,
        })
    }

    pub fn has(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// Every table that LiteLLM named, in the order of names.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    fn has_column(&self, table: &str, column: &str) -> bool {
        let columns = self.tables.get(table);
        columns.is_some_and(|columns| columns.contains(column))
    }

    /// `"schema"."table"`.
    fn named(&self, table: &str) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(table))
    }

    /// The rows after a key, at most [`PAGE`] of them; none if there is no such table.
    pub async fn page<T: Table>(&mut self, after: &[String]) -> Result<Vec<Found<T>>, StoreError> {
        let columns: Vec<String> = T::KEY
            .iter()
            .map(|it| format!("t.{}", quoted(it)))
            .collect();
        let list = columns.join(", ");
        let (condition, values) = if after.is_empty() {
            ("1 = 1".to_owned(), Vec::new())
        } else {
            let places = places(0, after.len());
            let values = after.iter().map(Value::from).collect();
            (format!("({list}) > ({places})"), values)
        };
        let tail = format!("ORDER BY {list} LIMIT {PAGE}");
        self.select(&condition, &tail, values).await
    }

    /// The rows whose key, or the first part of it, is one of these.
    pub async fn find<T: Table>(
        &mut self,
        ids: &BTreeSet<String>,
    ) -> Result<Vec<Found<T>>, StoreError> {
        self.find_by(T::KEY.first().copied().unwrap_or_default(), ids)
            .await
    }

    /// The rows whose column of text is one of these.
    pub async fn find_by<T: Table>(
        &mut self,
        column: &str,
        ids: &BTreeSet<String>,
    ) -> Result<Vec<Found<T>>, StoreError> {
        if !self.has_column(T::NAME, column) {
            return Ok(Vec::new());
        }
        let ids: Vec<&String> = ids.iter().collect();
        let mut found = Vec::new();
        for chunk in ids.chunks(PAGE) {
            let condition = format!("t.{} IN ({})", quoted(column), places(0, chunk.len()));
            let values = chunk.iter().map(|id| Value::from(*id)).collect();
            found.extend(self.select(&condition, "", values).await?);
        }
        Ok(found)
    }

    /// Every row of a small table.
    pub async fn all<T: Table>(&mut self) -> Result<Vec<Found<T>>, StoreError> {
        self.select("1 = 1", "", Vec::new()).await
    }

    async fn select<T: Table>(
        &mut self,
        condition: &str,
        tail: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Found<T>>, StoreError> {
        if !self.has(T::NAME) {
            return Ok(Vec::new());
        }
        let keys = (0..).zip(T::KEY);
        let keys = keys
            .map(|(at, key): (u32, _)| format!(", CAST(t.{} AS TEXT) AS key_{at}", quoted(key)));
        let sql = format!(
            "SELECT CAST(to_jsonb(t) AS TEXT) AS doc{} FROM {} t WHERE {condition} {tail}",
            keys.collect::<String>(),
            self.named(T::NAME)
        );
        let rows = self.connection.rows(&sql, values).await;
        let rows = rows.map_err(|cause| self.unreadable(T::NAME, cause))?;
        rows.iter().map(found).collect()
    }

    /// How many rows a table has, up to [`Self::MOST_COUNTED`]; of more it is one more than that.
    pub async fn count(&mut self, table: &str) -> Result<i64, StoreError> {
        let sql = format!(
            "SELECT COUNT(*) AS total FROM (SELECT 1 FROM {} LIMIT {}) t",
            self.named(table),
            Self::MOST_COUNTED + 1
        );
        let row = self.connection.row(&sql, Vec::new()).await;
        let row = row.map_err(|cause| self.unreadable(table, cause))?;
        row.map_or(Ok(0), |row| row.int("total"))
    }

    /// The cure for a refusal is here another than for our own database.
    fn unreadable(&self, table: &str, cause: StoreError) -> StoreError {
        match cause {
            StoreError::Refused {
                reason: reason @ Reason::NoPermission,
                source,
                ..
            } => StoreError::Refused {
                reason,
                what: format!("the database user may not read \"{table}\""),
                cure: format!(
                    "as the owner of LiteLLM's tables run `GRANT USAGE ON SCHEMA {schema} TO \
                     user; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO user;`",
                    schema = self.schema
                ),
                source,
            },
            other => other,
        }
    }
}

fn found<T: Table>(row: &Row) -> Result<Found<T>, StoreError> {
    let mut key = Vec::with_capacity(T::KEY.len());
    for at in 0..T::KEY.len() {
        let text = row.opt_text(&format!("key_{at}"))?;
        key.push(text.unwrap_or_default());
    }
    Ok(Found {
        key,
        row: read::row(&row.text("doc")?),
    })
}

/// A name as SQL takes it in any case.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

//! Many rows in one statement, with a text that is the same however many there are, so that each
//! engine plans it once: PostgreSQL takes an array for each column, SQLite pieces of a few sizes.

use std::iter;

use sqlx::{AssertSqlSafe, Postgres, query::Query};

use super::{Connection, Row, StoreError, Value, storable};

/// Values of one statement in SQLite. More of them make it no faster.
const MOST_BOUND: usize = 2_048;

/// Rows of as many values each, one after the other. A column holds either integers or texts.
#[derive(Debug, Default)]
pub(in crate::store) struct Block {
    width: usize,
    values: Vec<Value>,
}

impl Block {
    /// Room for so many rows.
    pub fn new(width: usize, rows: usize) -> Self {
        Self {
            width,
            values: Vec::with_capacity(width.saturating_mul(rows)),
        }
    }

    /// One more row, which has the width of the block.
    pub fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        let before = self.values.len();
        self.values.extend(row);
        debug_assert_eq!(self.values.len(), before.saturating_add(self.width));
    }

    pub fn rows(&self) -> usize {
        self.values.len() / self.width.max(1)
    }
}

/// PostgreSQL's statement for a block, with its values.
macro_rules! unnest {
    ($before:expr, $block:expr, $after:expr) => {{
        let columns = columns($block);
        let list: Vec<String> = (1..)
            .zip(&columns)
            .map(|(place, column): (usize, _)| format!("${place}::{}", column.sql_type()))
            .collect();
        let (before, after, list) = ($before, $after, list.join(", "));
        let sql = format!("{before}SELECT * FROM UNNEST({list}){after}");
        let query = sqlx::query(AssertSqlSafe(sql));
        columns.into_iter().fold(query, |query, it| it.bind(query))
    }};
}

impl Connection {
    /// Runs `before`, the rows, `after`, as in `INSERT INTO t (a, b) ` rows ` ON CONFLICT …` or
    /// `SELECT … WHERE (a, b) IN (` rows `)`; what that returns. Nothing is run for no rows.
    pub async fn block(
        &mut self,
        before: &str,
        block: Block,
        after: &str,
    ) -> Result<Vec<Row>, StoreError> {
        if block.rows() == 0 {
            return Ok(Vec::new());
        }
        if !self.is_postgres() {
            let mut found = Vec::new();
            for (sql, values) in pieces(before, block, after) {
                found.extend(self.rows(&sql, values).await?);
            }
            return Ok(found);
        }
        let query = unnest!(before, block, after);
        let rows = match self {
            Self::Postgres(inner) => query.fetch_all(&mut **inner).await,
            Self::PostgresTransaction { inner, named } => {
                query.persistent(*named).fetch_all(&mut **inner).await
            }
            Self::Sqlite(_) | Self::SqliteTransaction(_) => return Ok(Vec::new()),
        };
        Ok(rows?.into_iter().map(Row::Postgres).collect())
    }

    /// The same of a statement that returns nothing: how many rows it touched.
    pub async fn execute_block(
        &mut self,
        before: &str,
        block: Block,
        after: &str,
    ) -> Result<u64, StoreError> {
        if block.rows() == 0 {
            return Ok(0);
        }
        if !self.is_postgres() {
            let mut touched = 0u64;
            for (sql, values) in pieces(before, block, after) {
                touched = touched.saturating_add(self.execute(&sql, values).await?);
            }
            return Ok(touched);
        }
        let query = unnest!(before, block, after);
        let done = match self {
            Self::Postgres(inner) => query.execute(&mut **inner).await,
            Self::PostgresTransaction { inner, named } => {
                query.persistent(*named).execute(&mut **inner).await
            }
            Self::Sqlite(_) | Self::SqliteTransaction(_) => return Ok(0),
        };
        Ok(done?.rows_affected())
    }
}

/// The statements, each with its values, that SQLite is given for a block.
fn pieces(
    before: &str,
    block: Block,
    after: &str,
) -> impl Iterator<Item = (String, Vec<Value>)> + use<> {
    let (width, mut left) = (block.width, block.rows());
    let mut values = block.values.into_iter();
    let texts = sizes(width).map(|size| {
        let tuple = format!("({})", vec!["?"; width].join(", "));
        let tuples: Vec<&str> = iter::repeat_n(tuple.as_str(), size).collect();
        (size, format!("{before}VALUES {}{after}", tuples.join(", ")))
    });
    iter::from_fn(move || {
        let (size, sql) = texts.iter().find(|(size, _)| *size <= left)?;
        left -= size;
        let some = values.by_ref().take(size.saturating_mul(width));
        Some((sql.clone(), some.collect()))
    })
}

/// Rows of a statement, the most first. Three sizes keep the number of texts small, and the
/// number of statements, too.
fn sizes(width: usize) -> [usize; 3] {
    let most = (MOST_BOUND / width.max(1)).max(1);
    [most, (most / 8).max(1), 1]
}

/// A column of a block.
enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
}

impl Column {
    const fn sql_type(&self) -> &'static str {
        match self {
            Self::Int(_) => "BIGINT[]",
            Self::Text(_) => "TEXT[]",
        }
    }

    fn bind(
        self,
        query: Query<'_, Postgres, sqlx::postgres::PgArguments>,
    ) -> Query<'_, Postgres, sqlx::postgres::PgArguments> {
        match self {
            Self::Int(all) => query.bind(all),
            Self::Text(all) => query.bind(all),
        }
    }
}

fn columns(block: Block) -> Vec<Column> {
    let rows = block.rows();
    let mut columns: Vec<Column> = Vec::with_capacity(block.width);
    for (place, value) in block.values.into_iter().enumerate() {
        match (columns.get_mut(place % block.width), value) {
            (Some(Column::Int(all)), Value::Int(it)) => all.push(it),
            (Some(Column::Text(all)), Value::Text(it)) => all.push(it.map(storable)),
            (None, Value::Int(it)) => {
                let mut all = Vec::with_capacity(rows);
                all.push(it);
                columns.push(Column::Int(all));
            }
            (None, Value::Text(it)) => {
                let mut all = Vec::with_capacity(rows);
                all.push(it.map(storable));
                columns.push(Column::Text(all));
            }
            // A column of two types is a mistake that the database will name.
            (Some(Column::Int(all)), Value::Text(_)) => all.push(None),
            (Some(Column::Text(all)), Value::Int(_)) => all.push(None),
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_becomes_columns() {
        let mut block = Block::new(2, 2);
        block.push([1.into(), "a".into()]);
        block.push([Value::Int(None), "b\0".into()]);
        let columns = columns(block);
        assert!(matches!(&columns[0], Column::Int(all) if all == &[Some(1), None]));
        let texts = [Some("a".to_owned()), Some("b\u{fffd}".to_owned())];
        assert!(matches!(&columns[1], Column::Text(all) if all == &texts));
    }

    #[test]
    fn sizes_end_with_one_and_fit() {
        for width in 1..4_000 {
            let [most, some, one] = sizes(width);
            assert!(most >= some && some >= one && one == 1);
            assert!(most == 1 || most * width <= MOST_BOUND);
        }
    }
}

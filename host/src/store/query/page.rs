//! Reading a page of a list.
//!
//! Which rows a page has is asked first, by narrow columns that indexes hold; the rows are read
//! by their ids then. What has no value to sort by comes last, in both directions: as a list of
//! its own after the others, because neither engine's index has that order.
//!
//! PostgreSQL plans by statistics. SQLite does not know how many rows a condition leaves, and is
//! told: a `+` before a column keeps it from using an index there.

use std::collections::HashMap;

use super::{Conditions, Page, Place, Query, unknown};
use crate::domain::EntityKind;
use crate::store::StoreError;
use crate::store::column::Cells;
use crate::store::record::Record;
use crate::store::sql::{Connection, Value, places};

/// Longest list that is read as a page; a longer one is read at once.
const MOST: u64 = 10_000;
/// Rows that are rather all found and sorted than met in the order of the list.
const FEW: u64 = 5_000;
/// Ids of one statement.
const CHUNK: usize = 500;

/// The page of a list. `connection` should be a snapshot, so that rows and total agree.
pub(in crate::store) async fn list<R: Record>(
    connection: &mut Connection,
    query: &Query,
) -> Result<Page<R>, StoreError> {
    let listed = Listed::<R>::of(query)?;
    if query.limit > MOST {
        let rows = listed.whole(connection).await?;
        let total = match u64::try_from(rows.len()) {
            Ok(count) if listed.begins() && count < query.limit => count,
            _ => listed.count(connection, "").await?,
        };
        let next = None;
        return Ok(Page { rows, total, next });
    }
    let total = listed.count(connection, "").await?;
    let mut ids = listed.ids(connection, total).await?;
    let size = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let more = ids.len() > size;
    ids.truncate(size);
    let rows: Vec<R> = by_ids(connection, &ids).await?;
    let last = rows.last().filter(|_| more);
    let next = last.and_then(|row| Place::of(row, &query.sort_by));
    Ok(Page { rows, total, next })
}

/// How a list is sorted.
struct Order {
    columns: Vec<String>,
    /// The first of the columns may be NULL.
    nullable: bool,
    /// The columns are those of accounts.
    by_spend: bool,
}

impl Order {
    fn of<R: Record>(columns: &[String], name: &str) -> Result<Self, StoreError> {
        let money = format!("{name}_usd");
        let own = |columns: Vec<String>| Self {
            columns,
            nullable: !Place::known(name),
            by_spend: false,
        };
        if name == "spend" && EntityKind::parse(R::KIND).is_some() {
            return Ok(Self {
                columns: vec!["a.spent_usd".to_owned(), "a.spent_pico".to_owned()],
                nullable: false,
                by_spend: true,
            });
        }
        if columns.contains(&money) {
            return Ok(own(vec![format!("t.{money}"), format!("t.{name}_pico")]));
        }
        if name != "doc" && name != "sealed" && columns.iter().any(|it| it == name) {
            return Ok(own(vec![format!("t.{name}")]));
        }
        Err(unknown(R::KIND, name))
    }
}

/// A list that is being read.
struct Listed<'a, R> {
    query: &'a Query,
    columns: Vec<String>,
    order: Order,
    record: std::marker::PhantomData<R>,
}

impl<'a, R: Record> Listed<'a, R> {
    fn of(query: &'a Query) -> Result<Self, StoreError> {
        let columns = R::columns();
        let order = Order::of::<R>(&columns, &query.sort_by)?;
        let place = query.after.as_ref();
        if place.is_some_and(|it| !it.is_of(&query.sort_by)) {
            return Err(unknown(R::KIND, &query.sort_by));
        }
        Ok(Self {
            query,
            columns,
            order,
            record: std::marker::PhantomData,
        })
    }

    /// The filters, each column with a mark before it, and their values.
    fn conditions(&self, mark: &'static str) -> Result<(String, Vec<Value>), StoreError> {
        let mut conditions = Conditions {
            columns: &self.columns,
            kind: R::KIND,
            mark,
            values: Vec::new(),
        };
        let text = conditions.joined(&self.query.filters, " AND ", "1 = 1")?;
        Ok((text, conditions.values))
    }

    /// Whether the page begins where the list does.
    const fn begins(&self) -> bool {
        self.query.offset == 0 && self.query.after.is_none()
    }

    /// What comes after the place where the page before ended.
    fn after(&self, mark: &str, values: &mut Vec<Value>) -> String {
        let Some(place) = &self.query.after else {
            return String::new();
        };
        let than = if self.query.descending { '<' } else { '>' };
        values.extend(place.at.map(Value::from));
        values.push(place.id.as_str().into());
        let id = values.len();
        if place.at.is_none() {
            return format!(" AND {mark}t.id {than} ${id}");
        }
        let (column, at) = (&self.query.sort_by, id - 1);
        // Both engines find where such a pair begins by an index over the two columns.
        format!(" AND ({mark}t.{column}, {mark}t.id) {than} (${at}, ${id})")
    }

    async fn count(&self, connection: &mut Connection, also: &str) -> Result<u64, StoreError> {
        let (filter, values) = self.conditions("")?;
        let table = R::TABLE;
        let sql = format!("SELECT COUNT(*) AS total FROM sluice.{table} t WHERE {filter}{also}");
        let row = connection.row(&sql, values).await?;
        let total = row.map_or(Ok(0), |row| row.int("total"))?;
        Ok(u64::try_from(total).unwrap_or_default())
    }

    /// Rows and accounts, and how they hang together. SQLite reads them in this order.
    fn tables(&self, few: bool) -> (String, String) {
        let (table, kind) = (R::TABLE, R::KIND);
        if !self.order.by_spend {
            return (format!("sluice.{table} t"), String::new());
        }
        let (accounts, rows) = ("sluice.accounts a", format!("sluice.{table} t"));
        let tables = if few {
            format!("{rows} CROSS JOIN {accounts}")
        } else {
            format!("{accounts} CROSS JOIN {rows}")
        };
        let both = format!(" AND a.kind = '{kind}' AND a.span = 'total' AND t.id = a.id");
        (tables, both)
    }

    /// `ORDER BY`; ties are broken by id, so that pages never overlap.
    fn order_by(&self, mark: &str, nulls: &str) -> String {
        let direction = if self.query.descending { "DESC" } else { "ASC" };
        let id = if self.order.by_spend { "a.id" } else { "t.id" };
        let columns = self.order.columns.iter().map(String::as_str);
        let parts: Vec<String> = columns
            .map(|it| format!("{mark}{it} {direction}{nulls}"))
            .chain([format!("{mark}{id} {direction}")])
            .collect();
        parts.join(", ")
    }

    async fn whole(&self, connection: &mut Connection) -> Result<Vec<R>, StoreError> {
        let (filter, mut values) = self.conditions("")?;
        let after = self.after("", &mut values);
        let (tables, both) = self.tables(true);
        let nulls = if self.order.nullable {
            " NULLS LAST"
        } else {
            ""
        };
        let sql = format!(
            "SELECT t.* FROM {tables} WHERE {filter}{both}{after} ORDER BY {} LIMIT {} OFFSET {}",
            self.order_by("", nulls),
            self.query.limit.min(1 << 40),
            self.query.offset.min(1 << 40)
        );
        let rows = connection.rows(&sql, values).await?;
        rows.iter()
            .map(|row| R::read(&Cells::new(row, "")))
            .collect()
    }

    /// The ids of the page, of a list of so many rows; and the one that comes next, if the list has
    /// places.
    async fn ids(
        &self,
        connection: &mut Connection,
        total: u64,
    ) -> Result<Vec<String>, StoreError> {
        let (offset, limit) = (self.query.offset, self.query.limit);
        if offset >= total {
            return Ok(Vec::new());
        }
        let Some(column) = self.order.columns.first().filter(|_| self.order.nullable) else {
            let limit = if Place::known(&self.query.sort_by) {
                limit + 1
            } else {
                limit
            };
            return self.part(connection, "", total, offset, limit).await;
        };
        let there = format!(" AND {column} IS NOT NULL");
        let mut ids = self.part(connection, &there, total, offset, limit).await?;
        let found = u64::try_from(ids.len()).unwrap_or(limit);
        if found < limit {
            let valued = match found {
                0 if offset > 0 => self.count(connection, &there).await?,
                _ => offset.saturating_add(found),
            };
            let (offset, limit) = (offset.saturating_sub(valued), limit - found);
            let left = total.saturating_sub(valued);
            let missing = format!("{column} IS NULL");
            ids.extend(
                self.nulls(connection, &missing, left, offset, limit)
                    .await?,
            );
        }
        Ok(ids)
    }

    async fn part(
        &self,
        connection: &mut Connection,
        also: &str,
        total: u64,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<String>, StoreError> {
        let few = total <= FEW;
        let (of_filter, of_order) = marks(connection, few);
        let (filter, mut values) = self.conditions(of_filter)?;
        let after = self.after(of_order, &mut values);
        let (tables, both) = self.tables(few);
        let order = self.order_by(of_order, "");
        let sql = format!(
            "SELECT t.id AS id FROM {tables} WHERE {filter}{both}{also}{after} ORDER BY {order} \
             LIMIT {limit} OFFSET {offset}"
        );
        texts(connection, &sql, values).await
    }

    /// Those without a value, of which there are so many: by id.
    async fn nulls(
        &self,
        connection: &mut Connection,
        missing: &str,
        total: u64,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<String>, StoreError> {
        let (of_filter, of_order) = marks(connection, total <= FEW);
        let (filter, values) = self.conditions(of_filter)?;
        let direction = if self.query.descending { "DESC" } else { "ASC" };
        let table = R::TABLE;
        let sql = format!(
            "SELECT t.id AS id FROM sluice.{table} t WHERE {filter} AND {of_filter}{missing} \
             ORDER BY {of_order}t.id {direction} LIMIT {limit} OFFSET {offset}"
        );
        texts(connection, &sql, values).await
    }
}

/// What SQLite is told: to find few rows by the filter, and many in their order.
const fn marks(connection: &Connection, few: bool) -> (&'static str, &'static str) {
    match (connection.is_postgres(), few) {
        (true, _) => ("", ""),
        (false, true) => ("", "+"),
        (false, false) => ("+", ""),
    }
}

async fn texts(
    connection: &mut Connection,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<String>, StoreError> {
    let rows = connection.rows(sql, values).await?;
    rows.iter().map(|row| row.text("id")).collect()
}

/// Rows in the order of their ids.
async fn by_ids<R: Record>(
    connection: &mut Connection,
    ids: &[String],
) -> Result<Vec<R>, StoreError> {
    let mut found: HashMap<String, R> = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let list = places(0, chunk.len());
        let sql = format!("SELECT * FROM sluice.{} WHERE id IN ({list})", R::TABLE);
        let values = chunk.iter().map(Value::from).collect();
        for row in connection.rows(&sql, values).await? {
            let row = R::read(&Cells::new(&row, ""))?;
            found.insert(row.id().to_owned(), row);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

//! Lists: filters, one sort column, pages by offset with the total, as LiteLLM's lists have them.

use super::record::Record;
use super::sql::{Connection, Value, places};
use super::{StoreError, column::Cells};
use crate::domain::EntityKind;

/// One condition on a row.
#[derive(Debug, Clone)]
pub enum Filter {
    Is(&'static str, Value),
    IsNull(&'static str),
    NotNull(&'static str),
    /// One of several; none of an empty list.
    In(&'static str, Vec<Value>),
    /// Is this text, whatever the case.
    Same(&'static str, String),
    /// Contains this text, whatever the case.
    Contains(&'static str, String),
    AtLeast(&'static str, i64),
    Below(&'static str, i64),
    /// At least one of these; none of an empty list.
    Any(Vec<Filter>),
    All(Vec<Filter>),
}

/// Which rows, in which order, from where.
#[derive(Debug, Clone)]
pub struct Query {
    pub filters: Vec<Filter>,
    /// A column, `max_budget`, or `spend` for what has an account.
    pub sort_by: String,
    pub descending: bool,
    pub offset: u64,
    pub limit: u64,
}

impl Default for Query {
    /// Every row, the newest first.
    fn default() -> Self {
        Self {
            filters: Vec::new(),
            sort_by: "created_at".to_owned(),
            descending: true,
            offset: 0,
            limit: 1 << 40,
        }
    }
}

impl Query {
    pub fn new() -> Self {
        Self::default()
    }

    /// One more condition.
    #[must_use]
    pub fn with(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Rows whose column is this value.
    #[must_use]
    pub fn is(self, column: &'static str, value: impl Into<Value>) -> Self {
        self.with(Filter::Is(column, value.into()))
    }

    #[must_use]
    pub fn sorted(mut self, by: impl Into<String>, descending: bool) -> Self {
        self.sort_by = by.into();
        self.descending = descending;
        self
    }

    /// A page, counted from 1.
    #[must_use]
    pub fn page(mut self, page: u64, size: u64) -> Self {
        self.offset = page.saturating_sub(1).saturating_mul(size);
        self.limit = size;
        self
    }
}

/// A page of a list, and how many rows the whole list has.
#[derive(Debug, Clone)]
pub struct Page<R> {
    pub rows: Vec<R>,
    pub total: u64,
}

/// A `WHERE` in the making.
struct Conditions<'a> {
    columns: &'a [String],
    kind: &'static str,
    values: Vec<Value>,
}

impl Conditions<'_> {
    fn column(&self, name: &str) -> Result<String, StoreError> {
        if self.columns.iter().any(|it| it == name) {
            return Ok(format!("t.{name}"));
        }
        Err(unknown(self.kind, name))
    }

    fn place(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn text(&mut self, filter: &Filter) -> Result<String, StoreError> {
        Ok(match filter {
            Filter::Is(name, value) => {
                format!("{} = {}", self.column(name)?, self.place(value.clone()))
            }
            Filter::IsNull(name) => format!("{} IS NULL", self.column(name)?),
            Filter::NotNull(name) => format!("{} IS NOT NULL", self.column(name)?),
            Filter::In(_, values) if values.is_empty() => "1 = 0".to_owned(),
            Filter::In(name, values) => {
                let list = places(self.values.len(), values.len());
                self.values.extend(values.iter().cloned());
                format!("{} IN ({list})", self.column(name)?)
            }
            Filter::Same(name, text) => {
                let place = self.place(text.to_lowercase().into());
                format!("LOWER({}) = {place}", self.column(name)?)
            }
            Filter::Contains(name, part) => {
                let part = part.to_lowercase();
                let part = part
                    .replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_");
                let place = self.place(format!("%{part}%").into());
                format!("LOWER({}) LIKE {place} ESCAPE '\\'", self.column(name)?)
            }
            Filter::AtLeast(name, value) => {
                format!("{} >= {}", self.column(name)?, self.place((*value).into()))
            }
            Filter::Below(name, value) => {
                format!("{} < {}", self.column(name)?, self.place((*value).into()))
            }
            Filter::Any(filters) => self.joined(filters, " OR ", "1 = 0")?,
            Filter::All(filters) => self.joined(filters, " AND ", "1 = 1")?,
        })
    }

    fn joined(&mut self, filters: &[Filter], by: &str, none: &str) -> Result<String, StoreError> {
        let parts: Vec<String> = filters
            .iter()
            .map(|it| self.text(it))
            .collect::<Result<_, _>>()?;
        Ok(if parts.is_empty() {
            none.to_owned()
        } else {
            format!("({})", parts.join(by))
        })
    }
}

fn unknown(entity: &'static str, column: &str) -> StoreError {
    StoreError::UnknownColumn {
        entity,
        column: column.to_owned(),
    }
}

/// The page of a list. `connection` should be a snapshot, so that rows and total agree.
pub(super) async fn list<R: Record>(
    connection: &mut Connection,
    query: &Query,
) -> Result<Page<R>, StoreError> {
    let columns = R::columns();
    let mut conditions = Conditions {
        columns: &columns,
        kind: R::KIND,
        values: Vec::new(),
    };
    let filter = conditions.joined(&query.filters, " AND ", "1 = 1")?;
    let (join, order) = order::<R>(&columns, query)?;
    let Conditions { values, .. } = conditions;
    let table = R::TABLE;
    let total = connection
        .row(
            &format!("SELECT COUNT(*) AS total FROM sluice.{table} t WHERE {filter}"),
            values.clone(),
        )
        .await?;
    let total = total.map_or(Ok(0), |row| row.int("total"))?;
    let sql = format!(
        "SELECT t.* FROM sluice.{table} t{join} WHERE {filter} ORDER BY {order} \
         LIMIT {} OFFSET {}",
        query.limit.min(1 << 40),
        query.offset.min(1 << 40)
    );
    let rows = connection.rows(&sql, values).await?;
    Ok(Page {
        rows: rows
            .iter()
            .map(|row| R::read(&Cells::new(row, "")))
            .collect::<Result<_, _>>()?,
        total: u64::try_from(total).unwrap_or_default(),
    })
}

/// The join that a sort needs, and the order; ties are broken by id, so that pages never overlap.
fn order<R: Record>(columns: &[String], query: &Query) -> Result<(String, String), StoreError> {
    let direction = if query.descending { "DESC" } else { "ASC" };
    let name = query.sort_by.as_str();
    let money = format!("{name}_usd");
    let (join, by) = if name == "spend" && EntityKind::parse(R::KIND).is_some() {
        (
            format!(
                " LEFT JOIN sluice.accounts a ON a.kind = '{}' AND a.id = t.id AND a.span = 'total'",
                R::KIND
            ),
            vec![
                "COALESCE(a.spent_usd, 0)".to_owned(),
                "COALESCE(a.spent_pico, 0)".to_owned(),
            ],
        )
    } else if columns.contains(&money) {
        let pico = format!("t.{name}_pico");
        (String::new(), vec![format!("t.{money}"), pico])
    } else if name != "doc" && name != "sealed" && columns.iter().any(|it| it == name) {
        (String::new(), vec![format!("t.{name}")])
    } else {
        return Err(unknown(R::KIND, name));
    };
    // What has no value comes last, in both engines and both directions. Said of a column that
    // always has one, it would keep PostgreSQL from using the index.
    let nulls = match name {
        "id" | "created_at" | "updated_at" => "",
        _ => " NULLS LAST",
    };
    let parts: Vec<String> = by
        .iter()
        .map(|column| format!("{column} {direction}{nulls}"))
        .collect();
    Ok((join, format!("{}, t.id {direction}", parts.join(", "))))
}

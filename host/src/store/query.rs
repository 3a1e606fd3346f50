//! Lists: filters, one sort column, pages with the total: by offset, as LiteLLM's lists have them,
//! or after a place.

mod page;
mod place;

use super::StoreError;
use super::sql::{Value, places};
pub(super) use page::list;
pub use place::Place;

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
    /// Begins with this text, whatever the case.
    Begins(&'static str, String),
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
    /// Only what comes after this place, in a list by `id`, `created_at` or `updated_at`.
    pub after: Option<Place>,
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
            after: None,
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

    /// The page that begins after a place.
    #[must_use]
    pub fn after(mut self, place: Place, size: u64) -> Self {
        self.after = Some(place);
        self.offset = 0;
        self.limit = size;
        self
    }
}

/// A page of a list, and how many rows the whole list has, wherever the page begins.
#[derive(Debug, Clone)]
pub struct Page<R> {
    pub rows: Vec<R>,
    pub total: u64,
    /// After which the next page begins; None: nothing comes after it, or the list has no places.
    /// What is read at once, being longer than a page may be, has none either.
    pub next: Option<Place>,
}

/// A `WHERE` in the making.
struct Conditions<'a> {
    columns: &'a [String],
    kind: &'static str,
    /// Written before each column.
    mark: &'static str,
    values: Vec<Value>,
}

impl Conditions<'_> {
    fn column(&self, name: &str) -> Result<String, StoreError> {
        if self.columns.iter().any(|it| it == name) {
            return Ok(format!("{}t.{name}", self.mark));
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
                let place = self.place(format!("%{}%", pattern(part)).into());
                let column = self.column(name)?;
                // Said of the column itself, an index without its NULLs can be read.
                format!("({column} IS NOT NULL AND LOWER({column}) LIKE {place} ESCAPE '\\')")
            }
            Filter::Begins(name, part) => {
                let place = self.place(format!("{}%", pattern(part)).into());
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

/// A text in lower case as a pattern that has no wildcard.
fn pattern(text: &str) -> String {
    let text = text.to_lowercase();
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}

fn unknown(entity: &'static str, column: &str) -> StoreError {
    StoreError::UnknownColumn {
        entity,
        column: column.to_owned(),
    }
}

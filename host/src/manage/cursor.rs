//! Pages of a list of management: by number, as LiteLLM has them, or by `cursor`, which goes on
//! where the page before ended. A cursor has the list, its order and the last row of the page in
//! it; what it looks like is nobody's business but this file's.
//!
//! [`Asked`] pages what the store lists. The audit log and what is held in memory page by
//! themselves, with a [`List`] that writes and reads their cursors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::fault::bad;
use super::fields::{Field, Given, Kind};
use super::input::{Paging, sorting};
use crate::asked::Input;
use crate::domain::Fault;
use crate::store::{Page, Place, Query, Record};

/// The field of a list that goes by cursor as well.
pub(super) const CURSOR: &[Field] = &[Field("cursor", Kind::Text)];

/// How a list is asked for: what its size is called, how many rows a page has and may have, and
/// what it may be sorted by, with the columns.
pub(super) struct Terms {
    pub size: &'static str,
    pub default: u64,
    pub most: u64,
    pub sorts: &'static [(&'static str, &'static str)],
}

/// A list in an order, as its cursors name it.
#[derive(Debug)]
pub(super) struct List {
    pub kind: &'static str,
    pub column: &'static str,
    pub descending: bool,
}

impl List {
    /// What stands before the place, so that no other list takes the cursor for its own.
    fn order(&self) -> String {
        let direction = if self.descending { "desc" } else { "asc" };
        format!("{}.{}.{direction}.", self.kind, self.column)
    }

    /// The cursor of a place.
    pub fn cursor(&self, place: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{place}", self.order()))
    }

    /// The place in a cursor of this list.
    fn place(&self, cursor: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        text.strip_prefix(&self.order()).map(str::to_owned)
    }

    /// Where the page begins that is asked for by cursor, read from its place; None: it is asked
    /// for by number.
    ///
    /// # Errors
    /// The cursor is none of this list, or stands beside the number of a page.
    pub fn begins<P>(
        &self,
        given: &Given,
        paging: Paging,
        read: impl Fn(&str) -> Option<P>,
    ) -> Result<Option<P>, Fault> {
        let Some(cursor) = given.text("cursor") else {
            return Ok(None);
        };
        if paging.page > 1 {
            let message = "`cursor` says where the page begins; leave `page` out";
            return Err(bad("cursor", message));
        }
        let place = self.place(&cursor).and_then(|it| read(&it));
        place.map(Some).ok_or_else(|| {
            let message = "`cursor` must be the `next_cursor` of the page before, from the same \
                           list in the same order";
            bad("cursor", message)
        })
    }
}

/// The list is in an order by which no cursor goes.
pub(super) fn numbers_only(field: &str, known: &str) -> Fault {
    bad(
        "cursor",
        format!("`cursor` goes with `{field}` {known} only; use `page`"),
    )
}

/// Which page of a list is asked for, in which order.
#[derive(Debug)]
pub(super) struct Asked {
    paging: Paging,
    list: List,
    after: Option<Place>,
}

impl Asked {
    /// # Errors
    /// Page, size, order or cursor are none, or do not go together.
    pub fn read<R: Record>(input: &Input, given: &Given, terms: &Terms) -> Result<Self, Fault> {
        let paging = Paging::read(&input.query, terms.size, terms.default, terms.most)?;
        let (column, descending) = sorting(&input.query, terms.sorts, "created_at")?;
        let list = List {
            kind: R::KIND,
            column,
            descending,
        };
        if given.text("cursor").is_some() && !Place::known(column) {
            let known = terms.sorts.iter().filter(|(_, it)| Place::known(it));
            let names: Vec<&str> = known.map(|(name, _)| *name).collect();
            return Err(numbers_only("sort_by", &names.join(", ")));
        }
        let after = list.begins(given, paging, |text| read_place(column, text))?;
        Ok(Self {
            paging,
            list,
            after,
        })
    }

    /// The page of this list.
    pub fn of(&self, query: Query) -> Query {
        let query = query.sorted(self.list.column, self.list.descending);
        match &self.after {
            Some(place) => query.after(place.clone(), self.paging.size),
            None => query.page(self.paging.page, self.paging.size),
        }
    }

    /// The number of the page; None: it was asked for by cursor, and has none.
    pub fn number(&self) -> Option<u64> {
        Some(self.paging.page).filter(|_| self.after.is_none())
    }

    /// The page as most lists tell it: its rows under a name of their own, and where it lies.
    pub fn told<R>(&self, rows: &'static str, shown: Vec<Value>, page: &Page<R>) -> Value {
        json!({
            rows: shown,
            "total": page.total,
            "page": self.number(),
            "page_size": self.paging.size,
            "total_pages": self.pages(page.total),
            "next_cursor": self.next(page),
        })
    }

    /// How many pages a list of this length has.
    pub const fn pages(&self, total: u64) -> u64 {
        self.paging.pages(total)
    }

    /// What asks for the page after this one.
    pub fn next<R>(&self, page: &Page<R>) -> Option<String> {
        let place = page.next.as_ref()?;
        let at = place.at.map(|it| it.to_string()).unwrap_or_default();
        Some(self.list.cursor(&format!("{at}.{}", place.id)))
    }
}

/// What [`Asked::next`] wrote, of a list by this column.
fn read_place(column: &str, text: &str) -> Option<Place> {
    let (at, id) = text.split_once('.')?;
    // The database is asked by it, and PostgreSQL takes no NUL.
    if id.is_empty() || id.contains('\0') {
        return None;
    }
    let at = match at {
        "" if column == "id" => None,
        at if column != "id" => Some(at.parse().ok()?),
        _ => return None,
    };
    let id = id.to_owned();
    Some(Place { at, id })
}

//! Pages of a list of management: by number, as LiteLLM has them, or by `cursor`, which goes on
//! where the page before ended. A cursor has the list, its order and the last row of the page in
//! it; what it looks like is nobody's business but this file's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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

/// Which page of a list is asked for, in which order.
#[derive(Debug)]
pub(super) struct Asked {
    paging: Paging,
    kind: &'static str,
    column: &'static str,
    descending: bool,
    after: Option<Place>,
}

impl Asked {
    /// # Errors
    /// Page, size, order or cursor are none, or do not go together.
    pub fn read<R: Record>(input: &Input, given: &Given, terms: &Terms) -> Result<Self, Fault> {
        let paging = Paging::read(&input.query, terms.size, terms.default, terms.most)?;
        let (column, descending) = sorting(&input.query, terms.sorts, "created_at")?;
        let mut asked = Self {
            paging,
            kind: R::KIND,
            column,
            descending,
            after: None,
        };
        if let Some(text) = given.text("cursor") {
            asked.may_go_on(terms.sorts)?;
            let message = "`cursor` must be the `next_cursor` of the page before, from the same \
                           list with the same `sort_by` and `sort_order`";
            let place = asked.place(&text).ok_or_else(|| bad("cursor", message))?;
            asked.after = Some(place);
        }
        Ok(asked)
    }

    /// Whether the rest of the request allows for a cursor.
    fn may_go_on(&self, sorts: &[(&str, &str)]) -> Result<(), Fault> {
        if self.paging.page > 1 {
            let message = "`cursor` says where the page begins; leave `page` out";
            return Err(bad("cursor", message));
        }
        if !Place::known(self.column) {
            let known = sorts.iter().filter(|(_, column)| Place::known(column));
            let names: Vec<&str> = known.map(|(name, _)| *name).collect();
            let names = names.join(", ");
            let message = format!("`cursor` goes with `sort_by` {names} only; use `page`");
            return Err(bad("cursor", message));
        }
        Ok(())
    }

    /// The page of this list.
    pub fn of(&self, query: Query) -> Query {
        let query = query.sorted(self.column, self.descending);
        match &self.after {
            Some(place) => query.after(place.clone(), self.paging.size),
            None => query.page(self.paging.page, self.paging.size),
        }
    }

    /// The number of the page; None: it was asked for by cursor, and has none.
    pub fn number(&self) -> Option<u64> {
        Some(self.paging.page).filter(|_| self.after.is_none())
    }

    pub const fn size(&self) -> u64 {
        self.paging.size
    }

    /// How many pages a list of this length has.
    pub const fn pages(&self, total: u64) -> u64 {
        self.paging.pages(total)
    }

    /// What asks for the page after this one.
    pub fn next<R>(&self, page: &Page<R>) -> Option<String> {
        page.next.as_ref().map(|it| self.text(it))
    }

    /// What stands before the place, so that no other list takes the cursor for its own.
    fn order(&self) -> String {
        let direction = if self.descending { "desc" } else { "asc" };
        format!("{}.{}.{direction}.", self.kind, self.column)
    }

    fn text(&self, place: &Place) -> String {
        let at = place.at.map(|it| it.to_string()).unwrap_or_default();
        let text = format!("{}{at}.{}", self.order(), place.id);
        URL_SAFE_NO_PAD.encode(text)
    }

    /// What [`Self::text`] wrote.
    fn place(&self, text: &str) -> Option<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (at, id) = text.strip_prefix(&self.order())?.split_once('.')?;
        // The database is asked by it, and PostgreSQL takes no NUL.
        if id.is_empty() || id.contains('\0') {
            return None;
        }
        let at = match at {
            "" if self.column == "id" => None,
            at if self.column != "id" => Some(at.parse().ok()?),
            _ => return None,
        };
        let id = id.to_owned();
        Some(Place { at, id })
    }
}

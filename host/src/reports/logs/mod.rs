//! `/spend/logs`: the rows of calls, whole lists, pages and single ones.

mod filter;
mod list;
mod page;
mod row;

#[cfg(test)]
pub(super) use filter::FIELDS as CHOOSES_ROWS;
pub(super) use list::list;
pub(super) use page::{page, session};
pub(super) use row::one;

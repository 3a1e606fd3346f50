//! Where a page ends. The page after it goes on there, whatever was made or deleted in between,
//! which would shift pages that are counted from the beginning of the list.

use super::super::record::Record;

/// The last row of a page, by what the list is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `created_at` or `updated_at` of the row, in milliseconds since 1970; None in a list by id.
    pub at: Option<i64>,
    pub id: String,
}

impl Place {
    /// The place of a row in a list by this column; None: such a list has no places.
    pub(super) fn of<R: Record>(row: &R, column: &str) -> Option<Self> {
        let at = match column {
            "id" => None,
            "created_at" => Some(row.stamp().created_at),
            "updated_at" => Some(row.stamp().updated_at),
            _ => return None,
        };
        let id = row.id().to_owned();
        Some(Self { at, id })
    }

    /// Whether a list by this column has places: those by columns that are never NULL have.
    pub fn known(column: &str) -> bool {
        matches!(column, "id" | "created_at" | "updated_at")
    }

    /// Whether it is a place of a list by this column.
    pub(super) fn is_of(&self, column: &str) -> bool {
        Self::known(column) && self.at.is_some() == (column != "id")
    }
}

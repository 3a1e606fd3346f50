//! What may go wrong with a question about spend: a status, and the field.

use crate::asked::fault as asked;
use crate::domain::Fault;
use crate::store::StoreError;

pub(super) use crate::asked::fault::{bad, forbidden, missing, refused, shown};

/// What the question is about does not exist, or is not the caller's to know of.
pub(super) fn absent(field: &str, what: &str, id: &str) -> Fault {
    let message = format!("there is no {what} `{}` that you may see", shown(id));
    asked::absent(field, message)
}

/// An answer that cannot be written as JSON.
pub(super) fn unwritten(error: serde_json::Error) -> Fault {
    Fault::ours("the answer could not be written", error.to_string())
}

/// The database failed: no question of this room can be wrong in a way that only it would notice.
pub(super) fn store(error: StoreError) -> Fault {
    asked::failed(&error)
}

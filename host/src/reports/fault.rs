//! What may go wrong with a question about spend: a status, and the field.

use crate::domain::{ErrorKind, Fault};
use crate::store::StoreError;

/// A field that cannot be what it is.
pub(super) fn bad(field: &str, message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message)
        .with_param(field)
        .with_status(400)
}

/// A field that has to be there.
pub(super) fn missing(field: &str) -> Fault {
    bad(field, format!("`{field}` is required"))
}

/// What the question is about does not exist, or is not the caller's to know of.
pub(super) fn absent(field: &str, what: &str, id: &str) -> Fault {
    let message = format!("there is no {what} `{}` that you may see", shown(id));
    Fault::caller(ErrorKind::NotFound, message)
        .with_param(field)
        .with_status(404)
}

/// The spend of somebody else.
pub(super) fn forbidden(field: &str, message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::Permission, message)
        .with_param(field)
        .with_status(403)
}

/// The caller's role may not ask this at all.
pub(super) fn refused(message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::Permission, message).with_status(403)
}

/// What a client sent, at a length that an answer may repeat. A virtual key is never repeated.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 100;
    if text.starts_with("sk-") {
        return crate::auth::masked(text);
    }
    text.chars().take(LONGEST).collect()
}

/// The database failed: no question of this room can be wrong in a way that only it would notice.
pub(super) fn store(error: StoreError) -> Fault {
    let mut log = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        log.push_str(": ");
        log.push_str(&inner.to_string());
        cause = inner.source();
    }
    if error.is_outage() {
        return Fault::ours("the database does not answer; try again", log).with_status(503);
    }
    Fault::ours("the database failed", log)
}

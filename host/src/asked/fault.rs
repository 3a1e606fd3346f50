//! Refusals in LiteLLM's shape: a status, and the field.

use crate::domain::{At, ErrorKind, Fault};
use crate::store::StoreError;

/// A field that cannot be what it is.
pub fn bad(field: &str, message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message)
        .with_param(field)
        .with_status(400)
}

/// A field that has to be there.
pub fn missing(field: &str) -> Fault {
    bad(field, format!("`{field}` is required"))
}

/// What the request is about is not there.
pub fn absent(field: &str, message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::NotFound, message)
        .with_param(field)
        .with_status(404)
}

/// The caller may not do this to that object.
pub fn forbidden(field: &str, message: impl Into<String>) -> Fault {
    refused(message).with_param(field)
}

/// The caller's role may not do this at all.
pub fn refused(message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::Permission, message).with_status(403)
}

/// What a client sent, at a length that an answer may repeat. A virtual key is never repeated.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 100;
    if text.starts_with("sk-") {
        return crate::auth::masked(text);
    }
    text.chars().take(LONGEST).collect()
}

/// The database failed, by nobody's mistake: what the client hears has none of it.
pub fn failed(error: &StoreError) -> Fault {
    let mut log = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        log.push_str(": ");
        log.push_str(&inner.to_string());
        cause = inner.source();
    }
    if error.is_outage() {
        return Fault::ours("the database does not answer; try again", log)
            .with_status(503)
            .at(At::Door);
    }
    Fault::ours("the database failed", log)
}

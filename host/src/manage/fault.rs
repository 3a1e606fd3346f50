//! What may go wrong with a management request, in LiteLLM's shape: a status, and the field.

use crate::domain::{At, ErrorKind, Fault};
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

/// Whether it is no mistake of the caller's: it ends a whole request, not one item of many.
pub(super) fn is_ours(fault: &Fault) -> bool {
    fault.status.is_none_or(|it| it >= 500)
}

/// The object that the request is about does not exist.
pub(super) fn absent(field: &str, what: &str, id: &str) -> Fault {
    Fault::caller(
        ErrorKind::NotFound,
        format!("there is no {what} `{}`", shown(id)),
    )
    .with_param(field)
    .with_status(404)
}

/// The caller may not do this to that object.
pub(super) fn forbidden(field: &str, message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::Permission, message)
        .with_param(field)
        .with_status(403)
}

/// The caller's role may not do this at all.
pub(super) fn admins_only(what: &str) -> Fault {
    let message = format!("only a proxy admin may {what}");
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

/// The client is told about its own mistakes; the rest is for the log.
impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Duplicate { entity, field } => {
                let field = public(entity, field);
                bad(
                    &field,
                    format!("`{field}` is taken already by another {}", words(entity)),
                )
            }
            StoreError::UnknownReference { field, value } => bad(
                field,
                format!("`{field}` names `{}`, which does not exist", shown(value)),
            ),
            StoreError::InUse { entity } => bad(
                &public(entity, "id"),
                format!(
                    "this {} is still in use; take it from what uses it first",
                    words(entity)
                ),
            ),
            StoreError::NotFound { entity, id } => {
                absent(&public(entity, "id"), &words(entity), id)
            }
            StoreError::UnknownColumn { column, .. } => {
                bad("sort_by", format!("lists cannot be sorted by `{column}`"))
            }
            error if error.is_outage() => {
                Self::ours("the database does not answer; try again", chain(error))
                    .with_status(503)
                    .at(At::Door)
            }
            error => Self::ours("the database failed", chain(error)),
        }
    }
}

/// The name that the API gives a column.
fn public(entity: &str, column: &str) -> String {
    match (entity, column) {
        ("key", "id") => "key",
        ("key", "alias") => "key_alias",
        ("end_user", "id") => "user_id",
        ("user", "sso_id") => "sso_user_id",
        ("tag" | "access_group", "id" | "name") => "name",
        ("credential", "id") => "credential_name",
        ("team_member" | "organization_member", "id") => "user_id",
        (entity, "id" | "alias") => return format!("{entity}_{column}"),
        (_, column) => column,
    }
    .to_owned()
}

fn words(entity: &str) -> String {
    match entity {
        "end_user" => "customer".to_owned(),
        other => other.replace('_', " "),
    }
}

fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

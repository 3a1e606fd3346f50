//! What may go wrong with a management request, in LiteLLM's shape: a status, and the field.

use crate::asked::fault as asked;
use crate::domain::Fault;
use crate::store::StoreError;

pub(super) use crate::asked::fault::{bad, forbidden, missing, shown};

/// Whether it is no mistake of the caller's: it ends a whole request, not one item of many.
pub(super) fn is_ours(fault: &Fault) -> bool {
    fault.status.is_none_or(|it| it >= 500)
}

/// The object that the request is about does not exist.
pub(super) fn absent(field: &str, what: &str, id: &str) -> Fault {
    asked::absent(field, format!("there is no {what} `{}`", shown(id)))
}

/// The caller's role may not do this at all.
pub(super) fn admins_only(what: &str) -> Fault {
    asked::refused(format!("only a proxy admin may {what}"))
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
            StoreError::TooLong { field, most, .. } => {
                bad(field, format!("`{field}` has more than {most} bytes"))
            }
            error => asked::failed(error),
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

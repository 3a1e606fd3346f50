//! `GET /user/available_roles`.

use serde_json::json;

use crate::auth::Caller;
use crate::manage::{Answer, Input, Manage};

/// The roles that a user can have, with words for a form.
pub(in crate::manage) async fn available(m: &Manage, caller: &Caller, input: Input) -> Answer {
    m.rights(caller).await?;
    input.query_fields(&[])?;
    Ok(json!({
        "proxy_admin": {
            "ui_label": "Admin (all permissions)",
            "description": "changes and sees everything",
        },
        "proxy_admin_viewer": {
            "ui_label": "Admin (view only)",
            "description": "sees everything, changes nothing",
        },
        "internal_user": {
            "ui_label": "Internal user (create, delete, view)",
            "description": "makes, changes and deletes keys of their own and sees their spend",
        },
        "internal_user_viewer": {
            "ui_label": "Internal user (view only)",
            "description": "sees keys and spend of their own",
        },
    }))
}

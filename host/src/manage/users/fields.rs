//! The fields of a user.

use crate::domain::Fault;
use crate::manage::fault::bad;
use crate::manage::fields::{Field, Kind};

/// Roles that a user may have on the whole gateway.
pub(super) const ROLES: &[&str] = &[
    "proxy_admin",
    "proxy_admin_viewer",
    "internal_user",
    "internal_user_viewer",
];

/// What a user has beside limits and metadata.
pub(super) const USER: &[Field] = &[
    Field("user_id", Kind::Id),
    Field("user_email", Kind::Id),
    Field("user_alias", Kind::Id),
    Field("user_role", Kind::Choice(ROLES)),
    Field("sso_user_id", Kind::Id),
    Field("password", Kind::Text),
    Field("models", Kind::Texts),
    Field("metadata", Kind::Object),
    Field("spend", Kind::Money),
    Field("budget_id", Kind::Id),
    Field("object_permission", Kind::Object),
    Field("allowed_cache_controls", Kind::Texts),
];

/// Only when a user is made.
pub(super) const NEW: &[Field] = &[
    Field("teams", Kind::List),
    Field("organizations", Kind::Texts),
    Field("auto_create_key", Kind::Flag),
    Field("send_invite_email", Kind::Flag),
    Field("key", Kind::Text),
];

/// What keys have and LiteLLM takes of users too: of the key that is made with one; of a user it
/// changes nothing.
pub(super) const OF_KEY: &[Field] = &[
    Field("key_alias", Kind::Id),
    Field("duration", Kind::Duration),
    Field("aliases", Kind::Names),
    Field("config", Kind::Object),
    Field("permissions", Kind::Object),
    Field("blocked", Kind::Flag),
    Field("team_id", Kind::Id),
    Field("agent_id", Kind::Id),
    Field("budget_fallbacks", Kind::NameLists),
];

/// Fields without a place of their own in a row.
pub(super) const IN_REST: &[&str] = &["allowed_cache_controls", "object_permission"];

/// Something, an `@`, and something: the rest is the mail server's business.
pub(in crate::manage) fn check_email(field: &str, email: &str) -> Result<(), Fault> {
    let good = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !email.contains(' ')
    });
    if good {
        Ok(())
    } else {
        Err(bad(field, format!("`{field}` is no email address")))
    }
}

//! What a caller is told when it is refused, in LiteLLM's words and types. Statuses are decided
//! elsewhere, from the kind.

use crate::domain::{At, ErrorKind, Fault, KeyHash};

use super::mint::masked;

/// No key in any header.
pub(super) fn no_key() -> Fault {
    unproven("Authentication Error, No api key passed in.")
}

/// A key that cannot be one of ours.
pub(super) fn not_a_key() -> Fault {
    unproven(
        "Authentication Error, LiteLLM Virtual Key expected. Received=****, expected to start \
         with 'sk-'.",
    )
}

/// A key that nobody knows.
pub(super) fn unknown_key(key: &str, hash: &KeyHash) -> Fault {
    unproven(format!(
        "Authentication Error, Invalid proxy server token passed. Received API Key = {}, Key \
         Hash (Token) ={hash}. Unable to find token in cache or `LiteLLM_VerificationTokenTable`",
        masked(key),
    ))
    .with_param("key")
    .with_type("token_not_found_in_db")
}

/// A key whose time is over. Times are milliseconds since 1970.
pub(super) fn expired(name: &str, expired_ms: i64, now_ms: i64) -> Fault {
    unproven(format!(
        "Authentication Error - Expired Key. Key Expiry time {} and current time {}. Make a new \
         key, or give this one a new `duration` by `/key/update`",
        moment(expired_ms),
        moment(now_ms),
    ))
    .with_param(name)
    .with_type("expired_key")
}

/// A session that was ended, or whose holder is gone.
pub(super) fn session_over() -> Fault {
    unproven("the session is over; sign in again").with_type("session_over")
}

/// The key, team, user or organisation was switched off.
pub(super) fn blocked(what: &str, id: Option<&str>, cure: &str) -> Fault {
    unproven(match id {
        Some(id) => format!("Authentication Error, {what}={id} is blocked. {cure}"),
        None => format!("Authentication Error, {what} is blocked. {cure}"),
    })
}

/// A route that is for others.
pub(super) fn route(path: &str, role: &str) -> Fault {
    unproven(format!(
        "Authentication Error, Only proxy admin can be used to generate, delete, update info for \
         new keys/users/teams. Route={path}. Your role={role}"
    ))
}

/// A route outside the key's `allowed_routes` or `key_type`.
pub(super) fn route_of_key(path: &str, allowed: &str) -> Fault {
    unproven(format!(
        "Authentication Error, Virtual key is not allowed to call this route. Only allowed to \
         call routes: {allowed}. Tried to call route: {path}"
    ))
}

/// A route outside `general_settings.allowed_routes`.
pub(super) fn route_closed(path: &str) -> Fault {
    Fault::caller(
        ErrorKind::Permission,
        format!("Route={path} is not in `general_settings.allowed_routes`"),
    )
    .with_type("auth_error")
}

/// An address outside an allow list.
pub(super) fn address(shown: &str, list: &str) -> Fault {
    Fault::caller(
        ErrorKind::Permission,
        format!("Access forbidden: IP address {shown} is not in {list}"),
    )
    .with_type("auth_error")
}

/// A token of an identity provider that does not hold.
pub(super) fn token(why: impl std::fmt::Display) -> Fault {
    unproven(format!("Authentication Error, Invalid JWT: {why}"))
}

/// A token that holds, of somebody who may not come in.
pub(super) fn token_forbidden(why: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::Permission, why).with_type("auth_error")
}

/// Keys other than the master key need a database.
pub(super) fn no_database() -> Fault {
    Fault::caller(
        ErrorKind::InvalidRequest,
        "No connected db. Set `general_settings.database_url`, or use the master key",
    )
    .with_type("no_db_connection")
}

/// The database did not answer, and what we remember of the key is too old.
pub(super) fn database_down(why: impl Into<String>) -> Fault {
    let text = "Authentication Error, the key cannot be checked: the database does not answer. \
                Try again, or set `general_settings.allow_requests_on_db_unavailable` to let \
                keys in that were checked before";
    let mut fault = Fault::ours(text, why)
        .at(At::Door)
        .with_type("no_db_connection");
    fault.kind = ErrorKind::Overloaded;
    fault
}

/// LiteLLM writes the text `None` as the param of what it refuses before it knows the caller.
fn unproven(message: impl Into<String>) -> Fault {
    Fault::caller(ErrorKind::Authentication, message).with_param("None")
}

/// `2026-01-31 12:00:00+00:00`, as LiteLLM prints times; the number where it is none.
fn moment(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(
        |_| at_ms.to_string(),
        |at| at.strftime("%Y-%m-%d %H:%M:%S+00:00").to_string(),
    )
}

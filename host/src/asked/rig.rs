//! Callers for the tests of management and reports, and how their refusals read.

use crate::auth::{Caller, Role, samples};
use crate::domain::Fault;

/// The operator, with the master key.
pub fn master() -> Caller {
    samples::master()
}

/// A user with a key that is not in the database.
pub fn user(id: &str, role: Role) -> Caller {
    samples::person(role, id)
}

pub fn member(id: &str) -> Caller {
    user(id, Role::InternalUser)
}

/// Whoever holds the key with this hash and nothing else.
pub fn holder(hash: &str) -> Caller {
    samples::key_alone(hash)
}

/// Status and field of a refusal, which is never an error of ours.
pub fn named<T: std::fmt::Debug>(answer: Result<T, Fault>) -> String {
    let fault = answer.expect_err("was not refused");
    let status = fault.status.unwrap_or(500);
    assert!((400..500).contains(&status), "{status}: {fault}");
    format!("{status} {}", fault.param.unwrap_or_default())
}

//! The row of a call that was not let in. It is no row of spend: only who is told of calls gets it.

use super::super::request::ClientRequest;
use super::now_ms;
use super::party::Party;
use super::permit::Source;
use super::row::error;
use crate::auth::Caller;
use crate::domain::{CallStatus, Fault, SpendRow};

/// `status`: what its client gets.
pub fn row(
    caller: &Caller,
    request: &ClientRequest,
    (status, fault): (u16, &Fault),
    started_ms: i64,
) -> SpendRow {
    let controls = &request.controls;
    let mut party = Party::named(caller);
    party.tags.extend(controls.tags.iter().cloned());
    party.end_user.clone_from(&controls.user);
    let operation = request.operation.as_str();
    let nowhere = Source::default();
    SpendRow {
        call_id: request.id.as_str().to_owned(),
        status: CallStatus::Failure,
        ended_ms: now_ms(),
        model: controls.asked.clone(),
        error: Some(error(status, fault)),
        session_id: controls.session_id.clone(),
        ..party.account(operation, &controls.model, (&nowhere, started_ms))
    }
}

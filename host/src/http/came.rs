//! A request that came in: whose it is, its turn, and what every call is judged by before its model is.

use std::time::Duration;

use axum::body::Body;
use http::HeaderMap;
use http::request::Parts;
use tokio::time::Instant;

use super::gate::Gate;
use super::turnstile::Turn;
use super::{Doors, headers, priority};
use crate::auth::Caller;
use crate::domain::{CallId, ErrorKind, Fault};
use crate::pipeline::ClientRequest;
use crate::pipeline::accounting::Source;

/// Who the router has proven.
///
/// # Errors
/// Nobody: a route that lets everybody in is not for callers.
pub fn proven(parts: &mut Parts) -> Result<Caller, Fault> {
    let caller = parts.extensions.remove::<Caller>();
    caller.ok_or_else(|| Fault::ours("the caller is not known", "a call without a caller"))
}

/// Waits for the request's turn, and says how long it took.
///
/// # Errors
/// Too many are served, and too many wait.
pub async fn turn(
    doors: &Doors,
    id: &CallId,
    priority: u8,
) -> Result<(Option<Turn>, Duration), Fault> {
    let arrived = Instant::now();
    let limits = doors.admission();
    let turn = doors.turnstile.enter(&limits, priority).await;
    let turn = turn.map_err(|shed| {
        doors.metrics.shed(shed.as_str());
        let fault = shed.fault(&limits);
        tracing::info!(call.id = %id, fault = %fault, "a request was turned away");
        fault
    })?;
    Ok((turn, arrived.elapsed()))
}

/// A request that may be served.
pub struct Came {
    pub parts: Parts,
    pub id: CallId,
    pub caller: Caller,
    pub turn: Option<Turn>,
    /// How long it waited for that.
    pub queued: Duration,
}

impl Came {
    /// Waits for its turn.
    ///
    /// # Errors
    /// Nobody knows the caller, or it has no turn.
    pub async fn new(doors: &Doors, parts: Parts) -> Result<Self, Fault> {
        let priority = priority::of_headers(doors, &parts.headers)?;
        Self::in_line(doors, parts, priority).await
    }

    /// The same of a call that has a body; its own priority may stand there.
    ///
    /// # Errors
    /// The same.
    pub async fn with_body(doors: &Doors, parts: Parts, body: Body) -> Result<(Self, Body), Fault> {
        let (priority, body) = priority::of_call(doors, &parts, body).await?;
        Ok((Self::in_line(doors, parts, priority).await?, body))
    }

    async fn in_line(doors: &Doors, mut parts: Parts, priority: u8) -> Result<Self, Fault> {
        let caller = proven(&mut parts)?;
        let id = headers::call_id(&parts.extensions);
        let (turn, queued) = turn(doors, &id, priority).await?;
        Ok(Self {
            parts,
            id,
            caller,
            turn,
            queued,
        })
    }
}

/// The operator's rules for the members of a body.
///
/// # Errors
/// One is broken.
pub fn judge_body(gate: &Gate, caller: &Caller, request: &ClientRequest) -> Result<(), Fault> {
    if !gate.bodies.ask_anything(caller) {
        return Ok(());
    }
    gate.bodies.judge(caller, |name| {
        let found = request.body.entries().find(|(it, _)| *it == name)?;
        serde_json::from_str(found.1).ok()
    })
}

/// Tags that clients may not set, in a header.
///
/// # Errors
/// They are set.
pub fn judge_tags(gate: &Gate, headers: &HeaderMap) -> Result<(), Fault> {
    if gate.bodies.reject_client_tags && headers.contains_key("x-litellm-tags") {
        let text = "Client-side tags are not allowed; give the key or its team tags";
        let fault = Fault::caller(ErrorKind::InvalidRequest, text);
        return Err(fault.with_param("x-litellm-tags"));
    }
    Ok(())
}

/// Where a call stands in its client's trace, where traces are exported.
pub fn traced(doors: &Doors, headers: &HeaderMap, source: &mut Source) {
    if doors.pipeline.watchers().otel.is_on() {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        source.traceparent = text("traceparent");
        source.tracestate = text("tracestate");
    }
}

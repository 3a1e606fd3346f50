//! How a session ends: what each side is told, and as what it is counted. An answer that is cut off is
//! never the end of a session that looks like a good one.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::time::timeout;

use super::Session;
use super::dial::closed;
use crate::domain::{At, Blame, ErrorKind, Fault};
use crate::pipeline::request::Dialect;
use crate::pipeline::stream::FaultWriter;
use crate::upstream::{Farewell, Message, Socket};

/// How long both sides may take to say farewell.
const FAREWELL: Duration = Duration::from_secs(2);

/// Longest reason of a farewell, in bytes (RFC 6455, 5.5.1: a frame of 125 with its code).
const MAX_REASON: usize = 123;

/// A session whose handshake was answered, and all of whose answers are complete.
const SWITCHED: u16 = 101;

/// What the status of a session is counted as that its client left in the middle of an answer.
const CLIENT_CLOSED: u16 = 499;

/// What the status of a session is counted as that ended with the gateway.
const STOPPED: u16 = 503;

/// Codes of farewells (RFC 6455, 7.4.1, and the registry of IANA).
mod code {
    pub const NORMAL: u16 = 1000;
    pub const GOING_AWAY: u16 = 1001;
    pub const NO_CODE: u16 = 1005;
    pub const POLICY: u16 = 1008;
    pub const TOO_BIG: u16 = 1009;
    pub const INTERNAL: u16 = 1011;
    pub const RESTART: u16 = 1012;
    pub const TRY_LATER: u16 = 1013;
    pub const UNAUTHORIZED: u16 = 3000;
    pub const FORBIDDEN: u16 = 3003;
    /// OpenAI's, of requests that are wrong.
    pub const INVALID: u16 = 4000;
}

/// Why a session ends.
#[derive(Debug)]
pub enum Ending {
    ClientClosed,
    /// The client is not there any more.
    ClientGone,
    /// The client sent what cannot be taken.
    TooLarge,
    UpstreamClosed(Option<Farewell>),
    /// The upstream is not there any more, or says what cannot be read.
    UpstreamDied(Fault),
    /// A payer's budget is used up.
    OverBudget(Fault),
    /// It lasted as long as it may.
    TooLong,
    /// Nothing was said for as long as that may be.
    Idle,
    /// The gateway stops.
    Stopping,
}

/// What a client is told at the end of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parting {
    /// An event, if there is more to say than farewell.
    pub event: Option<String>,
    pub farewell: Farewell,
}

impl Parting {
    /// What a fault is told as.
    pub fn of(fault: &Fault, write_fault: FaultWriter) -> Self {
        let code = match fault.kind {
            ErrorKind::Authentication => code::UNAUTHORIZED,
            ErrorKind::Permission => code::FORBIDDEN,
            ErrorKind::Quota => code::POLICY,
            ErrorKind::RateLimit | ErrorKind::Overloaded => code::TRY_LATER,
            ErrorKind::Timeout | ErrorKind::Upstream | ErrorKind::Internal => code::INTERNAL,
            _ => code::INVALID,
        };
        Self::with(fault, code, write_fault)
    }

    fn with(fault: &Fault, code: u16, write_fault: FaultWriter) -> Self {
        let event = write_fault(fault, Dialect::Realtime);
        let said: Value = serde_json::from_str(&event).unwrap_or_default();
        let word = |place: &str| said.pointer(place).and_then(Value::as_str);
        // As OpenAI gives its reasons.
        let words = [word("/error/type"), word("/error/code")];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        Self {
            event: Some(event),
            farewell: farewell(code, &words.join(".")),
        }
    }

    const fn silent(farewell: Farewell) -> Self {
        Self {
            event: None,
            farewell,
        }
    }

    /// Tells the client, and waits a moment for it to hear that.
    pub async fn tell(self, mut client: Socket) {
        let told = async {
            if let Some(event) = self.event {
                client.outgoing.send(Message::Text(event.into())).await?;
            }
            let close = Message::Close(Some(self.farewell.clone()));
            client.outgoing.send(close).await?;
            while let Some(Ok(_)) = client.incoming.next().await {}
            if self.farewell.code == code::TOO_BIG {
                // What is left unread would reset the connection, and take the event along.
                std::future::pending::<()>().await;
            }
            Ok::<_, crate::upstream::Broken>(())
        };
        // A client that has gone hears nothing.
        let _ = timeout(FAREWELL, told).await;
    }
}

fn farewell(code: u16, reason: &str) -> Farewell {
    let end = reason.floor_char_boundary(MAX_REASON);
    Farewell {
        code,
        reason: reason.get(..end).unwrap_or_default().to_owned(),
    }
}

/// Whether a code may be sent, and says that something failed.
const fn is_failure(code: u16) -> bool {
    matches!(code, 1002 | 1003 | 1007..=1014 | 3000..=4999)
}

/// As what a session is counted.
#[derive(Debug)]
enum Counted {
    Done(u16),
    Failed(Fault),
    Stopped,
}

impl Session {
    /// Counts and charges the session, and gives what its client is told.
    pub(super) fn end(&mut self, ending: Ending) -> Parting {
        let tally = self
            .tally
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let cut_off = tally.cut_off();
        let was_answering = cut_off.is_some();
        let (counted, parting) = self.counted(ending, was_answering);
        if let Some((permit, trail)) = self.settlement.open_permit() {
            if let Some(used) = cut_off {
                // It ends anyway.
                let _ = permit.used(used, trail);
            }
            trail.usage = permit.session_usage();
        }
        match counted {
            Counted::Done(status) => self.settlement.done(status),
            Counted::Failed(fault) => {
                let status = (self.status_of)(&fault);
                self.settlement.failed(status, &fault);
            }
            Counted::Stopped => self.settlement.stopped(STOPPED),
        }
        parting
    }

    fn counted(&mut self, ending: Ending, was_answering: bool) -> (Counted, Parting) {
        let write = self.write_fault;
        let failed = |fault: Fault, parting: Parting| (Counted::Failed(fault), parting);
        let plain = |fault: Fault| {
            let parting = Parting::of(&fault, write);
            failed(fault, parting)
        };
        match ending {
            Ending::ClientClosed | Ending::ClientGone => {
                let left = matches!(ending, Ending::ClientGone) || was_answering;
                let status = if left { CLIENT_CLOSED } else { SWITCHED };
                let parting = Parting::silent(farewell(code::NORMAL, ""));
                (Counted::Done(status), parting)
            }
            Ending::TooLarge => {
                let message =
                    "an event is larger than the gateway takes; send sound in smaller pieces";
                let fault = Fault::caller(ErrorKind::InvalidRequest, message);
                let parting = Parting::with(&fault, code::TOO_BIG, write);
                failed(fault, parting)
            }
            Ending::UpstreamClosed(said) => self.closed(said, was_answering),
            Ending::UpstreamDied(mut fault) | Ending::OverBudget(mut fault) => {
                if let Some(line) = &self.settlement.trail().line {
                    line.target.redact(&mut fault);
                }
                plain(fault)
            }
            Ending::TooLong | Ending::Idle => {
                let fault = expired(matches!(ending, Ending::Idle));
                let code = if was_answering {
                    code::INTERNAL
                } else {
                    code::GOING_AWAY
                };
                let parting = Parting::with(&fault, code, write);
                match was_answering {
                    true => failed(fault, parting),
                    false => (Counted::Done(SWITCHED), parting),
                }
            }
            Ending::Stopping => {
                let fault = stopping();
                let parting = Parting::with(&fault, code::RESTART, write);
                (Counted::Stopped, parting)
            }
        }
    }

    /// The upstream's farewell is the client's, unless it hides that an answer is not complete.
    fn closed(&mut self, said: Option<Farewell>, was_answering: bool) -> (Counted, Parting) {
        let usual = farewell(code::NORMAL, "");
        let mut said = said.unwrap_or(usual);
        if said.code == code::NO_CODE {
            said.code = code::NORMAL;
        }
        let line = self.settlement.trail().line.clone();
        if let Some(line) = &line {
            line.target.redact_text(&mut said.reason);
        }
        let is_good = matches!(said.code, code::NORMAL | code::GOING_AWAY);
        if is_good && !was_answering {
            return (Counted::Done(SWITCHED), Parting::silent(said));
        }
        let mut fault = match &line {
            Some(line) => closed(Some(said.clone()), &line.target),
            None => Fault::upstream(ErrorKind::Upstream, "the upstream closed the session"),
        };
        fault.provider = line.map(|it| it.provider.name.clone());
        let mut parting = Parting::of(&fault, self.write_fault);
        if is_failure(said.code) {
            parting.farewell = farewell(said.code, &said.reason);
        }
        (Counted::Failed(fault), parting)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Counted already, unless nobody was there to say how it ended.
        self.end(Ending::ClientGone);
    }
}

fn expired(idle: bool) -> Fault {
    let message = match idle {
        true => "nothing was said in this session for as long as that may be; open another one",
        false => "this session has lasted for as long as one may; open another one",
    };
    Fault::caller(ErrorKind::InvalidRequest, message).with_code("session_expired")
}

fn stopping() -> Fault {
    let message = "the gateway stops; open another session in a moment";
    let mut fault = Fault::ours(message, message).at(At::Door);
    (fault.kind, fault.blame) = (ErrorKind::Overloaded, Blame::Operator);
    fault
}

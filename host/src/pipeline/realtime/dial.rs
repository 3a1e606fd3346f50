//! Opening a session: the plugin says where, the upstream goes over to WebSocket, and its first event
//! says whether the session is there. Until then another deployment may be asked.

use std::time::Duration;

use futures_util::StreamExt as _;
use http::HeaderMap;
use sluice_engine::contract::Outbound;
use tokio::time::{Instant, timeout};

use super::event::Event;
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::attempt::Attempt;
use crate::upstream::{
    Broken, Dialled, Farewell, Message, Options, Request, Socket, Target, errors,
};

/// How long a first event is waited for. OpenAI says at once that the session is there, or, after a
/// handshake that succeeded, that the key is wrong (seen October 2024). Who says nothing first is
/// taken to be ready.
const FIRST_EVENT: Duration = Duration::from_secs(5);

/// A session at an upstream.
pub struct Live {
    pub(super) socket: Socket,
    /// What it has said already.
    pub(super) first: Option<Message>,
}

impl Attempt {
    /// Opens a session.
    ///
    /// # Errors
    /// The upstream does not answer, or refuses: by its answer, or by its first event.
    pub async fn dial(&mut self, outbound: Outbound, options: &Options) -> Result<Live, Fault> {
        let state = outbound.state.clone();
        let kept = (&mut self.bodies, &self.captures);
        let request = Request::build(&self.line.target, outbound, kept);
        let request = request.map_err(|fault| self.sender.of_provider(fault))?;
        let began = Instant::now();
        let dialled = self.sender.dial(request, options).await;
        self.upstream_time += began.elapsed();
        let socket = match dialled? {
            Dialled::Open(socket) => socket,
            Dialled::Refused(reply) if reply.is_success() => {
                return Err(self.sender.of_provider(no_socket()));
            }
            Dialled::Refused(reply) => return Err(self.failed(reply, state).await),
        };
        let began = Instant::now();
        let heard = hear(socket, &self.line.target).await;
        self.upstream_time += began.elapsed();
        heard.map_err(|fault| self.sender.of_provider(fault))
    }
}

/// Waits for what the upstream says first.
async fn hear(mut socket: Socket, target: &Target) -> Result<Live, Fault> {
    let next = async {
        loop {
            match socket.incoming.next().await {
                Some(Ok(Message::Ping | Message::Pong)) => {}
                other => return other,
            }
        }
    };
    let first = match timeout(FIRST_EVENT, next).await {
        Err(_) => None,
        Ok(Some(Ok(Message::Close(farewell)))) => return Err(closed(farewell, target)),
        Ok(Some(Ok(Message::Text(text)))) => {
            if let Some(fault) = refusal(&text, target) {
                return Err(fault);
            }
            Some(Message::Text(text))
        }
        Ok(Some(Ok(message))) => Some(message),
        Ok(None) => return Err(closed(None, target)),
        Ok(Some(Err(broken))) => return Err(died(&broken)),
    };
    Ok(Live { socket, first })
}

/// The fault that an event means, if it is an error.
fn refusal(text: &[u8], target: &Target) -> Option<Fault> {
    let event = Event::of(std::str::from_utf8(text).ok()?)?;
    if event.kind() != "error" {
        return None;
    }
    let own = event.raw("error").unwrap_or_default();
    let status = match own.contains("\"server_error\"") {
        true => 500,
        false => 400,
    };
    Some(errors::map(&target.errors, status, &HeaderMap::new(), text))
}

fn no_socket() -> Fault {
    let message = "the upstream answered, and did not go over to WebSocket";
    Fault::upstream(ErrorKind::Upstream, message)
}

/// The fault that a session's end means which is none.
pub(super) fn closed(farewell: Option<Farewell>, target: &Target) -> Fault {
    let Some(Farewell { code, reason }) = farewell else {
        return died(&Broken::Cut("it was closed without a word".to_owned()));
    };
    // By the registered codes, which OpenAI uses.
    let kind = match code {
        3000 => ErrorKind::Authentication,
        3003 => ErrorKind::Permission,
        4000 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Upstream,
    };
    let mut said = match reason.is_empty() {
        true => format!("the upstream closed the session ({code})"),
        false => format!("the upstream closed the session ({code}): {reason}"),
    };
    target.redact_text(&mut said);
    Fault::upstream(kind, said)
}

/// The fault that a broken connection to an upstream means.
pub(super) fn died(broken: &Broken) -> Fault {
    let message = match broken {
        Broken::TooLarge => "the upstream sent a larger event than the gateway takes",
        Broken::Cut(_) => "the upstream broke off the session",
    };
    Fault::upstream(ErrorKind::Upstream, message).with_log(broken.to_string())
}

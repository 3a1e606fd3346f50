//! Tokens out of answers, which the plugin that asked for them never sees, and their use in the
//! call's later requests.

use bytes::Bytes;
use http::Response;
use sluice_credentials::{Capture, Captured, Error, Key, Kind};

use super::request::Request;
use super::signing;
use super::target::Target;
use super::{Upstream, UpstreamReply};
use crate::domain::{Blame, ErrorKind, Fault};

/// What a call has captured, by name.
#[derive(Debug, Clone, Default)]
pub struct Captures(Vec<(String, Captured)>);

impl Captures {
    /// A later one takes the place of an earlier one of its name.
    pub fn add(&mut self, name: String, captured: Captured) {
        self.0.retain(|(it, _)| *it != name);
        self.0.push((name, captured));
    }

    pub(super) fn find(&self, name: &str) -> Option<&Captured> {
        let found = self.0.iter().find(|(it, _)| it == name);
        found.map(|(_, captured)| captured)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Captured)> {
        self.0
            .iter()
            .map(|(name, captured)| (name.as_str(), captured))
    }
}

impl Upstream {
    /// The token that a request brings: kept from an earlier call that named it by the same `once`,
    /// or out of the answer that `send` gets.
    ///
    /// # Errors
    /// The plugin may not do this, or there is no token.
    pub async fn capture<F>(
        &self,
        target: &Target,
        (capture, key): (&Capture, Key),
        send: impl FnOnce() -> F + Send,
    ) -> Result<Captured, Fault>
    where
        F: Future<Output = Result<Response<Bytes>, Error>> + Send + 'static,
    {
        let tokens = self.side(&target.verify)?.tokens;
        let captured = match capture.once {
            Some(_) => capture.get(&tokens, key, send).await,
            None => send().await.and_then(|it| capture.of(&tokens, it)),
        };
        let captured = captured.map_err(signing::fault)?;
        target.sent.note(captured.secret.reveal());
        Ok(captured)
    }
}

/// Whether the plugin may have a token captured under this name.
///
/// # Errors
/// It was not granted, or the deployment has a secret of this name.
pub fn may_capture(target: &Target, plugin: &str, name: &str) -> Result<(), Fault> {
    if !target.may_capture {
        let message = format!(
            "the plugin `{plugin}` wants a token captured, which is not granted: set \
             `plugins.grants.{plugin}.capture: true`"
        );
        return Err(Fault::operator(ErrorKind::Permission, message));
    }
    if target.secrets.contains_key(name) {
        return Err(Fault::plugin(format!(
            "the plugin wants a token captured as `{name}`, which is a secret of the deployment"
        )));
    }
    Ok(())
}

/// Stands for everything that a captured token depends on. `whose`: the plugin, the deployment and
/// its settings.
pub fn key(target: &Target, request: &Request, capture: &Capture, whose: [&str; 3]) -> Key {
    let mut key = Key::of("exchange").text(request.method.as_str());
    for text in whose {
        key = key.text(text);
    }
    let url = request.destination.url.as_str();
    key = key.text(url).maybe(capture.once.as_deref());
    let mut secrets: Vec<_> = target.secrets.iter().collect();
    secrets.sort_by_key(|(name, _)| name.as_str());
    for (name, secret) in secrets {
        key = key.text(name).text(secret.reveal());
    }
    key.done()
}

/// An answer as the token is taken from it.
pub fn answer(reply: &UpstreamReply) -> Response<()> {
    let mut answer = Response::new(());
    *answer.headers_mut() = reply.headers.clone();
    // A status that HTTP does not have came over HTTP.
    *answer.status_mut() =
        http::StatusCode::from_u16(reply.status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    answer
}

/// Why a request for a token has no answer.
pub fn unanswered(fault: Fault) -> Error {
    let kind = match fault.blame {
        Blame::Operator => Kind::Missing,
        Blame::Us => Kind::Internal,
        Blame::Caller | Blame::Upstream => Kind::Unreachable,
    };
    let mut error = Error::new(kind, fault.message);
    if let Some(log) = fault.log {
        error.message.push_str(": ");
        error.message.push_str(&log);
    }
    error.retry_after = fault.retry_after;
    error
}

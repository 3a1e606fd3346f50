//! Requests for a token: the answer goes to the plugin without it, and the token into the call's
//! secrets.

use sluice_credentials::{Capture, Captured};
use sluice_engine::contract::{Payload, Reply};

use super::passed::pairs;
use super::sending::Sender;
use crate::domain::{ErrorKind, Fault};
use crate::upstream::{Options, Request, capture};

/// Gets the token, or the one that an earlier call with the same `once` got.
///
/// # Errors
/// The plugin may not, there is no token, or it does not come in the call's time.
pub async fn exchange(
    sender: &Sender,
    request: Request,
    (options, wanted): (&Options, &Capture),
) -> Result<Captured, Fault> {
    let line = &sender.line;
    let plugin = &line.provider.generation.describe.name;
    capture::may_capture(&line.target, plugin, &wanted.secret)
        .map_err(|fault| sender.of_provider(fault))?;
    let whose: [&str; 3] = [plugin, line.deployment.id.as_str(), &line.settings];
    let key = capture::key(&line.target, &request, wanted, whose);
    // Others may wait for it who have more time than this call.
    let (alone, options) = (sender.for_all(), options.clone());
    let send = || async move {
        let reply = alone.send(request, &options).await;
        let reply = reply.map_err(capture::unanswered)?;
        let head = capture::answer(&reply);
        let body = alone.read(reply).await.map_err(capture::unanswered)?;
        Ok(head.map(|()| body))
    };
    let upstream = sender.upstream.clone();
    let got = upstream.capture(&line.target, (wanted, key), send);
    let got = tokio::time::timeout(sender.left(), got).await;
    let got = got.unwrap_or_else(|_| {
        let message = "the token that the deployment needs did not come in time";
        Err(Fault::upstream(ErrorKind::Timeout, message))
    });
    got.map_err(|fault| sender.of_provider(fault))
}

/// The answer that it came in, for the plugin.
pub fn reply(captured: &Captured, state: String) -> Reply {
    let answer = &captured.answer;
    Reply {
        status: answer.status().as_u16(),
        headers: pairs(answer.headers()),
        body: Payload::Text(String::from_utf8_lossy(answer.body()).into_owned()),
        state,
    }
}

//! What an attempt brought, looked at as far as it takes to call it an answer.

use bytes::Bytes;

use super::filed::Filed;
use super::opening::{Rest, is_opening};
use super::realtime::Live;
use super::request::ClientRequest;
use super::settle::Settlement;
use super::shape::{self, Gathered};
use super::sound::Sound;
use super::source::{Events, Source};
use super::writer::Writer;
use crate::domain::{ErrorKind, Fault, Usage};
use crate::upstream;

/// What one deployment answered.
pub enum Reached {
    Whole {
        body: Bytes,
        /// None: it is JSON.
        content_type: Option<String>,
    },
    Stream {
        rest: Rest,
        first: Events,
    },
    Sound(Sound),
    /// The bytes of a file, as they come.
    Bytes(Filed),
    /// A session over a socket.
    Live(Live),
}

/// A stream that begins with an error has not begun: another deployment may answer. With the usage
/// that its beginning tells.
pub fn probe(request: &ClientRequest, first: &Events) -> (Result<(), Fault>, Option<Usage>) {
    let mut writer = Writer::new(request.operation, shape::envelope(request, true), false);
    let mut probed = Ok(());
    for event in &first.events {
        probed = writer.write(event, &mut String::new());
        if probed.is_err() || !is_opening(event) {
            break;
        }
    }
    (probed, writer.usage())
}

/// A stream for a client that wants the answer whole. What is known of its usage is kept, also if it
/// breaks.
pub async fn gather(
    request: &ClientRequest,
    mut source: Source,
    cap: usize,
    settlement: &mut Settlement,
) -> Result<Reached, Fault> {
    let mut gathered = Gathered::default();
    let mut size = 0;
    loop {
        let events = source.next().await?;
        size += events.events.iter().map(|it| it.data.len()).sum::<usize>();
        if size > cap {
            return Err(upstream::too_large(cap));
        }
        settlement.trail().upstream_time += events.upstream_time;
        for event in &events.events {
            gathered.push(event)?;
        }
        if let Some(usage) = &events.usage {
            gathered.learn_usage(usage);
        }
        settlement.trail().usage = gathered.usage();
        if let Some(fault) = events.failure {
            return Err(fault);
        }
        if events.last {
            if !events.complete && !gathered.is_finished() {
                let message = "the upstream's stream ended before its answer was complete";
                return Err(Fault::upstream(ErrorKind::Upstream, message));
            }
            break;
        }
    }
    let shaped = shape::whole(request, &gathered.finish(), None, None)?;
    let trail = settlement.trail();
    (trail.usage, trail.provider_id) = (shaped.usage, shaped.provider_id);
    Ok(Reached::Whole {
        body: shaped.body,
        content_type: None,
    })
}

/// A usage as plugins tell it.
pub fn usage_of(text: &str) -> Option<Usage> {
    Usage::told(&serde_json::from_str(text).ok()?)
}

/// An answer that is no JSON is the fault of the one who wrote it.
pub fn blame(fault: Fault, is_plugins: bool, body: &[u8]) -> Fault {
    let is_json = || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    if !is_plugins || is_json() {
        return fault;
    }
    let log = fault.log.unwrap_or_default();
    Fault::plugin("the plugin's answer is not the JSON it should be").with_log(log)
}

//! What a call came to, as the answer that a door writes: whole or a stream, made just now or kept
//! from earlier.

use bytes::Bytes;

use super::answer::{Answer, AnswerBody};
use super::cached::{Found, Keeper, KeptAnswer};
use super::fleet::Fleet;
use super::reached::Reached;
use super::request::ClientRequest;
use super::settle::Settlement;
use super::shape;
use super::source::{Events, Source};
use super::stream::{FaultWriter, MadeBy, Streaming};
use super::writer::{Event, Writer};
use crate::dialect::envelope::Envelope;
use crate::domain::{DeploymentId, Fault};
use crate::plugins;

/// The request, and how a fault in its stream is written.
type Asked<'r> = (&'r ClientRequest, FaultWriter);

/// An answer that was kept: nobody is asked, and it costs nothing.
pub fn kept(asked: Asked<'_>, fleet: &Fleet, found: Found, mut settlement: Settlement) -> Answer {
    let trail = settlement.trail();
    trail.cache_key = Some(found.key.as_str().to_owned());
    trail.line = fleet.line(&DeploymentId::new(found.deployment)).ok();
    trail.upstream_model = Some(found.model).filter(|_| trail.line.is_some());
    trail.usage = found.usage;
    match found.answer {
        KeptAnswer::Whole(body) => whole(body, settlement),
        KeptAnswer::Stream(recording) => {
            let envelope = Envelope {
                id: recording.id,
                created: recording.created,
                ..shape::envelope(asked.0, true)
            };
            let event = |(name, data)| Event { name, data };
            let events = Events {
                events: recording.events.into_iter().map(event).collect(),
                usage: recording.usage,
                last: true,
                complete: true,
                ..Events::default()
            };
            let source = Source::Ready(Vec::new());
            stream(asked, envelope, (source, events), (None, None), settlement)
        }
    }
}

/// An answer that was made just now; it is kept, if somebody keeps it.
///
/// # Errors
/// It cannot be put together with what was kept of it.
pub fn made(
    asked: Asked<'_>,
    reached: Reached,
    (made_by, keeper): (MadeBy, Option<Keeper>),
    mut settlement: Settlement,
) -> Result<Answer, Box<(Fault, Settlement)>> {
    match reached {
        Reached::Whole { body } => {
            let (plugins, generation) = made_by;
            plugins.report(&generation, plugins::Outcome::Fine);
            let body = match keeper {
                Some(keeper) => keeper.whole(body, settlement.trail()),
                None => Ok(body),
            };
            match body {
                Ok(body) => Ok(whole(body, settlement)),
                Err(fault) => Err(Box::new((fault, settlement))),
            }
        }
        Reached::Stream { source, first } => {
            let envelope = shape::envelope(asked.0, true);
            let mut keeper = keeper;
            if let Some(keeper) = &mut keeper {
                keeper.begin(&envelope);
            }
            let by = (Some(made_by), keeper);
            Ok(stream(asked, envelope, (source, first), by, settlement))
        }
    }
}

fn whole(body: Bytes, mut settlement: Settlement) -> Answer {
    settlement.done(200);
    Answer {
        status: 200,
        // Whatever the upstream calls it: it was read as JSON, and SDKs go by the type.
        content_type: "application/json",
        body: AnswerBody::Whole(body),
        trail: settlement.trail().clone(),
    }
}

fn stream(
    (request, write_fault): Asked<'_>,
    envelope: Envelope,
    (source, first): (Source, Events),
    (made_by, keeper): (Option<MadeBy>, Option<Keeper>),
    mut settlement: Settlement,
) -> Answer {
    let trail = settlement.trail();
    trail.first_token = Some(trail.started.elapsed());
    let trail = trail.clone();
    let include_usage = request.controls.include_usage;
    let streaming = Streaming {
        source,
        writer: Writer::new(request.operation, envelope, include_usage),
        settlement,
        dialect: request.operation.dialect(),
        write_fault,
        made_by,
        keeper,
    };
    Answer {
        status: 200,
        content_type: "text/event-stream",
        body: AnswerBody::Stream(streaming.into_bytes(first)),
        trail,
    }
}

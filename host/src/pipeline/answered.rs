//! What a call came to, as the answer that a door writes: whole or a stream, made just now or kept
//! from earlier.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::answer::{Answer, AnswerBody};
use super::cached::{Found, Keeper, KeptAnswer};
use super::fleet::{Fleet, Line};
use super::opening::Rest;
use super::reached::Reached;
use super::request::ClientRequest;
use super::settle::Settlement;
use super::source::{Events, Source};
use super::stream::{FaultWriter, MadeBy, Streaming};
use super::why::{By, Choice};
use super::writer::{Event, Writer};
use super::{counted, plain, shape};
use crate::dialect::envelope::Envelope;
use crate::domain::{DeploymentId, Fault, Usd};
use crate::plugins::{self, Plugins};
use crate::upstream::UpstreamReply;

/// How an answer is written.
#[derive(Clone, Copy)]
pub struct Asked {
    /// A fault in a stream.
    pub write_fault: FaultWriter,
    /// A stream's usage says what it cost.
    pub tells_cost: bool,
    /// The status that a client gets for a fault.
    pub status_of: fn(&Fault) -> u16,
}

/// An answer that was kept: nobody is asked, and it costs nothing.
pub fn kept(
    (request, asked): (&ClientRequest, Asked),
    fleet: &Fleet,
    found: Found,
    mut settlement: Settlement,
) -> Answer {
    let trail = settlement.trail();
    trail.cache_key = Some(found.key.as_str().to_owned());
    trail.line = fleet.line(&DeploymentId::new(found.deployment)).ok();
    trail.upstream_model = Some(found.model).filter(|_| trail.line.is_some());
    trail.usage = found.usage;
    let (group, line) = (trail.model_group.clone(), trail.line.clone());
    settlement.chose(Choice::given(&group, By::Cache, line.as_deref()));
    settlement.came_to("ok");
    settlement.remember_choices();
    match found.answer {
        KeptAnswer::Whole(body) => whole(body, None, settlement),
        KeptAnswer::Stream(recording) => {
            let envelope = Envelope {
                id: recording.id,
                created: recording.created,
                ..shape::envelope(request, true)
            };
            let event = |(name, data)| Event { name, data };
            let events = Events {
                events: recording.events.into_iter().map(event).collect(),
                usage: recording.usage,
                last: true,
                complete: true,
                ..Events::default()
            };
            let mut writer =
                Writer::new(request.operation, envelope, request.controls.include_usage);
            if asked.tells_cost {
                writer.tell_cost(Box::new(|_| Some(Usd::default())));
            }
            settlement.began();
            let rest = Rest::Source(Source::ready(Vec::new(), None));
            let by = (None, None);
            stream((request, asked), writer, (rest, events), by, settlement)
        }
    }
}

/// An answer that was made just now; it is kept, if somebody keeps it.
///
/// # Errors
/// It cannot be put together with what was kept of it.
pub fn made(
    (request, asked): (&ClientRequest, Asked),
    reached: Reached,
    ((plugins, line), keeper): ((Plugins, Arc<Line>), Option<Keeper>),
    mut settlement: Settlement,
) -> Result<Answer, Box<(Fault, Settlement)>> {
    let generation = Arc::clone(&line.provider.generation);
    match reached {
        Reached::Whole { body, content_type } => {
            plugins.report(&generation, plugins::Outcome::Fine);
            let body = match keeper {
                Some(keeper) => keeper.whole(body, settlement.trail()),
                None => Ok(body),
            };
            match body {
                Ok(body) => Ok(whole(body, content_type, settlement)),
                Err(fault) => Err(Box::new((fault, settlement))),
            }
        }
        Reached::Bytes(reply) => {
            plugins.report(&generation, plugins::Outcome::Fine);
            Ok(file(reply, (asked, line), settlement))
        }
        Reached::Stream { rest, first } => {
            let envelope = shape::envelope(request, true);
            let mut keeper = keeper;
            if let Some(keeper) = &mut keeper {
                keeper.begin(&envelope);
            }
            let mut writer =
                Writer::new(request.operation, envelope, request.controls.include_usage);
            writer.assume(counted::of_request(request));
            if asked.tells_cost {
                writer.tell_cost(settlement.cost_of(&line));
            }
            let by = (Some((plugins, generation)), keeper);
            Ok(stream(
                (request, asked),
                writer,
                (rest, first),
                by,
                settlement,
            ))
        }
        Reached::Sound(sound) => {
            let said = sound.content_type.as_deref();
            Ok(Answer {
                status: 200,
                content_type: Cow::Owned(plain::sound_type(request, said)),
                trail: settlement.trail().clone(),
                body: AnswerBody::Sound(sound.into_stream(settlement, (plugins, generation))),
            })
        }
    }
}

fn whole(body: Bytes, content_type: Option<String>, mut settlement: Settlement) -> Answer {
    settlement.answered(&body);
    settlement.done(200);
    Answer {
        status: 200,
        content_type: content_type.map_or(Cow::Borrowed("application/json"), Cow::Owned),
        body: AnswerBody::Whole(body),
        trail: settlement.trail().clone(),
    }
}

/// A file on its way from the upstream to the client: never whole in memory.
fn file(
    mut reply: UpstreamReply,
    (asked, line): (Asked, Arc<Line>),
    mut settlement: Settlement,
) -> Answer {
    let kind = reply.content_type();
    let kind = match kind.is_empty() {
        true => Cow::Borrowed("application/octet-stream"),
        false => Cow::Owned(kind.to_owned()),
    };
    settlement.began();
    let trail = settlement.trail().clone();
    let stream = async_stream::stream! {
        loop {
            match reply.chunk().await {
                Ok(Some(bytes)) => yield Ok(bytes),
                Ok(None) => break settlement.done(200),
                Err(mut fault) => {
                    line.target.redact(&mut fault);
                    settlement.failed((asked.status_of)(&fault), &fault);
                    yield Err(std::io::Error::other(fault.message));
                    break;
                }
            }
        }
    };
    Answer {
        status: 200,
        content_type: kind,
        body: AnswerBody::File(Box::pin(stream)),
        trail,
    }
}

fn stream(
    (request, asked): (&ClientRequest, Asked),
    writer: Writer,
    (rest, first): (Rest, Events),
    (made_by, keeper): (Option<MadeBy>, Option<Keeper>),
    mut settlement: Settlement,
) -> Answer {
    let trail = settlement.trail().clone();
    let streaming = Streaming {
        writer,
        settlement,
        dialect: request.operation.dialect(),
        write_fault: asked.write_fault,
        made_by,
        keeper,
    };
    Answer {
        status: 200,
        content_type: Cow::Borrowed("text/event-stream"),
        body: AnswerBody::Stream(streaming.into_bytes(first, rest)),
        trail,
    }
}

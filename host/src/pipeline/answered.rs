//! What a call came to, as the answer that a door writes: whole or a stream, made just now or kept
//! from earlier.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::answer::{Answer, AnswerBody};
use super::cached::{Found, Keeper, KeptAnswer};
use super::filed::Filed;
use super::fleet::{Fleet, Line};
use super::guards::{Guarded, Passing};
use super::opening::Rest;
use super::reached::Reached;
use super::request::{ClientRequest, Operation};
use super::settle::Settlement;
use super::source::{Events, Source};
use super::stream::{FaultWriter, MadeBy, Streaming, Watched};
use super::why::{By, Choice};
use super::writer::{Event, Writer};
use super::{counted, plain, shape, written};
use crate::dialect::envelope::Envelope;
use crate::domain::{DeploymentId, Fault, Usd};
use crate::plugins::{self, Plugins};

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
///
/// # Errors
/// A guardrail refuses it.
pub async fn kept(
    (request, asked): (&ClientRequest, Asked),
    fleet: &Fleet,
    found: Found,
    (guarded, mut settlement): (Option<Guarded>, Box<Settlement>),
) -> Result<Answer, Box<(Fault, Box<Settlement>)>> {
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
        KeptAnswer::Whole(body, kind) => whole(request, (body, kind), (guarded, settlement)).await,
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
            let most = fleet.config.general.max_reply_bytes;
            let passing = guarded.and_then(|it| passing(it, request, most));
            let asked = (request, asked);
            stream(asked, writer, (rest, events), by, (passing, settlement)).await
        }
    }
}

/// An answer that was made just now; it is kept, if somebody keeps it.
///
/// # Errors
/// It cannot be put together with what was kept of it, or a guardrail refuses it.
pub async fn made(
    (request, asked): (&ClientRequest, Asked),
    reached: Reached,
    ((plugins, line), keeper): ((Plugins, Arc<Line>), Option<Keeper>),
    (guarded, mut settlement): (Option<Guarded>, Box<Settlement>),
) -> Result<Answer, Box<(Fault, Box<Settlement>)>> {
    let generation = Arc::clone(&line.provider.generation);
    match reached {
        Reached::Whole { body, content_type } => {
            plugins.report(&generation, plugins::Outcome::Fine);
            let body = match keeper {
                Some(keeper) => keeper.whole(body, content_type.as_deref(), settlement.trail()),
                None => Ok(body),
            };
            match body {
                Ok(body) => whole(request, (body, content_type), (guarded, settlement)).await,
                Err(fault) => Err(Box::new((fault, settlement))),
            }
        }
        Reached::Live(_) => {
            let log = "a session where an answer was asked for";
            let fault = Fault::ours("the upstream's answer is none", log);
            Err(Box::new((fault, settlement)))
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
            let most = line.target.max_reply_bytes;
            let passing = guarded.and_then(|it| passing(it, request, most));
            let asked = (request, asked);
            stream(asked, writer, (rest, first), by, (passing, settlement)).await
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

/// Those that look at the answer of this request; None: nobody.
fn passing(guarded: Guarded, request: &ClientRequest, most: usize) -> Option<Passing> {
    Passing::of(guarded, request.body.text().as_bytes(), most)
}

async fn whole(
    request: &ClientRequest,
    (mut body, content_type): (Bytes, Option<String>),
    (guarded, mut settlement): (Option<Guarded>, Box<Settlement>),
) -> Result<Answer, Box<(Fault, Box<Settlement>)>> {
    if settlement.trail().usage.is_none() {
        let text = std::str::from_utf8(&body).unwrap_or_default();
        settlement.wrote(written::tokens(text));
    }
    let says = request.operation != Operation::Speech;
    if let Some(mut guarded) = guarded.filter(|it| says && it.looks_at_answers()) {
        let asked = request.body.text().as_bytes();
        match Box::pin(guarded.after(asked, &body)).await {
            Ok(changed) => body = changed.unwrap_or(body),
            Err(fault) => return Err(Box::new((fault, settlement))),
        }
    }
    settlement.answered(&body);
    settlement.done(200);
    Ok(Answer {
        status: 200,
        content_type: content_type.map_or(Cow::Borrowed("application/json"), Cow::Owned),
        body: AnswerBody::Whole(body),
        trail: settlement.take_trail(),
    })
}

/// A file on its way from the upstream to the client: never whole in memory.
fn file(
    mut reply: Filed,
    (asked, line): (Asked, Arc<Line>),
    mut settlement: Box<Settlement>,
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

async fn stream(
    (request, asked): (&ClientRequest, Asked),
    writer: Writer,
    (rest, first): (Rest, Events),
    (made_by, keeper): (Option<MadeBy>, Option<Keeper>),
    (passing, mut settlement): (Option<Passing>, Box<Settlement>),
) -> Result<Answer, Box<(Fault, Box<Settlement>)>> {
    let trail = settlement.trail().clone();
    let passing = passing.map(|passing| Watched {
        passing,
        unseen: Writer::new(request.operation, shape::envelope(request, true), true),
    });
    let mut streaming = Streaming {
        writer: Box::new(writer),
        settlement,
        dialect: request.operation.dialect(),
        write_fault: asked.write_fault,
        made_by,
        keeper,
        passing,
        learned: false,
    };
    // What is refused by its beginning has no head yet: it is an error like any other.
    let first = match streaming.begin(first).await {
        Ok(first) => first,
        Err(fault) => return Err(Box::new((fault, streaming.settlement))),
    };
    Ok(Answer {
        status: 200,
        content_type: Cow::Borrowed("text/event-stream"),
        body: AnswerBody::Stream(streaming.into_bytes(first, rest)),
        trail,
    })
}

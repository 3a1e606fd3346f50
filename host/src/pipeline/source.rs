//! Where canonical stream events come from: an upstream that is relayed, a plugin that decodes, or
//! an answer that is there already.

use std::pin::Pin;
use std::time::Duration;

use sluice_engine::contract::{Continuation, Frame, Head, Payload, ReplyMode};
use sluice_framing::Framing;
use tokio::time::Instant;

use super::attempt::Attempt;
use super::bridge::Bridged;
use super::plugin_faults::broke;
use super::writer::Event;
use crate::domain::{ErrorKind, Fault};
use crate::upstream::{FrameReader, Options, UpstreamReply};

/// A stream of canonical events.
pub enum Source {
    Relay(Box<FrameReader>),
    Decode(Box<Decode>),
    Ready(Box<Events>),
    /// A chat on its way to a client of another dialect.
    Bridged(Box<Bridged>),
}

/// A read under way, which gives the stream back.
pub type Pending = Pin<Box<dyn Future<Output = (Result<Events, Fault>, Source)> + Send>>;

/// What one read brought.
#[derive(Debug, Default)]
pub struct Events {
    pub events: Vec<Event>,
    /// What the plugin knows of usage.
    pub usage: Option<String>,
    /// The upstream failed after these events.
    pub failure: Option<Fault>,
    /// Nothing follows.
    pub last: bool,
    /// The end is the real end, whatever the events say.
    pub complete: bool,
    /// They were made here of a chat's: a usage that stands in them is the provider's only where
    /// `usage` told one.
    pub bridged: bool,
    pub upstream_time: Duration,
}

impl Events {
    /// With those that came after them.
    pub fn extend(&mut self, more: Self) {
        self.events.extend(more.events);
        self.usage = more.usage.or(self.usage.take());
        self.failure = more.failure;
        self.last = more.last;
        self.complete = more.complete;
        self.bridged |= more.bridged;
        self.upstream_time += more.upstream_time;
    }
}

impl Source {
    /// What is there already, or nothing more.
    pub fn ready(events: Vec<Event>, usage: Option<String>) -> Self {
        Self::Ready(Box::new(Events {
            events,
            usage,
            last: true,
            complete: true,
            ..Events::default()
        }))
    }

    pub fn relay(reply: UpstreamReply) -> Self {
        Self::Relay(Box::new(reply.frames(Some(Framing::Sse))))
    }

    /// The next events: at least one, unless it is the end.
    pub async fn next(&mut self) -> Result<Events, Fault> {
        match self {
            Self::Ready(events) => Ok(std::mem::take(events)),
            Self::Bridged(bridged) => Box::pin(bridged.next()).await,
            Self::Relay(reader) => relay(reader).await,
            Self::Decode(decode) => {
                let next = decode.next().await;
                next.map_err(|fault| decode.attempt.bind(fault))
            }
        }
    }

    /// The same, for a read that may outlive its reader.
    pub fn into_next(mut self) -> Pending {
        Box::pin(async move {
            let read = self.next().await;
            (read, self)
        })
    }
}

async fn relay(reader: &mut FrameReader) -> Result<Events, Fault> {
    let started = Instant::now();
    let batch = reader.next().await?;
    let mut events = Vec::with_capacity(batch.frames.len());
    for frame in batch.frames {
        let data = String::from_utf8(frame.data).map_err(|cause| {
            Fault::upstream(
                ErrorKind::Upstream,
                "the upstream sent an event that is not UTF-8",
            )
            .with_log(cause.to_string())
        })?;
        events.push(Event {
            name: frame.event,
            data,
        });
    }
    let upstream_time = started.elapsed();
    Ok(Events {
        events,
        last: batch.last,
        complete: batch.marked,
        upstream_time,
        ..Events::default()
    })
}

/// Frames of an upstream on their way through a plugin.
pub struct Decode {
    attempt: Box<Attempt>,
    reader: FrameReader,
    head: Option<Head>,
    state: String,
    ended: bool,
}

impl Decode {
    pub fn new(
        attempt: Box<Attempt>,
        reply: UpstreamReply,
        framing: Option<Framing>,
        state: String,
    ) -> Self {
        let head = Some(head_of(&reply));
        Self {
            attempt,
            reader: reply.frames(framing),
            head,
            state,
            ended: false,
        }
    }

    async fn next(&mut self) -> Result<Events, Fault> {
        let mut result = Events::default();
        let mut complete = false;
        while result.events.is_empty() && !self.ended {
            let started = Instant::now();
            let batch = self
                .reader
                .next()
                .await
                .map_err(|fault| self.attempt.sender.of_provider(fault))?;
            result.upstream_time += started.elapsed();
            let frames: Vec<Frame> = batch.frames.into_iter().map(contract_frame).collect();
            let head = self.head.take();
            let session = &mut self.attempt.session;
            let decoded = session.decode(head.as_ref(), &self.state, &frames, batch.last);
            // Boxed, like what follows an end: a stream that waits for its upstream holds neither.
            let decoded = Box::pin(decoded).await;
            let decoded = decoded
                .map_err(broke)?
                .map_err(|error| self.attempt.refuse(error))?;
            for event in decoded.events {
                let Payload::Text(data) = event.data else {
                    return Err(Fault::plugin("the plugin gave an event that is no text"));
                };
                self.attempt.bodies.media.check_answer(&data)?;
                result.events.push(Event {
                    name: event.event,
                    data,
                });
            }
            result.usage = decoded.usage.or(result.usage.take());
            self.state = decoded.state;
            if let Some(error) = decoded.failure {
                let fault = self.attempt.refuse(error);
                result.failure = Some(self.attempt.bind(fault));
                self.ended = true;
                break;
            }
            match decoded.next {
                // A plugin that leaves the end open leaves it to the end marker or, failing
                // that, to the finish reason.
                Continuation::More => {
                    self.ended = batch.last;
                    complete = batch.marked;
                }
                Continuation::Done => {
                    self.ended = true;
                    complete = true;
                }
                Continuation::ThenSend(outbound) => {
                    self.attempt.goes_on();
                    let options = Options::read_for(&outbound.options, ReplyMode::Frames)?;
                    let state = outbound.state.clone();
                    let reply = Box::pin(self.attempt.send(outbound, &options)).await?;
                    if !reply.is_success() {
                        return Err(Box::pin(self.attempt.failed(reply, state)).await);
                    }
                    self.head = Some(head_of(&reply));
                    self.reader = reply.frames(options.framing);
                    self.state = state;
                }
            }
        }
        result.last = self.ended;
        result.complete = complete && result.failure.is_none();
        Ok(result)
    }
}

fn head_of(reply: &UpstreamReply) -> Head {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = reply
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)));
    Head {
        status: reply.status,
        headers: headers.collect(),
    }
}

fn contract_frame(frame: sluice_framing::Frame) -> Frame {
    let data = String::from_utf8(frame.data)
        .map_or_else(|it| Payload::Bytes(it.into_bytes()), Payload::Text);
    Frame {
        event: frame.event,
        data,
    }
}

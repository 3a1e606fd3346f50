//! A source of events as the bytes a client gets: written event by event, kept alive while the
//! upstream thinks, settled when it ends or when the client leaves.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::answer::ByteStream;
use super::cached::Keeper;
use super::guards::Passing;
use super::opening::Rest;
use super::settle::Settlement;
use super::source::Events;
use super::writer::Writer;
use super::written;
use crate::domain::{ErrorKind, Fault};
use crate::plugins::{Generation, Outcome, Plugins};

/// How long a stream may be silent before a comment keeps its connection alive.
const PING: Duration = Duration::from_secs(15);

/// The comment that does it.
const SILENCE: &[u8] = b": ping\n\n";

/// Writes a fault as the event that ends a stream.
pub type FaultWriter = fn(&Fault, super::Dialect) -> String;

/// The plugin that a stream is made by, and who hears how it went.
pub type MadeBy = (Plugins, Arc<Generation>);

/// A stream on its way to the client.
pub struct Streaming {
    pub writer: Box<Writer>,
    pub settlement: Box<Settlement>,
    pub dialect: super::Dialect,
    pub write_fault: FaultWriter,
    /// Whose work it is; None: a kept answer, which is nobody's.
    pub made_by: Option<MadeBy>,
    /// Keeps the answer, as the upstream gave it.
    pub keeper: Option<Keeper>,
    /// Those that look at it.
    pub passing: Option<Watched>,
    /// The provider told what was used, beside its events.
    pub learned: bool,
}

/// A stream that guardrails look at. What it used is read before they do: what they keep from the
/// client is paid for all the same.
pub struct Watched {
    pub passing: Passing,
    pub unseen: Writer,
}

impl Streaming {
    /// What of the first events may go to the client, before there is a head.
    ///
    /// # Errors
    /// A guardrail refuses them.
    pub async fn begin(&mut self, first: Events) -> Result<Events, Fault> {
        let looked = self.look(first).await;
        if looked.is_err() {
            self.report(Outcome::Fine);
            if let Some(keeper) = self.keeper.take() {
                keeper.failed();
            }
        }
        looked
    }

    /// Events as they came, as they go on.
    async fn look(&mut self, events: Events) -> Result<Events, Fault> {
        self.note(&events);
        match self.passing {
            // Boxed, since most streams are looked at by nobody.
            Some(_) => Box::pin(self.pass(events)).await,
            None => Ok(events),
        }
    }

    fn note(&mut self, events: &Events) {
        self.learned |= events.usage.is_some();
        self.settlement.trail().upstream_time += events.upstream_time;
        if let Some(keeper) = &mut self.keeper {
            keeper.record(&events.events, events.usage.as_deref());
        }
    }

    /// What its guardrails let through.
    async fn pass(&mut self, events: Events) -> Result<Events, Fault> {
        let Some(Watched { passing, unseen }) = &mut self.passing else {
            return Ok(events);
        };
        let mut nobody = String::new();
        for event in &events.events {
            // What is wrong with it is said when it is written.
            let _read = unseen.write(event, &mut nobody);
            nobody.clear();
            self.settlement.advance(written::tokens(&event.data))?;
        }
        if let Some(usage) = &events.usage {
            unseen.learn_usage(usage.clone());
        }
        let trail = self.settlement.trail();
        // Events made here have a usage always, which is nobody's word until the provider told one.
        if self.learned || !events.bridged {
            trail.usage = unseen.usage();
        }
        if trail.provider_id.is_none() {
            trail.provider_id = unseen.provider_id().map(str::to_owned);
        }
        passing.pass(events).await
    }

    /// The bytes: first what `events` hold, which were read before the answer's head was written,
    /// then the rest.
    pub fn into_bytes(mut self, events: Events, rest: Rest) -> ByteStream {
        Box::pin(async_stream::stream! {
            let mut next = Ok(events);
            let (mut source, mut pending) = match rest {
                Rest::Source(source) => (Some(source), None),
                Rest::Pending(pending) => (None, Some(pending)),
            };
            loop {
                let (out, over) = self.step(next);
                if !out.is_empty() {
                    yield out;
                }
                if over {
                    break;
                }
                if let Some(mut reading) = pending.take() {
                    next = loop {
                        match timeout(PING, reading.as_mut()).await {
                            Ok((read, back)) => {
                                source = Some(back);
                                break match read {
                                    Ok(events) => self.look(events).await,
                                    Err(fault) => Err(fault),
                                };
                            }
                            Err(_) => yield Bytes::from_static(SILENCE),
                        }
                    };
                    continue;
                }
                let Some(source) = &mut source else { break };
                let mut reading = std::pin::pin!(source.next());
                next = loop {
                    match timeout(PING, reading.as_mut()).await {
                        Ok(Ok(events)) => break self.look(events).await,
                        Ok(Err(fault)) => break Err(fault),
                        Err(_) => yield Bytes::from_static(SILENCE),
                    }
                };
            }
        })
    }

    /// Writes one batch; true at the stream's end.
    fn step(&mut self, next: Result<Events, Fault>) -> (Bytes, bool) {
        let mut out = String::new();
        let (over, fault) = match self.write(next, &mut out) {
            Ok(false) => (false, None),
            Ok(true) => {
                self.writer.end(&mut out);
                (true, None)
            }
            Err(mut fault) => {
                if let Some(line) = &self.settlement.trail().line {
                    line.target.redact(&mut fault);
                }
                out.push_str(&(self.write_fault)(&fault, self.dialect));
                (true, Some(fault))
            }
        };
        let out = Bytes::from(out);
        self.settlement.streamed(&out);
        if over {
            self.settle(fault);
        }
        (out, over)
    }

    fn write(&mut self, next: Result<Events, Fault>, out: &mut String) -> Result<bool, Fault> {
        let events = next?;
        for event in &events.events {
            self.writer.write(event, out)?;
            if self.passing.is_none() {
                self.settlement.advance(written::tokens(&event.data))?;
            }
        }
        if let Some(usage) = events.usage {
            self.writer.learn_usage(usage);
        }
        let trail = self.settlement.trail();
        if self.learned || !events.bridged {
            trail.usage = self.writer.usage().or(trail.usage.take());
        }
        if trail.provider_id.is_none() {
            trail.provider_id = self.writer.provider_id().map(str::to_owned);
        }
        if let Some(fault) = events.failure {
            return Err(fault);
        }
        if events.complete {
            self.writer.finish();
        }
        if events.last && !self.writer.is_finished() {
            let message = "the upstream's stream ended before its answer was complete";
            return Err(Fault::upstream(ErrorKind::Upstream, message));
        }
        Ok(events.last)
    }

    fn settle(&mut self, fault: Option<Fault>) {
        match fault {
            None => {
                self.report(Outcome::Fine);
                if let Some(keeper) = self.keeper.take() {
                    keeper.end(self.settlement.trail());
                }
                self.settlement.done(200);
            }
            Some(mut fault) => {
                let outcome = if fault.plugin_at_fault {
                    Outcome::Failed
                } else {
                    Outcome::Fine
                };
                self.report(outcome);
                if let Some((_, generation)) = self.made_by.as_ref().filter(|_| fault.is_breach) {
                    generation.plugin.count_breach();
                }
                if let Some(keeper) = self.keeper.take() {
                    keeper.failed();
                }
                if fault.provider.is_none() {
                    fault.provider = self.settlement.trail().provider().map(str::to_owned);
                }
                self.settlement.failed(200, &fault);
            }
        }
    }

    fn report(&self, outcome: Outcome) {
        if let Some((plugins, generation)) = &self.made_by {
            plugins.report(generation, outcome);
        }
    }
}

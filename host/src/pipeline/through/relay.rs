//! An answer on its way to the client, byte for byte. It is settled before its last byte leaves, and
//! when the client leaves.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use tokio::time::Instant;

use super::watch::Watch;
use crate::domain::Fault;
use crate::pipeline::request::Dialect;
use crate::pipeline::settle::Settlement;
use crate::pipeline::stream::FaultWriter;
use crate::upstream::Pieces;

/// The answer was not complete: its connection ends without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer was cut off")]
pub struct CutOff;

/// Bytes for the client.
pub type PassedBytes = Pin<Box<dyn Stream<Item = Result<Bytes, CutOff>> + Send>>;

/// An answer that passes.
pub struct Relay {
    pub pieces: Pieces,
    pub watch: Watch,
    pub settlement: Box<Settlement>,
    pub status: u16,
    pub dialect: Dialect,
    /// It comes in server-sent events, so that a fault may be one.
    pub takes_events: bool,
    pub write_fault: FaultWriter,
}

impl Relay {
    pub fn into_bytes(mut self) -> PassedBytes {
        Box::pin(async_stream::stream! {
            // What does not come in events waits for what follows it: who has the last byte of it has
            // all of it, and by then it is settled.
            let mut held = None;
            loop {
                match self.next().await {
                    Ok(Some(piece)) => {
                        if let Err(fault) = self.see(&piece) {
                            let event = self.refuse(&fault);
                            self.settlement.failed(self.status, &fault);
                            match event {
                                Some(event) => yield Ok(event),
                                None => yield Err(CutOff),
                            }
                            break;
                        }
                        let leaves = if self.watch.streams { Some(piece) } else { held.replace(piece) };
                        if let Some(piece) = leaves {
                            yield Ok(piece);
                        }
                    }
                    Ok(None) => {
                        self.done();
                        if let Some(last) = held.take() {
                            yield Ok(last);
                        }
                        break;
                    }
                    Err(fault) => {
                        self.learn();
                        self.settlement.failed(self.status, &fault);
                        if let Some(last) = held.take() {
                            yield Ok(last);
                        }
                        yield Err(CutOff);
                        break;
                    }
                }
            }
        })
    }

    /// Reads a piece before the client does.
    ///
    /// # Errors
    /// A payer's budget has nothing left.
    fn see(&mut self, piece: &Bytes) -> Result<(), Fault> {
        self.settlement.streamed(piece);
        if self.look(piece)? {
            self.done();
        }
        Ok(())
    }

    /// Reads a piece for what it tells of its usage; true: the answer has ended.
    ///
    /// # Errors
    /// A payer's budget has nothing left.
    pub(super) fn look(&mut self, piece: &Bytes) -> Result<bool, Fault> {
        let seen = self.watch.see(piece);
        if self.watch.streams && self.settlement.trail().first_token.is_none() {
            self.settlement.began();
        }
        self.learn();
        if seen.tokens > 0 {
            self.settlement.advance(seen.tokens)?;
        }
        Ok(seen.ended)
    }

    /// The next piece of the answer.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let began = Instant::now();
        let next = self.pieces.next().await;
        self.settlement.trail().upstream_time += began.elapsed();
        if !matches!(next, Ok(Some(_))) {
            let tokens = self.watch.end();
            // Of what breaks off nobody has the whole.
            if next.is_ok() {
                self.settlement.wrote(tokens);
            }
        }
        next
    }

    /// The client gets this of it.
    pub(super) fn sent(&mut self, out: &Bytes) {
        self.settlement.streamed(out);
    }

    /// It ends here; the event that says so.
    pub(super) fn fail(&mut self, fault: &Fault) -> Option<Bytes> {
        self.learn();
        let event = self.refuse(fault);
        self.settlement.failed(self.status, fault);
        event
    }

    pub(super) fn done(&mut self) {
        self.learn();
        self.settlement.done(self.status);
    }

    fn learn(&mut self) {
        let (usage, id) = (self.watch.usage(), self.watch.id().map(str::to_owned));
        let trail = self.settlement.trail();
        trail.usage = usage;
        trail.provider_id = trail.provider_id.take().or(id);
    }

    /// The gateway's own word at the end of a stream.
    fn refuse(&self, fault: &Fault) -> Option<Bytes> {
        let event = || (self.write_fault)(fault, self.dialect);
        self.takes_events.then(|| Bytes::from(event()))
    }
}

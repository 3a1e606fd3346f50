//! A stream of canonical chunks as the client's events.

use serde_json::{Value, json};

use crate::anthropic::AnthropicStream;
use crate::completions::TextStream;
use crate::failure::Failure;
use crate::gemini::GeminiStream;
use crate::object::{items, text};
use crate::plan::{Identity, Plan};
use crate::responses::ResponseStream;
use crate::{Dialect, Event};

/// What each dialect's stream does.
pub trait Writer {
    /// A canonical chunk.
    fn push(&mut self, chunk: &Value, out: &mut Vec<Event>) -> Result<(), Failure>;
    /// The end of the canonical stream. An answer without a finish reason was cut off.
    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Failure>;
    /// Ends the stream with an error.
    fn fail(&mut self, failure: &Failure, out: &mut Vec<Event>);
}

/// Turns canonical chunks into events. Give it every chunk, the one with the usage too, then
/// [`finish`](Self::finish); or [`fail`](Self::fail), where the attempt failed on its way.
pub struct Stream {
    dialect: Dialect,
    writer: Box<dyn Writer + Send>,
    /// A chunk told why the answer ends.
    reasoned: bool,
    ended: bool,
    failure: Option<Failure>,
}

impl Stream {
    pub(crate) fn of(plan: Plan, identity: Identity) -> Self {
        let dialect = plan.dialect;
        let writer: Box<dyn Writer + Send> = match dialect {
            Dialect::Messages => Box::new(AnthropicStream::new(plan, identity)),
            Dialect::Responses => Box::new(ResponseStream::new(plan, identity)),
            Dialect::GenerateContent => Box::new(GeminiStream::new(plan, identity)),
            Dialect::Completions => Box::new(TextStream::new(plan, identity)),
        };
        Self {
            dialect,
            writer,
            reasoned: false,
            ended: false,
            failure: None,
        }
    }

    /// The events of one canonical chunk. A chunk that is an error, or that breaks the answer, ends
    /// the stream with an error; [`failure`](Self::failure) says which.
    pub fn push(&mut self, chunk: &Value) -> Vec<Event> {
        let mut choices = items(chunk.get("choices")).iter();
        self.reasoned |= choices.any(|it| !text(it, "finish_reason").is_empty());
        self.run(|writer, out| writer.push(chunk, out))
    }

    /// The provider said that the answer is complete, by the marker of an end or otherwise: one that
    /// tells no finish reason is whole all the same. Before [`finish`](Self::finish).
    pub fn complete(&mut self) -> Vec<Event> {
        match self.reasoned {
            true => Vec::new(),
            false => {
                self.push(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
            }
        }
    }

    /// The last events. An answer without a finish reason was cut off, and ends with an error.
    pub fn finish(&mut self) -> Vec<Event> {
        let events = self.run(|writer, out| writer.finish(out));
        self.ended = true;
        events
    }

    /// Ends the stream with an error.
    pub fn fail(&mut self, failure: &Failure) -> Vec<Event> {
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.ended, true) {
            self.writer.fail(failure, &mut out);
            self.failure = Some(failure.clone());
        }
        out
    }

    /// Keeps an idle client waiting, in the dialects that have an event for it. Others take a
    /// comment.
    pub fn ping(&self) -> Option<Event> {
        let ping = || Event::Named("ping", serde_json::json!({"type": "ping"}));
        (self.dialect == Dialect::Messages && !self.ended).then(ping)
    }

    /// Why the stream ended with an error.
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether nothing more will be written.
    pub const fn is_ended(&self) -> bool {
        self.ended
    }

    fn run(
        &mut self,
        step: impl FnOnce(&mut dyn Writer, &mut Vec<Event>) -> Result<(), Failure>,
    ) -> Vec<Event> {
        let mut out = Vec::new();
        if self.ended {
            return out;
        }
        if let Err(failure) = step(self.writer.as_mut(), &mut out) {
            out.extend(self.fail(&failure));
        }
        out
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("dialect", &self.dialect)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

//! An answer that streams past the guardrails: piece by piece past those that work on streams, and
//! held back until its end where one has to see it whole.

use std::sync::Arc;

use serde_json::Value;
use sluice_engine::contract::{Inspection, Piece, Span, StreamVerdict};
use sluice_spans::{self as spans, Stream};

use super::call::Guarded;
use super::look::{Question, Said};
use crate::config::Stage;
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::source::Events;
use crate::pipeline::writer::Event;
use crate::upstream;

/// A stream that is looked at.
pub struct Passing {
    guarded: Guarded,
    /// The text in its events; what is taken out of it is put back by it.
    stream: Stream,
    links: Vec<Link>,
    /// Of the request, for those that ask for it.
    request: Option<Arc<str>>,
    /// What is held back, in bytes, and the most of it.
    held: usize,
    most: usize,
    /// Its events have names.
    named: bool,
}

/// One guardrail on a stream.
struct Link {
    at: usize,
    how: How,
}

enum How {
    /// It looks while the answer streams, from this state on. None: it was not opened yet.
    Feeds {
        state: Option<String>,
        /// Bytes that it was given and has not let through, as far as they can be counted.
        withheld: i64,
    },
    /// It looks at all of it in the end.
    Holds(Vec<Piece>),
    /// It failed, and its policy lets pass what it cannot look at.
    Passes,
}

impl Passing {
    /// None: nobody looks at answers. `most`: the longest answer that is held back.
    pub fn of(guarded: Guarded, request: &[u8], most: usize) -> Option<Self> {
        let looking = guarded.at(Stage::Post);
        if looking.is_empty() {
            return None;
        }
        let feeds = |at: usize| {
            let part = guarded.parts.get(at);
            let ready = part.and_then(|it| it.choice.guard.ready.as_ref().ok());
            // One that wants the whole answer cannot be content with pieces of it.
            ready.is_some_and(|it| {
                it.hook.generation.plugin.looks_at_streams() && !it.hook.describe.wants("response")
            })
        };
        let links = looking.into_iter().map(|at| Link {
            at,
            how: match feeds(at) {
                true => How::Feeds {
                    state: None,
                    withheld: 0,
                },
                false => How::Holds(Vec::new()),
            },
        });
        Some(Self {
            links: links.collect(),
            stream: Stream::new(guarded.call.shape),
            request: std::str::from_utf8(request).ok().map(Arc::from),
            guarded,
            held: 0,
            most,
            named: false,
        })
    }

    /// What of these events the client may get by now.
    ///
    /// # Errors
    /// A guardrail refuses the answer, or fails closed, or more is held back than may be.
    pub async fn pass(&mut self, mut events: Events) -> Result<Events, Fault> {
        let mut pieces = Vec::new();
        for event in std::mem::take(&mut events.events) {
            self.named |= !event.name.is_empty();
            self.held = self.held.saturating_add(event.data.len());
            let value: Value = serde_json::from_str(&event.data).map_err(garbage)?;
            pieces.extend(self.stream.take(&value).into_iter().map(told));
        }
        // What an upstream says as it fails comes after what it has said before.
        let last = events.last || events.failure.is_some();
        for link in 0..self.links.len() {
            pieces = self.link(link, pieces, last).await?;
        }
        if self.held > self.most {
            return Err(upstream::too_large(self.most));
        }
        let mut written = self.stream.put(pieces.into_iter().map(put).collect());
        if last {
            written.extend(self.stream.finish());
        }
        for value in written {
            let data = value.to_string();
            self.held = self.held.saturating_sub(data.len());
            let name = value.get("type").and_then(Value::as_str);
            let name = name.filter(|_| self.named).unwrap_or_default().to_owned();
            events.events.push(Event { name, data });
        }
        Ok(events)
    }

    async fn link(
        &mut self,
        link: usize,
        pieces: Vec<Piece>,
        last: bool,
    ) -> Result<Vec<Piece>, Fault> {
        let Some(Link { at, how }) = self.links.get_mut(link) else {
            return Ok(pieces);
        };
        let at = *at;
        match how {
            How::Passes => Ok(pieces),
            How::Holds(held) => {
                held.extend(pieces);
                if !last {
                    return Ok(Vec::new());
                }
                let held = std::mem::take(held);
                self.whole(at, held).await
            }
            How::Feeds { state, withheld } => {
                if pieces.is_empty() && !last {
                    return Ok(pieces);
                }
                let (state, withheld) = (state.take(), *withheld);
                self.feed(link, (at, state, withheld), pieces, last).await
            }
        }
    }

    fn inspection(&self, at: usize, spans: Vec<Span>) -> Option<Inspection> {
        let part = self.guarded.parts.get(at)?;
        let ready = part.choice.guard.ready.as_ref().ok();
        let wants = ready.is_some_and(|it| it.hook.describe.wants("request"));
        let request = self.request.as_deref().filter(|_| wants).map(str::to_owned);
        Some(
            self.guarded
                .asked(part, Stage::Post, spans, (request, None)),
        )
    }

    /// Gives pieces to a guardrail that works on streams.
    async fn feed(
        &mut self,
        link: usize,
        (at, state, withheld): (usize, Option<String>, i64),
        pieces: Vec<Piece>,
        last: bool,
    ) -> Result<Vec<Piece>, Fault> {
        let state = match state {
            Some(state) => state,
            None => match self.open(at).await? {
                Some(state) => state,
                None => {
                    self.set(link, How::Passes);
                    return Ok(pieces);
                }
            },
        };
        let guarded = &self.guarded;
        let question = Question::Feed(&state, &pieces, last);
        let looked = guarded.ask(at, Stage::Post, question).await;
        let passed = match &looked.came {
            Ok(Said::Fed(StreamVerdict::Pass(passed))) => passed,
            Ok(Said::Fed(StreamVerdict::Block(refusal))) => {
                return Err(guarded.refused(at, &looked, refusal));
            }
            Ok(_) => return Ok(pieces),
            Err(why) => {
                // What it holds back lies in a state that nobody else reads.
                guarded.silent(at, &looked, why, withheld == 0)?;
                self.set(link, How::Passes);
                return Ok(pieces);
            }
        };
        let text = |pieces: &[Piece]| pieces.iter().map(|it| it.text.as_str()).collect::<String>();
        let bytes = |pieces: &[Piece]| pieces.iter().map(|it| it.text.len() as i64).sum::<i64>();
        let findings = passed.findings.as_deref();
        // A stream has many decisions; those that say something are told, and the last.
        if last || findings.is_some() {
            let same = text(&passed.pieces) == text(&pieces);
            let decision = if same { "allow" } else { "edit" };
            guarded.note(at, &looked, (decision, findings, None));
        }
        let withheld = withheld + bytes(&pieces) - bytes(&passed.pieces);
        let (state, out) = (Some(passed.state.clone()), passed.pieces.clone());
        self.set(link, How::Feeds { state, withheld });
        Ok(out)
    }

    /// The first state; None: it failed, and its policy lets pass.
    async fn open(&mut self, at: usize) -> Result<Option<String>, Fault> {
        let Some(inspection) = self.inspection(at, Vec::new()) else {
            return Ok(None);
        };
        let question = Question::Open(&inspection);
        let looked = self.guarded.ask(at, Stage::Post, question).await;
        match &looked.came {
            Ok(Said::Opened(state)) => Ok(Some(state.clone())),
            Ok(_) => Ok(None),
            Err(why) => {
                self.guarded.silent(at, &looked, why, true)?;
                Ok(None)
            }
        }
    }

    fn set(&mut self, link: usize, how: How) {
        if let Some(link) = self.links.get_mut(link) {
            link.how = how;
        }
    }

    /// Shows a guardrail the whole answer, text by text.
    async fn whole(&mut self, at: usize, held: Vec<Piece>) -> Result<Vec<Piece>, Fault> {
        let (texts, mut pieces) = joined(held);
        if texts.is_empty() {
            return Ok(pieces);
        }
        let Some(inspection) = self.inspection(at, texts) else {
            return Ok(pieces);
        };
        let question = Question::Inspect(&inspection);
        let looked = self.guarded.ask(at, Stage::Post, question).await;
        self.guarded.decided(at, looked, Some(&mut pieces))?;
        Ok(pieces)
    }
}

/// The pieces of each text as one.
fn joined(held: Vec<Piece>) -> (Vec<Span>, Vec<Piece>) {
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in held {
        let same = |it: &&mut Piece| {
            (it.choice, &it.channel, &it.call) == (piece.choice, &piece.channel, &piece.call)
        };
        match pieces.iter_mut().find(same) {
            Some(before) => before.text.push_str(&piece.text),
            None => pieces.push(piece),
        }
    }
    let span = |piece: &Piece| Span {
        role: spans::role::ASSISTANT.to_owned(),
        channel: piece.channel.clone(),
        choice: piece.choice,
        pointer: String::new(),
        text: piece.text.clone(),
    };
    (pieces.iter().map(span).collect(), pieces)
}

fn garbage(cause: serde_json::Error) -> Fault {
    let text = "the upstream sent an event that is not JSON";
    Fault::upstream(ErrorKind::Upstream, text).with_log(cause.to_string())
}

fn told(piece: spans::Piece) -> Piece {
    Piece {
        choice: piece.choice,
        channel: piece.channel,
        call: piece.call,
        text: piece.text,
    }
}

fn put(piece: Piece) -> spans::Piece {
    spans::Piece {
        choice: piece.choice,
        channel: piece.channel,
        call: piece.call,
        text: piece.text,
    }
}

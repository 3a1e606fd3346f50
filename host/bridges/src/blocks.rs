//! Pieces put into blocks that follow each other: every dialect wants one block at a time, each
//! begun, filled and ended, while a canonical stream may mix its calls.

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::block::{Block, Kind};
use crate::failure::Failure;
use crate::piece::{CallPiece, Piece};

/// What happens to the one block that is open.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Open(Block),
    Text(String),
    Signature(Value),
    Citation(Value),
    Annotation(Value),
    Close(Block),
}

/// Most calls of one answer. More of them is a provider gone mad.
const MOST_CALLS: usize = 4096;

/// Puts pieces in sequence.
#[derive(Debug, Default)]
pub struct Sequencer {
    open: Option<Block>,
    /// Which call the open block is.
    open_call: Option<u64>,
    /// Calls that began while another one was not complete.
    waiting: Vec<(u64, Block)>,
    /// Anything else that came meanwhile.
    late: Vec<Piece>,
    closed: Vec<u64>,
    seals: Vec<Value>,
    pub calls: usize,
}

impl Sequencer {
    pub fn push(&mut self, piece: Piece, out: &mut Vec<Step>) -> Result<(), Failure> {
        if let Piece::Call(call) = piece {
            return self.call(call, out);
        }
        if let Piece::TextSignature(signature) = piece {
            self.seals.push(signature);
            return Ok(());
        }
        if self.open_call.is_some() || !self.waiting.is_empty() {
            self.late.push(piece);
            self.drain(out);
        } else {
            self.plain(piece, out);
        }
        Ok(())
    }

    /// Closes everything, calls that still wait first.
    pub fn finish(&mut self, out: &mut Vec<Step>) -> Result<(), Failure> {
        self.close(out);
        for (index, block) in std::mem::take(&mut self.waiting) {
            if block.name.is_empty() {
                return Err(Failure::upstream("the provider's tool call has no name"));
            }
            self.open_waiting(index, block, out);
            self.close(out);
        }
        for piece in std::mem::take(&mut self.late) {
            self.plain(piece, out);
        }
        self.close(out);
        let seals = std::mem::take(&mut self.seals);
        if !seals.is_empty() {
            self.whole(Kind::Seal, seals.into(), out);
        }
        Ok(())
    }

    fn plain(&mut self, piece: Piece, out: &mut Vec<Step>) {
        match piece {
            Piece::Thinking(text) => self.grow(Kind::Thinking, text, out),
            Piece::Text(text) => self.grow(Kind::Text, text, out),
            Piece::Refusal(text) => self.grow(Kind::Refusal, text, out),
            Piece::Signature(signature) => {
                self.ensure(Kind::Thinking, out);
                if let Some(open) = &mut self.open {
                    open.signature = Some(signature.clone().into());
                }
                out.push(Step::Signature(signature.into()));
                self.close(out);
            }
            Piece::Redacted(block) => self.whole(Kind::Redacted, block, out),
            Piece::Server(block) => self.whole(Kind::Server, block, out),
            Piece::Part(part) => self.whole(Kind::Part, part, out),
            Piece::Audio(audio) => self.whole(Kind::Audio, audio, out),
            Piece::Image(url) => self.whole(Kind::Image, url.into(), out),
            Piece::Citation(citation) => {
                self.ensure(Kind::Text, out);
                if let Some(open) = &mut self.open {
                    open.citations.push(citation.clone());
                }
                out.push(Step::Citation(citation));
            }
            Piece::Annotation(annotation) => {
                self.ensure(Kind::Text, out);
                if let Some(open) = &mut self.open {
                    open.annotations.push(annotation.clone());
                }
                out.push(Step::Annotation(annotation));
            }
            Piece::TextSignature(_) | Piece::Call(_) => {}
        }
    }

    fn grow(&mut self, kind: Kind, text: String, out: &mut Vec<Step>) {
        self.ensure(kind, out);
        if let Some(open) = &mut self.open {
            open.text.push_str(&text);
        }
        out.push(Step::Text(text));
    }

    /// Opens a block of the kind, unless one is open.
    fn ensure(&mut self, kind: Kind, out: &mut Vec<Step>) {
        if self.open.as_ref().is_some_and(|it| it.kind == kind) {
            return;
        }
        self.close(out);
        let block = Block {
            kind,
            ..Block::default()
        };
        out.push(Step::Open(block.clone()));
        self.open = Some(block);
    }

    fn whole(&mut self, kind: Kind, value: Value, out: &mut Vec<Step>) {
        self.close(out);
        let block = Block {
            kind,
            value,
            ..Block::default()
        };
        out.push(Step::Open(block.clone()));
        out.push(Step::Close(block));
    }

    fn close(&mut self, out: &mut Vec<Step>) {
        if let Some(index) = self.open_call.take() {
            self.closed.push(index);
            if let Some(open) = self.open.as_mut().filter(|it| it.text.trim().is_empty()) {
                "{}".clone_into(&mut open.text);
                out.push(Step::Text("{}".to_owned()));
            }
        }
        out.extend(self.open.take().map(Step::Close));
    }

    fn call(&mut self, piece: CallPiece, out: &mut Vec<Step>) -> Result<(), Failure> {
        if self.open_call == Some(piece.index) {
            if let Some(open) = &mut self.open
                && !piece.arguments.is_empty()
            {
                open.text.push_str(&piece.arguments);
                out.push(Step::Text(piece.arguments));
            }
            return Ok(());
        }
        if self.closed.contains(&piece.index) {
            return match piece.arguments.trim() {
                "" => Ok(()),
                _ => Err(Failure::upstream(
                    "the provider went on with a tool call that was complete",
                )),
            };
        }
        let known = self
            .waiting
            .iter_mut()
            .find(|(index, _)| *index == piece.index);
        if let Some((_, block)) = known {
            join(block, piece);
        } else {
            if self.calls >= MOST_CALLS {
                return Err(Failure::upstream(
                    "the provider's answer has too many tool calls",
                ));
            }
            let mut block = Block {
                kind: Kind::Call,
                id: format!("call_{}", self.calls),
                ..Block::default()
            };
            self.calls += 1;
            let index = piece.index;
            join(&mut block, piece);
            self.waiting.push((index, block));
        }
        self.drain(out);
        Ok(())
    }

    /// Goes on with the next call as soon as the open one is complete.
    fn drain(&mut self, out: &mut Vec<Step>) {
        loop {
            let busy = self.open_call.is_some();
            if busy && !self.open.as_ref().is_some_and(|it| is_complete(&it.text)) {
                return;
            }
            let Some((_, next)) = self.waiting.first() else {
                if busy && !self.late.is_empty() {
                    self.close(out);
                }
                break;
            };
            if next.name.is_empty() {
                return;
            }
            self.close(out);
            let (index, block) = self.waiting.remove(0);
            self.open_waiting(index, block, out);
        }
        if self.open_call.is_none() {
            for piece in std::mem::take(&mut self.late) {
                self.plain(piece, out);
            }
        }
    }

    fn open_waiting(&mut self, index: u64, mut block: Block, out: &mut Vec<Step>) {
        self.close(out);
        let text = std::mem::take(&mut block.text);
        out.push(Step::Open(block.clone()));
        if !text.is_empty() {
            out.push(Step::Text(text.clone()));
        }
        block.text = text;
        self.open = Some(block);
        self.open_call = Some(index);
    }
}

fn join(block: &mut Block, piece: CallPiece) {
    if !piece.id.is_empty() {
        block.id = piece.id;
    }
    block.name.push_str(&piece.name);
    block.text.push_str(&piece.arguments);
    block.signature = piece.signature.or(block.signature.take());
    block.caller = piece.caller.or(block.caller.take());
}

/// Whether arguments are a whole JSON document.
pub fn is_complete(arguments: &str) -> bool {
    arguments.trim_end().ends_with('}') && serde_json::from_str::<IgnoredAny>(arguments).is_ok()
}

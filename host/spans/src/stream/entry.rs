//! What a dialect tells of an event, and what is known of the places that text is written to.

use serde_json::Value;

use crate::span::Span;

/// An event for text, and the places in it that get the text.
#[derive(Clone)]
pub struct Carrier {
    pub event: Value,
    pub pointers: Vec<String>,
}

/// What an event waits for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wait {
    Nothing,
    /// It ends these places: all their text has to be out, and something else to follow, so that
    /// what a guardrail adds at the very end has a place.
    Ends(Vec<usize>),
    /// It may not stand before text of these places.
    After(Vec<usize>),
    /// It is part of the end of the stream.
    End,
}

/// Text that grows with the event.
pub struct Growth {
    pub place: usize,
    /// The string, and those that repeat it in the same event.
    pub pointers: Vec<String>,
    pub text: String,
}

/// Text that is whole in its event.
pub struct Whole {
    pub place: usize,
    pub span: Span,
}

/// An event in the queue.
pub struct Entry {
    pub event: Value,
    pub growths: Vec<Growth>,
    pub wholes: Vec<Whole>,
    /// Strings that repeat all that was written to their place.
    pub copies: Vec<Whole>,
    /// Members that are taken away if the text of a place was changed: signatures.
    pub seals: Vec<(usize, String)>,
    pub wait: Wait,
    /// It says nothing without its text.
    pub idle: bool,
    /// It is left out if the text of this place was changed: a signature.
    pub vouches: Option<usize>,
}

impl Entry {
    pub const fn of(event: Value) -> Self {
        Self {
            event,
            growths: Vec::new(),
            wholes: Vec::new(),
            copies: Vec::new(),
            seals: Vec::new(),
            wait: Wait::Nothing,
            idle: false,
            vouches: None,
        }
    }

    pub fn waits(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self
    }
}

/// A place that text is written to: a block, a part, a member of a message.
pub struct Place {
    pub lane: usize,
    /// Passed, and not written yet.
    pub out: String,
    pub written: String,
    /// What was written is not what came.
    pub changed: bool,
    /// Its first event has gone out, and its last one has not.
    pub open: bool,
    pub closed: bool,
    /// Its events in the queue.
    pub queued: usize,
    /// An event with nothing but the place, for text that comes later.
    pub carrier: Option<Carrier>,
}

impl Place {
    pub const fn of(lane: usize) -> Self {
        Self {
            lane,
            out: String::new(),
            written: String::new(),
            changed: false,
            open: false,
            closed: false,
            queued: 0,
            carrier: None,
        }
    }

    /// The next text to be written.
    pub fn give(&mut self, most: usize) -> String {
        let mut end = self.out.len().min(most);
        while !self.out.is_char_boundary(end) {
            end += 1;
        }
        let rest = self.out.split_off(end);
        let text = std::mem::replace(&mut self.out, rest);
        self.written.push_str(&text);
        text
    }
}

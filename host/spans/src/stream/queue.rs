//! Events that wait for their text. What each dialect knows of its events is in [`Entry`]; when an
//! event may go out is decided here, for all of them.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::Piece;
use super::entry::{Carrier, Entry, Place, Wait};
use super::lane::Lane;
use crate::apply::{forget_tokens, remove, write};
use crate::span::{Form, Span, channel};
use crate::walk::of_inner_json;

struct Known {
    choice: u32,
    channel: String,
    call: String,
    lane: Lane,
}

/// Choice, channel and call.
type Name = (u32, String, String);

/// The queue, and what is known of lanes and places.
#[derive(Default)]
pub struct Queue {
    /// No event passes another.
    pub strict: bool,
    entries: VecDeque<Entry>,
    /// Those that wait for the end, of a dialect that is not strict.
    tail: Vec<Entry>,
    lanes: Vec<Known>,
    names: HashMap<Name, usize>,
    pub places: Vec<Place>,
    /// Those whose text may come after its events.
    growing: Vec<usize>,
}

impl Queue {
    /// A place in the lane of these names.
    pub fn place(&mut self, choice: u32, channel: &str, call: &str) -> usize {
        let lane = match self.lane(choice, channel, call) {
            Some(lane) => lane,
            None => {
                self.lanes.push(Known {
                    choice,
                    channel: channel.to_owned(),
                    call: call.to_owned(),
                    lane: Lane::of(channel == channel::TOOL_ARGUMENTS),
                });
                let lane = self.lanes.len() - 1;
                let name = (choice, channel.to_owned(), call.to_owned());
                self.names.insert(name, lane);
                lane
            }
        };
        self.places.push(Place::of(lane));
        self.places.len() - 1
    }

    pub fn lane(&self, choice: u32, channel: &str, call: &str) -> Option<usize> {
        let name = (choice, channel.to_owned(), call.to_owned());
        self.names.get(&name).copied()
    }

    /// The event that later text of a place is written with.
    pub fn carry(&mut self, index: usize, carrier: impl FnOnce() -> Carrier) {
        if let Some(place) = self.places.get_mut(index)
            && place.carrier.is_none()
        {
            place.carrier = Some(carrier());
            self.growing.push(index);
        }
    }

    pub fn has_tail(&self) -> bool {
        !self.tail.is_empty()
    }

    /// Puts an event at the end; gives its text.
    pub fn push(&mut self, entry: Entry) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let texts = entry.growths.iter().map(|it| (it.place, &it.text));
        let wholes = entry.wholes.iter().map(|it| (it.place, &it.span.text));
        for (index, text) in texts.chain(wholes) {
            let Some(place) = self.places.get_mut(index) else {
                continue;
            };
            place.queued += 1;
            let known = &mut self.lanes[place.lane];
            known.lane.take(index, text);
            pieces.push(Piece {
                choice: known.choice,
                channel: known.channel.clone(),
                call: known.call.clone(),
                text: text.clone(),
            });
        }
        if entry.wait == Wait::End && !self.strict {
            self.tail.push(entry);
        } else {
            self.entries.push_back(entry);
        }
        pieces
    }

    /// Text has come back.
    pub fn pass(&mut self, piece: &Piece) {
        let own = self.lane(piece.choice, &piece.channel, &piece.call);
        // What the stream does not have goes to the last text of its channel.
        let alike = || {
            let lanes = self.growing.iter().rev().map(|it| self.places[*it].lane);
            lanes.into_iter().find(|it| {
                let known = &self.lanes[*it];
                (known.choice, &known.channel) == (piece.choice, &piece.channel)
            })
        };
        let Some(known) = own.or_else(alike).and_then(|it| self.lanes.get_mut(it)) else {
            return;
        };
        for passed in known.lane.pass(&piece.text) {
            if let Some(place) = self.places.get_mut(passed.place) {
                place.out.push_str(&passed.text);
                place.changed |= passed.changed;
            }
        }
    }

    /// Text that came back for places that had ended, with its channel.
    pub fn stranded(&mut self) -> Vec<(String, String)> {
        let mut texts = Vec::<(String, String)>::new();
        for place in &mut self.places {
            if !place.closed || place.out.is_empty() {
                continue;
            }
            let channel = &self.lanes[place.lane].channel;
            let text = std::mem::take(&mut place.out);
            match texts.iter_mut().find(|it| it.0 == *channel) {
                Some((_, before)) => before.push_str(&text),
                None => texts.push((channel.clone(), text)),
            }
        }
        texts
    }

    /// The events of the end, while they wait.
    pub fn ends(&mut self) -> Vec<&mut Value> {
        let waiting = self.entries.iter_mut().chain(&mut self.tail);
        waiting.map(|it| &mut it.event).collect()
    }

    /// The events that may go out at the end of the text, up to the end itself.
    pub fn drain_text(&mut self) -> Vec<Value> {
        for index in 0..self.places.len() {
            // What has not come back will not.
            self.places[index].changed |= !self.is_settled(index);
        }
        let mut out = Vec::new();
        while let Some(entry) = self.next_text() {
            if entry.wait != Wait::Nothing {
                self.late(&mut out);
            }
            self.emit(entry, &mut out);
        }
        self.late(&mut out);
        out
    }

    fn next_text(&mut self) -> Option<Entry> {
        let is_text = self.entries.front()?.wait != Wait::End;
        is_text.then(|| self.entries.pop_front())?
    }

    /// The end itself.
    pub fn drain_end(&mut self) -> Vec<Value> {
        let mut out = Vec::new();
        let rest = self.entries.drain(..);
        for entry in rest.chain(self.tail.drain(..)).collect::<Vec<_>>() {
            self.emit(entry, &mut out);
            self.late(&mut out);
        }
        out
    }

    /// The events that may go out.
    pub fn drain(&mut self) -> Vec<Value> {
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            if !self.is_ready(entry, at) {
                if self.strict {
                    break;
                }
                at += 1;
                continue;
            }
            if entry.wait != Wait::Nothing {
                self.late(&mut out);
            }
            if let Some(entry) = self.entries.remove(at) {
                self.emit(entry, &mut out);
            }
        }
        self.late(&mut out);
        out
    }

    fn is_ready(&self, entry: &Entry, at: usize) -> bool {
        let settled = |places: &[usize]| places.iter().all(|it| self.is_settled(*it));
        entry.wholes.iter().all(|it| self.is_settled(it.place))
            && match &entry.wait {
                Wait::Nothing => true,
                Wait::After(places) => settled(places),
                Wait::Ends(places) => {
                    let mut following = self.entries.iter().skip(at + 1);
                    let begins = |it: &Entry| matches!(it.wait, Wait::Nothing | Wait::After(_));
                    following.any(begins) && settled(places)
                }
                Wait::End => false,
            }
    }

    fn is_settled(&self, index: usize) -> bool {
        let lane = self.places.get(index).map(|it| &self.lanes[it.lane].lane);
        lane.is_none_or(|it| it.is_settled(index))
    }

    fn emit(&mut self, mut entry: Entry, out: &mut Vec<Value>) {
        let mut says = !entry.idle;
        for growth in &entry.growths {
            let Some(place) = self.places.get_mut(growth.place) else {
                continue;
            };
            place.queued -= 1;
            place.open = true;
            let most = if place.queued > 0 {
                growth.text.len()
            } else {
                usize::MAX
            };
            let text = place.give(most);
            says |= !text.is_empty();
            for pointer in &growth.pointers {
                if let Some(string) = entry.event.pointer_mut(pointer) {
                    *string = text.as_str().into();
                }
                if text != growth.text {
                    forget_tokens(&mut entry.event, pointer);
                }
            }
        }
        let mut texts = Vec::new();
        for whole in &entry.wholes {
            if let Some(place) = self.places.get_mut(whole.place) {
                place.queued -= 1;
                place.give(usize::MAX);
            }
        }
        for whole in entry.wholes.iter().chain(&entry.copies) {
            let written = self.places.get(whole.place).map(|it| &it.written);
            if let Some(text) = written.filter(|it| **it != whole.span.text) {
                texts.push((&whole.span, plain(&whole.span, text.clone())));
            }
        }
        write(&mut entry.event, texts);
        for (place, pointer) in &entry.seals {
            if self.places.get(*place).is_some_and(|it| it.changed) {
                remove(&mut entry.event, pointer);
            }
        }
        if let Wait::Ends(places) = &entry.wait {
            for place in places {
                if let Some(place) = self.places.get_mut(*place) {
                    place.open = false;
                    place.closed = true;
                }
            }
        }
        let vouched = entry.vouches.and_then(|it| self.places.get(it));
        says &= vouched.is_none_or(|it| !it.changed);
        if says {
            out.push(entry.event);
        }
    }

    /// Text that came back after its events.
    fn late(&mut self, out: &mut Vec<Value>) {
        for at in 0..self.growing.len() {
            let index = self.growing[at];
            let place = &self.places[index];
            if place.out.is_empty() || place.queued > 0 {
                continue;
            }
            if place.closed {
                self.move_on(index);
                continue;
            }
            let place = &mut self.places[index];
            if !place.open {
                continue;
            }
            let Some(mut carrier) = place.carrier.clone() else {
                continue;
            };
            let text = place.give(usize::MAX);
            for pointer in &carrier.pointers {
                if let Some(string) = carrier.event.pointer_mut(pointer) {
                    *string = text.as_str().into();
                }
            }
            out.push(carrier.event);
        }
    }

    /// Text of a place that has ended goes to the next one of its lane.
    fn move_on(&mut self, index: usize) {
        let lane = self.places[index].lane;
        let next = (index + 1..self.places.len())
            .find(|it| self.places[*it].lane == lane && !self.places[*it].closed);
        if let Some(next) = next {
            let mut text = std::mem::take(&mut self.places[index].out);
            let place = &mut self.places[next];
            text.push_str(&place.out);
            place.out = text;
            place.changed = true;
        }
    }
}

/// Text as its place takes it. What would be no JSON is taken at its word.
fn plain(span: &Span, text: String) -> String {
    match span.form {
        Form::Leaf => of_inner_json(&text).unwrap_or(text),
        _ => text,
    }
}

//! Streams of sound, of what is heard, and of anything else: each event is whole, but for the text
//! of what is heard.

use serde_json::Value;

use super::entry::{Carrier, Entry, Growth, Wait, Whole};
use super::queue::Queue;
use super::{Events, Piece};
use crate::places;
use crate::rule::Node;
use crate::walk::{self, Context};

pub struct Wholes {
    node: &'static Node,
    role: &'static str,
    heard: Option<usize>,
    count: u64,
}

impl Wholes {
    pub fn of(operation: &str) -> Self {
        let (node, role) = places::event(operation);
        Self {
            node,
            role,
            heard: None,
            count: 0,
        }
    }
}

impl Events for Wholes {
    fn take(&mut self, event: &Value, queue: &mut Queue) -> Vec<Piece> {
        self.count += 1;
        let kind = event["type"].as_str().unwrap_or_default();
        let mut entry = Entry::of(event.clone());
        for span in walk::read(event, self.node, Context::of(self.role), false).spans {
            match (kind, span.pointer.as_str(), self.heard) {
                ("transcript.text.delta", "/delta", known) => {
                    let place = known.unwrap_or_else(|| queue.place(0, span.channel, ""));
                    self.heard = Some(place);
                    queue.carry(place, || Carrier {
                        event: event.clone(),
                        pointers: vec![span.pointer.clone()],
                    });
                    entry.idle = true;
                    entry.growths.push(Growth {
                        place,
                        pointers: vec![span.pointer],
                        text: span.text,
                    });
                }
                ("transcript.text.done", "/text", Some(place)) => {
                    entry.copies.push(Whole { place, span });
                }
                _ => {
                    let call = format!("#{}{}", self.count, span.pointer);
                    let place = queue.place(span.choice, span.channel, &call);
                    entry.wholes.push(Whole { place, span });
                }
            }
        }
        entry.idle &= entry.wholes.is_empty();
        let wait = if kind.ends_with(".done") {
            Wait::End
        } else {
            Wait::Nothing
        };
        queue.push(entry.waits(wait))
    }
}

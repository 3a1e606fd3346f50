//! Anthropic's events. Blocks come one after the other, and no event may stand in another's block.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::entry::{Carrier, Entry, Growth, Wait, Whole};
use super::queue::Queue;
use super::{Events, Piece};
use crate::places::messages::EVENT;
use crate::span::{Span, channel, role};
use crate::walk::{self, Context};

#[derive(Default)]
pub struct Blocks {
    /// The text of a block, by its index and the delta's member.
    places: HashMap<(u64, &'static str), usize>,
    /// The ids of calls, by block.
    calls: HashMap<u64, String>,
    count: u64,
    /// The index of the block after the last one.
    next: u64,
}

/// The members of a delta that grow, with its type and its channel.
const GROWING: [(&str, &str, &str); 3] = [
    ("text", "text_delta", channel::TEXT),
    ("thinking", "thinking_delta", channel::REASONING),
    ("partial_json", "input_json_delta", channel::TOOL_ARGUMENTS),
];

impl Blocks {
    /// The entry of an event: its text is whole, but for a growing member of its delta.
    fn entry(&mut self, event: Value, queue: &mut Queue) -> Entry {
        let reading = walk::read(&event, &EVENT, Context::of(role::ASSISTANT), false);
        let block = event["index"].as_u64().unwrap_or_default();
        let mut entry = Entry::of(event);
        for span in reading.spans {
            match self.growing(block, &span, queue) {
                Some(place) => {
                    let event = &entry.event;
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
                None => {
                    let id = self.calls.get(&block).filter(|_| is_call(&span));
                    let id = id.map(String::as_str).unwrap_or_default();
                    let call = format!("{id}#{}{}", self.count, span.pointer);
                    let place = queue.place(0, span.channel, &call);
                    entry.wholes.push(Whole { place, span });
                }
            }
        }
        entry.idle &= entry.wholes.is_empty();
        entry
    }

    fn growing(&mut self, block: u64, span: &Span, queue: &mut Queue) -> Option<usize> {
        let name = span.pointer.strip_prefix("/delta/")?;
        let (name, _, channel) = *GROWING.iter().find(|it| it.0 == name)?;
        let id = self.calls.get(&block).filter(|_| name == "partial_json");
        let id = id.map(String::as_str).unwrap_or_default();
        let place = self.places.entry((block, name));
        Some(*place.or_insert_with(|| queue.place(0, channel, id)))
    }

    /// A block that begins with text begins empty, and grows by it.
    fn start(&mut self, event: &Value, queue: &mut Queue) -> Vec<Piece> {
        let block = event["index"].as_u64().unwrap_or_default();
        self.next = self.next.max(block + 1);
        let begun = &event["content_block"];
        if let Some(id) = begun["id"].as_str() {
            self.calls.insert(block, id.to_owned());
        }
        let mut event = event.clone();
        let mut grown = None;
        for (name, kind, _) in GROWING {
            let place = format!("/content_block/{name}");
            let own = event["content_block"]["type"] == name;
            if let Some(Value::String(text)) = event.pointer_mut(&place)
                && own
                && !text.is_empty()
            {
                let text = std::mem::take(text);
                let delta = json!({"type": kind, name: text});
                grown =
                    Some(json!({"type": "content_block_delta", "index": block, "delta": delta}));
            }
        }
        let entry = self.entry(event, queue);
        let mut pieces = queue.push(entry);
        if let Some(delta) = grown {
            let entry = self.entry(delta, queue);
            pieces.extend(queue.push(entry));
        }
        pieces
    }

    fn of_block(&self, block: u64) -> Vec<usize> {
        let own = self.places.iter().filter(|((of, _), _)| *of == block);
        own.map(|(_, place)| *place).collect()
    }
}

impl Events for Blocks {
    fn take(&mut self, event: &Value, queue: &mut Queue) -> Vec<Piece> {
        self.count += 1;
        let block = event["index"].as_u64().unwrap_or_default();
        let wait = match event["type"].as_str().unwrap_or_default() {
            "content_block_start" => return self.start(event, queue),
            "content_block_stop" => Wait::Ends(self.of_block(block)),
            "message_delta" | "message_stop" => Wait::End,
            "content_block_delta" if event["delta"]["type"] == "signature_delta" => {
                let mut entry = self.entry(event.clone(), queue);
                let places = self.of_block(block);
                entry.vouches = places.first().copied();
                return queue.push(entry.waits(Wait::After(places)));
            }
            _ => Wait::Nothing,
        };
        let entry = self.entry(event.clone(), queue);
        queue.push(entry.waits(wait))
    }

    fn added(&mut self, texts: Vec<(String, String)>, _: Vec<&mut Value>) -> Vec<Value> {
        let mut out = Vec::new();
        for (channel, text) in texts {
            let own = GROWING.iter().find(|it| it.2 == channel);
            let Some((name, kind, _)) = own.filter(|it| it.2 != channel::TOOL_ARGUMENTS) else {
                continue;
            };
            let (index, block) = (self.next, json!({"type": name, *name: ""}));
            self.next += 1;
            let delta = json!({"type": kind, *name: text});
            out.extend([
                json!({"type": "content_block_start", "index": index, "content_block": block}),
                json!({"type": "content_block_delta", "index": index, "delta": delta}),
                json!({"type": "content_block_stop", "index": index}),
            ]);
        }
        out
    }
}

fn is_call(span: &Span) -> bool {
    span.channel == channel::TOOL_ARGUMENTS
}

//! Events of a response. What has grown is said again when its part ends, when its item ends and
//! when the response ends; all of these say what was written.

use std::collections::HashMap;

use serde_json::Value;

use super::added::added;
use super::entry::{Carrier, Entry, Growth, Wait, Whole};
use super::queue::Queue;
use super::{Events, Piece};
use crate::apply::remove;
use crate::places::responses::EVENT;
use crate::span::{Form, Span, channel, role};
use crate::walk::{self, Context};

/// Events that grow: their name without its ending, where the text stands in its item, its channel,
/// and the member that says it whole.
const GROWING: [(&str, &str, &str, &str); 12] = [
    (
        "response.output_text",
        "/content/{}/text",
        channel::TEXT,
        "text",
    ),
    (
        "response.refusal",
        "/content/{}/refusal",
        channel::TEXT,
        "refusal",
    ),
    (
        "response.reasoning_text",
        "/content/{}/text",
        channel::REASONING,
        "text",
    ),
    (
        "response.reasoning",
        "/content/{}/text",
        channel::REASONING,
        "text",
    ),
    (
        "response.reasoning_summary_text",
        "/summary/{}/text",
        channel::REASONING,
        "text",
    ),
    (
        "response.reasoning_summary",
        "/summary/{}/text",
        channel::REASONING,
        "text",
    ),
    (
        "response.output_audio_transcript",
        "/content/{}/transcript",
        channel::TRANSCRIPT,
        "transcript",
    ),
    (
        "response.function_call_arguments",
        "/arguments",
        channel::TOOL_ARGUMENTS,
        "arguments",
    ),
    (
        "response.mcp_call_arguments",
        "/arguments",
        channel::TOOL_ARGUMENTS,
        "arguments",
    ),
    (
        "response.custom_tool_call_input",
        "/input",
        channel::TEXT,
        "input",
    ),
    (
        "response.code_interpreter_call_code",
        "/code",
        channel::TEXT,
        "code",
    ),
    (
        "response.apply_patch_call_operation_diff",
        "/operation/diff",
        channel::TEXT,
        "diff",
    ),
];

#[derive(Default)]
pub struct Items {
    /// By the item's index and the pointer in it.
    places: HashMap<(u64, String), usize>,
    /// Those that grow.
    growing: HashMap<u64, Vec<usize>>,
    /// The ids of calls, by item.
    calls: HashMap<u64, String>,
    count: u64,
    /// The items' indexes by their ids.
    known: HashMap<String, u64>,
    /// The index of the item after the last one.
    after: u64,
    /// The number of the next event, if events have numbers.
    next: Option<u64>,
}

impl Items {
    /// Where a string of an event stands in the response.
    fn key(&self, event: &Value, span: &Span) -> Option<(u64, String)> {
        let index = |name: &str| event[name].as_u64();
        let kind = event["type"].as_str().unwrap_or_default();
        let pointer = span.pointer.as_str();
        if let Some(rest) = pointer.strip_prefix("/response/output/") {
            let (item, rest) = rest.split_once('/')?;
            return Some((item.parse().ok()?, format!("/{rest}")));
        }
        let item = self.index(event)?;
        if let Some(rest) = pointer.strip_prefix("/item/") {
            return Some((item, format!("/{rest}")));
        }
        let (list, part) = match index("summary_index") {
            Some(part) => ("summary", part),
            None => ("content", index("content_index").unwrap_or_default()),
        };
        if let Some(rest) = pointer.strip_prefix("/part/") {
            return Some((item, format!("/{list}/{part}/{rest}")));
        }
        if let Some(rest) = pointer.strip_prefix("/annotation/") {
            let at = index("annotation_index")?;
            return Some((item, format!("/content/{part}/annotations/{at}/{rest}")));
        }
        let (name, whole) = growth(kind)?;
        let place = GROWING.iter().find(|it| it.0 == name)?;
        let member = if whole { place.3 } else { "delta" };
        let own = pointer.strip_prefix('/') == Some(member);
        own.then(|| (item, place.1.replace("{}", &part.to_string())))
    }

    /// The index of the item that an event is of. Some servers leave it out.
    fn index(&self, event: &Value) -> Option<u64> {
        let said = event["output_index"].as_u64();
        said.or_else(|| self.known.get(event["item_id"].as_str()?).copied())
    }

    fn entry(&mut self, event: &Value, queue: &mut Queue) -> Entry {
        let kind = event["type"].as_str().unwrap_or_default();
        let context = Context::of(role::ASSISTANT);
        let mut event = event.clone();
        let spans = walk::read(&event, &EVENT, context, false).spans;
        if kind.ends_with(".added") && kind != "response.output_text.annotation.added" {
            // What begins is empty: it is said again where it ends.
            for span in spans.iter().rev() {
                if span.form == Form::Name {
                    remove(&mut event, &span.pointer);
                } else if let Some(text) = event.pointer_mut(&span.pointer) {
                    *text = "".into();
                }
            }
            return Entry::of(event);
        }
        let grows = growth(kind).filter(|(_, whole)| !whole);
        let mut entry = Entry::of(event);
        for span in spans {
            let key = self.key(&entry.event, &span);
            let known = key.as_ref().and_then(|it| self.places.get(it).copied());
            if grows.is_some() && span.pointer == "/delta" && key.is_some() {
                let place = known.unwrap_or_else(|| self.grow(grows, key, queue));
                let event = &entry.event;
                queue.carry(place, || carrier(event));
                entry.idle = true;
                entry.growths.push(Growth {
                    place,
                    pointers: vec![span.pointer],
                    text: span.text,
                });
                continue;
            }
            if let Some(place) = known {
                entry.copies.push(Whole { place, span });
                continue;
            }
            let id = key.as_ref().and_then(|it| self.calls.get(&it.0));
            let id = id.filter(|_| span.channel == channel::TOOL_ARGUMENTS);
            let id = id.map(String::as_str).unwrap_or_default();
            let call = format!("{id}#{}{}", self.count, span.pointer);
            let place = queue.place(0, span.channel, &call);
            if let Some(key) = key {
                self.places.insert(key, place);
            }
            entry.wholes.push(Whole { place, span });
        }
        entry.idle &= entry.wholes.is_empty();
        entry
    }

    fn grow(
        &mut self,
        grows: Option<(&str, bool)>,
        key: Option<(u64, String)>,
        queue: &mut Queue,
    ) -> usize {
        let known = grows.and_then(|(name, _)| GROWING.iter().find(|it| it.0 == name));
        let channel = known.map_or(channel::TEXT, |it| it.2);
        let (item, path) = key.unwrap_or_default();
        let is_part = path.starts_with("/content/") || path.starts_with("/summary/");
        let id = self.calls.get(&item).filter(|_| !is_part);
        let place = queue.place(0, channel, id.map(String::as_str).unwrap_or_default());
        self.growing.entry(item).or_default().push(place);
        self.places.insert((item, path), place);
        place
    }
}

impl Events for Items {
    fn take(&mut self, event: &Value, queue: &mut Queue) -> Vec<Piece> {
        self.count += 1;
        if event["type"] == "response.output_item.added"
            && let Some(id) = event["item"]["id"].as_str()
        {
            let index = event["output_index"].as_u64().unwrap_or(self.after);
            self.known.insert(id.to_owned(), index);
            self.after = self.after.max(index + 1);
        }
        let item = self.index(event);
        self.after = self.after.max(item.map_or(0, |it| it + 1));
        if let Some(item) = item
            && let Some(id) = [&event["item"]["call_id"], &event["item"]["id"]]
                .into_iter()
                .find_map(Value::as_str)
        {
            self.calls.entry(item).or_insert_with(|| id.to_owned());
        }
        if self.next.is_none() {
            self.next = event["sequence_number"].as_u64();
        }
        let entry = self.entry(event, queue);
        let wait = match event["type"].as_str().unwrap_or_default() {
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => Wait::End,
            kind if kind.ends_with(".done") => {
                let own = item.and_then(|it| self.growing.get(&it));
                Wait::Ends(own.cloned().unwrap_or_default())
            }
            _ => Wait::Nothing,
        };
        queue.push(entry.waits(wait))
    }

    fn added(&mut self, texts: Vec<(String, String)>, mut ends: Vec<&mut Value>) -> Vec<Value> {
        let mut out = Vec::new();
        for (channel, text) in texts {
            let Some((item, events)) = added(&channel, self.after, &text) else {
                continue;
            };
            self.after += 1;
            for end in &mut ends {
                if let Some(Value::Array(output)) = end.pointer_mut("/response/output") {
                    output.push(item.clone());
                }
            }
            out.extend(events);
        }
        if self.next.is_some() {
            for event in &mut out {
                event["sequence_number"] = 0.into();
            }
        }
        out
    }

    fn written(&mut self, mut event: Value) -> Value {
        if let (Some(number), Some(next)) = (event.get_mut("sequence_number"), &mut self.next) {
            *number = (*next).into();
            *next += 1;
        }
        event
    }
}

/// The name of a growing event without its ending, and whether it says the whole.
fn growth(kind: &str) -> Option<(&str, bool)> {
    let (name, whole) = match kind.strip_suffix(".delta") {
        Some(name) => (name, false),
        None => (kind.strip_suffix(".done")?, true),
    };
    GROWING
        .iter()
        .any(|it| it.0 == name)
        .then_some((name, whole))
}

/// The event with no text.
fn carrier(event: &Value) -> Carrier {
    let mut event = event.clone();
    if let Some(Value::Array(tokens)) = event.get_mut("logprobs") {
        tokens.clear();
    }
    if let Some(members) = event.as_object_mut() {
        members.shift_remove("obfuscation");
    }
    Carrier {
        event,
        pointers: vec!["/delta".to_owned()],
    }
}

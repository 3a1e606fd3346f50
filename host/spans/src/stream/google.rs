//! Chunks of `generateContent`: parts of text continue each other, all others are whole and keep
//! their place among them.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::entry::{Carrier, Entry, Growth, Wait, Whole};
use super::queue::Queue;
use super::{Events, Piece};
use crate::places::google::ANSWER;
use crate::span::{Form, Span, channel, role};
use crate::walk::{self, Context};

#[derive(Default)]
pub struct Parts {
    /// The texts of a candidate, and the last of each channel.
    texts: HashMap<u64, Vec<usize>>,
    last: HashMap<(u64, &'static str), usize>,
    count: u64,
}

impl Parts {
    /// The entries of a chunk with one candidate.
    fn candidate(&mut self, event: &Value, queue: &mut Queue) -> Vec<Piece> {
        let candidate = &event["candidates"][0];
        let index = candidate["index"].as_u64().unwrap_or_default();
        let parts = candidate["content"]["parts"].as_array();
        let parts = parts.map_or(&[][..], Vec::as_slice);
        let runs: Vec<&[Value]> = parts.chunk_by(|a, b| is_text(a) == is_text(b)).collect();
        let ends = candidate.get("finishReason").is_some_and(Value::is_string);
        let mut pieces = Vec::new();
        for (at, run) in runs.iter().enumerate() {
            let last = at + 1 == runs.len() && !ends;
            let textual = run.first().is_some_and(is_text);
            let chunk = with_parts(event, run, last);
            let mut entry = self.entry(index, chunk, queue);
            if textual {
                let rich = run.iter().any(has_more);
                let quiet = entry.wholes.is_empty() && !entry.growths.is_empty();
                entry.idle = quiet && !rich && !(last && says_more(event));
            } else {
                let before = self.texts.get(&index).cloned().unwrap_or_default();
                entry.wait = Wait::After(before);
                // Text that follows is another place.
                self.last.retain(|(of, _), _| *of != index);
            }
            pieces.extend(queue.push(entry));
        }
        if ends || runs.is_empty() {
            let mut chunk = event.clone();
            if !runs.is_empty()
                && let Some(content) = chunk.pointer_mut("/candidates/0/content/parts")
            {
                *content = serde_json::json!([{"text": ""}]);
            }
            let entry = self.entry(index, chunk, queue);
            let wait = if ends { Wait::End } else { Wait::Nothing };
            pieces.extend(queue.push(entry.waits(wait)));
        }
        pieces
    }

    fn entry(&mut self, index: u64, event: Value, queue: &mut Queue) -> Entry {
        let spans = walk::read(&event, &ANSWER, Context::of(role::ASSISTANT), false).spans;
        let mut entry = Entry::of(event);
        for span in spans {
            if !is_growing(&span) {
                let call = called(&entry.event, &span);
                let call = format!("{call}#{}{}", self.count, span.pointer);
                let place = queue.place(span.choice, span.channel, &call);
                entry.wholes.push(Whole { place, span });
                continue;
            }
            let key = (index, span.channel);
            let place = *self.last.entry(key).or_insert_with(|| {
                let place = queue.place(span.choice, span.channel, "");
                self.texts.entry(index).or_default().push(place);
                place
            });
            let event = &entry.event;
            queue.carry(place, || carrier(event, index, &span));
            entry.growths.push(Growth {
                place,
                pointers: vec![span.pointer],
                text: span.text,
            });
        }
        entry
    }
}

impl Events for Parts {
    fn take(&mut self, event: &Value, queue: &mut Queue) -> Vec<Piece> {
        self.count += 1;
        let candidates = event["candidates"].as_array();
        let candidates = candidates.map_or(&[][..], Vec::as_slice);
        if candidates.is_empty() {
            let entry = self.entry(0, event.clone(), queue);
            return queue.push(entry);
        }
        let mut pieces = Vec::new();
        for (at, candidate) in candidates.iter().enumerate() {
            let mut candidate = candidate.clone();
            if let Some(members) = candidate.as_object_mut()
                && at > 0
            {
                members.entry("index").or_insert_with(|| at.into());
            }
            let mut chunk = event.clone();
            chunk["candidates"] = vec![candidate].into();
            if at + 1 < candidates.len() {
                drop_counts(&mut chunk);
            }
            pieces.extend(self.candidate(&chunk, queue));
        }
        pieces
    }
}

fn is_text(part: &Value) -> bool {
    part["text"].is_string()
}

/// Whether a part says more than its text.
fn has_more(part: &Value) -> bool {
    let members = part.as_object().into_iter().flatten();
    members
        .into_iter()
        .any(|(name, _)| name != "text" && name != "thought")
}

/// Whether a chunk says more than its parts.
fn says_more(event: &Value) -> bool {
    let candidate = event["candidates"][0].as_object().into_iter().flatten();
    let mut own = candidate.into_iter().map(|it| it.0.as_str());
    let known = ["modelVersion", "responseId", "candidates", "createTime"];
    let mut members = event.as_object().into_iter().flatten();
    own.any(|it| it != "content" && it != "index")
        || members.any(|(name, _)| !known.contains(&name.as_str()))
}

fn is_growing(span: &Span) -> bool {
    let mut names = span.pointer.split('/').skip(1);
    let path = [names.next(), names.nth(1), names.next(), names.nth(1)];
    let text = [
        Some("candidates"),
        Some("content"),
        Some("parts"),
        Some("text"),
    ];
    path == text && names.next().is_none() && span.form == Form::Plain
}

/// The id or the name of the call that a span is in.
fn called(event: &Value, span: &Span) -> String {
    let mut names = span.pointer.match_indices('/').map(|it| it.0);
    let part = names.nth(5).and_then(|it| span.pointer.get(..it));
    let call = part.and_then(|it| event.pointer(it));
    let call = call.and_then(|it| it.get("functionCall").or_else(|| it.get("function_call")));
    let name = call.and_then(|it| it.get("id").or_else(|| it.get("name"))?.as_str());
    let own = name.filter(|_| span.channel == channel::TOOL_ARGUMENTS);
    own.unwrap_or_default().to_owned()
}

/// The chunk with some of its parts. `last`: with all that it says beside them.
fn with_parts(event: &Value, parts: &[Value], last: bool) -> Value {
    let mut chunk = event.clone();
    if !last {
        drop_counts(&mut chunk);
        if let Some(Value::Object(candidate)) = chunk.pointer_mut("/candidates/0") {
            candidate.retain(|name, _| name == "content" || name == "index");
        }
    }
    if let Some(place) = chunk.pointer_mut("/candidates/0/content/parts") {
        *place = parts.to_vec().into();
    }
    chunk
}

fn drop_counts(chunk: &mut Value) {
    if let Some(members) = chunk.as_object_mut() {
        members.retain(|name, _| {
            matches!(name.as_str(), "candidates" | "modelVersion" | "responseId")
        });
    }
}

/// A chunk with nothing but a text.
fn carrier(event: &Value, index: u64, span: &Span) -> Carrier {
    let mut part = Map::new();
    part.insert("text".to_owned(), "".into());
    if span.channel == channel::REASONING {
        part.insert("thought".to_owned(), true.into());
    }
    let mut chunk = with_parts(event, &[part.into()], false);
    if let Some(Value::Object(candidate)) = chunk.pointer_mut("/candidates/0") {
        candidate.insert("index".to_owned(), index.into());
    }
    Carrier {
        event: chunk,
        pointers: vec!["/candidates/0/content/parts/0/text".to_owned()],
    }
}

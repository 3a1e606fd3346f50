//! Chunks of chat and of text completions. Choices grow side by side, and the order of members in a
//! message means nothing: only the end of a choice has to wait.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::chunk::{
    Path, carrier, choices, end_alone, index_of, is_idle_chunk, is_silent, is_twin, without_end,
};
use super::entry::{Entry, Growth, Wait, Whole};
use super::queue::Queue;
use super::{Events, Piece};
use crate::apply::forget_tokens;
use crate::places;
use crate::rule::Node;
use crate::span::Span;
use crate::walk::{self, Context};

pub struct Chunks {
    node: &'static Node,
    role: &'static str,
    /// By choice and path.
    places: HashMap<(u32, String), usize>,
    /// The ids of calls, by choice and index.
    calls: HashMap<(u32, u64), String>,
    finished: HashSet<u32>,
    count: u64,
}

impl Chunks {
    pub fn of(operation: &str) -> Self {
        let (node, role) = places::answer(operation);
        Self {
            node,
            role,
            places: HashMap::new(),
            calls: HashMap::new(),
            finished: HashSet::new(),
            count: 0,
        }
    }

    fn entry(&mut self, event: &Value, queue: &mut Queue) -> Entry {
        let reading = walk::read(event, self.node, Context::of(self.role), false);
        let mut entry = Entry::of(event.clone());
        let mut fresh = false;
        let mut growing: Vec<(String, Span)> = Vec::new();
        let spans = reading.spans.into_iter();
        let mut spans: Vec<_> = spans.map(|it| (Path::of(event, &it), it)).collect();
        // What says all so far is known by what grows.
        spans.sort_by_key(|(path, _)| path.as_ref().is_some_and(|it| it.so_far));
        for (path, span) in spans {
            let known = path.as_ref().and_then(|it| {
                let key = (span.choice, it.name.clone());
                self.places.get(&key).copied()
            });
            match (path, known) {
                (Some(path), Some(place)) if path.so_far => {
                    entry.copies.push(Whole { place, span });
                }
                (Some(path), known) if !path.so_far => {
                    let twin = growing
                        .iter()
                        .position(|(name, it)| *name != path.name && is_twin(it, &span));
                    if let Some(twin) = twin.and_then(|it| entry.growths.get_mut(it)) {
                        let alias = self.places.entry((span.choice, path.name));
                        alias.or_insert(twin.place);
                        twin.pointers.push(span.pointer);
                        continue;
                    }
                    fresh |= known.is_none();
                    let place = known.unwrap_or_else(|| self.place(&path, &span, queue));
                    entry.growths.push(Growth {
                        place,
                        pointers: vec![span.pointer.clone()],
                        text: span.text.clone(),
                    });
                    growing.push((path.name, span));
                }
                _ => {
                    let call = format!("#{}{}", self.count, span.pointer);
                    let place = queue.place(span.choice, span.channel, &call);
                    entry.wholes.push(Whole { place, span });
                }
            }
        }
        for at in 0..choices(event).len() {
            let own = format!("/choices/{at}/");
            let mut pointers = entry.growths.iter().flat_map(|it| &it.pointers);
            if !pointers.any(|it| it.starts_with(&own)) {
                // Tokens of no text of this chunk.
                forget_tokens(&mut entry.event, &own);
            }
        }
        for growth in &entry.growths {
            queue.carry(growth.place, || carrier(event, &growth.pointers));
        }
        for pointer in entry.growths.iter().flat_map(|it| &it.pointers) {
            if let Some(Value::String(text)) = entry.event.pointer_mut(pointer) {
                text.clear();
            }
        }
        self.seal(event, &mut entry);
        let quiet = entry.wholes.is_empty() && entry.copies.is_empty() && entry.seals.is_empty();
        entry.idle = !fresh && quiet && !entry.growths.is_empty() && is_idle_chunk(&entry.event);
        entry
    }

    fn place(&mut self, path: &Path, span: &Span, queue: &mut Queue) -> usize {
        let id = path.call.and_then(|it| self.calls.get(&(span.choice, it)));
        let mut call = id.cloned().unwrap_or_default();
        if queue.lane(span.choice, span.channel, &call).is_some() {
            call = format!("{call}#{}", path.name);
        }
        let place = queue.place(span.choice, span.channel, &call);
        self.places.insert((span.choice, path.name.clone()), place);
        place
    }

    /// Signatures of thoughts wait for them.
    fn seal(&self, event: &Value, entry: &mut Entry) {
        for (at, choice) in choices(event).iter().enumerate() {
            for list in ["thinking_blocks", "reasoning_details"] {
                let blocks = choice["delta"][list].as_array();
                for (index, block) in blocks.into_iter().flatten().enumerate() {
                    let signed = block["signature"].as_str().is_some_and(|it| !it.is_empty());
                    let choice = index_of(choice, at);
                    let thoughts = self.places.iter().filter(|((of, path), _)| {
                        *of == choice && (path.contains("reasoning") || path.contains("thinking"))
                    });
                    let places: Vec<usize> = thoughts.map(|(_, place)| *place).collect();
                    if signed && !places.is_empty() {
                        let pointer = format!("/choices/{at}/delta/{list}/{index}/signature");
                        let seals = places.iter().map(|it| (*it, pointer.clone()));
                        entry.seals.extend(seals);
                        entry.wait = Wait::After(places);
                    }
                }
            }
        }
    }

    fn learn(&mut self, event: &Value) {
        for (at, choice) in choices(event).iter().enumerate() {
            let calls = choice["delta"]["tool_calls"].as_array();
            for (position, call) in calls.into_iter().flatten().enumerate() {
                let index = call["index"].as_u64().unwrap_or(position as u64);
                if let Some(id) = call["id"].as_str().filter(|it| !it.is_empty()) {
                    let key = (index_of(choice, at), index);
                    self.calls.entry(key).or_insert_with(|| id.to_owned());
                }
            }
        }
    }
}

impl Events for Chunks {
    fn take(&mut self, event: &Value, queue: &mut Queue) -> Vec<Piece> {
        self.count += 1;
        self.learn(event);
        let all = choices(event);
        let ends = |it: &&Value| it["finish_reason"].is_string();
        let ending = all.iter().filter(ends).count();
        if ending == 0 {
            let over = match all.is_empty() {
                true => queue.has_tail(),
                false => (0..all.len()).all(|it| self.finished.contains(&index_of(&all[it], it))),
            };
            let mut entry = self.entry(event, queue);
            // Some servers say more after an end.
            if over && entry.growths.is_empty() && is_silent(&entry.event) {
                entry.wait = Wait::End;
            }
            return queue.push(entry);
        }
        let mut pieces = Vec::new();
        let body = self.entry(&without_end(event), queue);
        if !body.growths.is_empty() || !body.wholes.is_empty() || !is_idle_chunk(&body.event) {
            pieces = queue.push(body);
        }
        let end = end_alone(event);
        let end = self.entry(&end, queue);
        pieces.extend(queue.push(end.waits(Wait::End)));
        for (at, choice) in all.iter().enumerate().filter(|(_, it)| ends(it)) {
            self.finished.insert(index_of(choice, at));
        }
        pieces
    }
}

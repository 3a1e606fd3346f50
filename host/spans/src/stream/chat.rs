//! Chunks of chat and of text completions. Choices grow side by side, and the order of members in a
//! message means nothing: only the end of a choice has to wait.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::queue::{Carrier, Entry, Growth, Queue, Wait, Whole};
use super::{Events, Piece};
use crate::places;
use crate::rule::Node;
use crate::span::{Form, Span, channel};
use crate::walk::{self, Context};

/// Members that a delta adds to.
const GROWING: [&str; 10] = [
    "content",
    "text",
    "refusal",
    "reasoning_content",
    "reasoning",
    "arguments",
    "thinking",
    "transcript",
    "summary",
    "input",
];

/// Members that say nothing alone.
const IDLE: [&str; 6] = ["role", "type", "format", "index", "id", "channel"];

/// Members of a chunk that say which answer it is of.
const SHELL: [&str; 7] = [
    "id",
    "object",
    "created",
    "model",
    "provider",
    "system_fingerprint",
    "service_tier",
];

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
        let mut growing: Vec<Span> = Vec::new();
        for span in reading.spans {
            let path = Path::of(event, &span);
            let known = path.as_ref().and_then(|it| {
                let key = (span.choice, it.name.clone());
                self.places.get(&key).copied()
            });
            match (path, known) {
                (Some(path), Some(place)) if path.so_far => {
                    entry.copies.push(Whole { place, span });
                }
                (Some(path), known) if !path.so_far => {
                    let twin = growing.iter().position(|it| is_twin(it, &span));
                    if let Some(twin) = twin {
                        entry.growths[twin].pointers.push(span.pointer);
                        continue;
                    }
                    fresh |= known.is_none();
                    let place = known.unwrap_or_else(|| self.place(&path, &span, queue));
                    entry.growths.push(Growth {
                        place,
                        pointers: vec![span.pointer.clone()],
                        text: span.text.clone(),
                    });
                    growing.push(span);
                }
                _ => {
                    let call = format!("#{}{}", self.count, span.pointer);
                    let place = queue.place(span.choice, span.channel, &call);
                    entry.wholes.push(Whole { place, span });
                }
            }
        }
        for growth in &entry.growths {
            queue.carry(growth.place, || carrier(event, &growth.pointers));
        }
        self.seal(event, &mut entry);
        let quiet = entry.wholes.is_empty() && entry.copies.is_empty() && entry.seals.is_empty();
        entry.idle = !fresh && quiet && !entry.growths.is_empty() && is_idle_chunk(&entry);
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
            if over && entry.growths.is_empty() {
                entry.wait = Wait::End;
            }
            return queue.push(entry);
        }
        let mut pieces = Vec::new();
        let body = self.entry(&without_end(event), queue);
        if !body.growths.is_empty() || !body.wholes.is_empty() || !is_idle_chunk(&body) {
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

/// A member that grows.
struct Path {
    name: String,
    /// The index of the tool's call.
    call: Option<u64>,
    /// It is in a message that says all so far, beside the delta.
    so_far: bool,
}

impl Path {
    fn of(event: &Value, span: &Span) -> Option<Self> {
        if matches!(span.form, Form::Name | Form::Leaf) {
            return None;
        }
        let mut names = span.pointer.split('/').skip(1);
        let ("choices", position) = (names.next()?, names.next()?) else {
            return None;
        };
        let choice = event.get("choices")?.get(position.parse::<usize>().ok()?)?;
        let first = names.next()?;
        let mut at = choice.get(first)?;
        let so_far = match first {
            "text" => {
                return Some(Self {
                    name: "text".to_owned(),
                    call: None,
                    so_far: false,
                });
            }
            "delta" => false,
            "message" if choice["delta"].is_object() => true,
            _ => return None,
        };
        let (mut name, mut call) = (String::new(), None);
        let mut last = first;
        for next in names {
            at = match at {
                Value::Array(list) => {
                    let position = next.parse::<usize>().ok()?;
                    let entry = list.get(position)?;
                    let index = entry["index"].as_u64().unwrap_or(position as u64);
                    if last == "tool_calls" {
                        call = Some(index);
                    }
                    if last != "content" && last != "thinking" {
                        name.push_str(&format!("/{index}"));
                    }
                    entry
                }
                other => {
                    name.push_str(&format!("/{next}"));
                    last = next;
                    other.get(next)?
                }
            };
        }
        GROWING
            .contains(&last)
            .then_some(Self { name, call, so_far })
    }
}

/// Providers say a thought under several names at once.
fn is_twin(one: &Span, other: &Span) -> bool {
    let same = (one.choice, one.channel, &one.text) == (other.choice, other.channel, &other.text);
    same && one.channel == channel::REASONING
}

fn choices(event: &Value) -> &[Value] {
    event["choices"].as_array().map_or(&[], Vec::as_slice)
}

fn index_of(choice: &Value, position: usize) -> u32 {
    let index = choice["index"].as_u64().unwrap_or(position as u64);
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The chunk as if no choice had ended.
fn without_end(event: &Value) -> Value {
    let mut event = event.clone();
    if let Some(members) = event.as_object_mut() {
        members.shift_remove("usage");
    }
    for choice in event["choices"].as_array_mut().into_iter().flatten() {
        let Some(members) = choice.as_object_mut() else {
            continue;
        };
        if members.get("finish_reason").is_some_and(Value::is_string) {
            members.insert("finish_reason".to_owned(), Value::Null);
            if members.contains_key("delta") {
                members.shift_remove("message");
            }
        }
    }
    event
}

/// The choices that have ended, with nothing that the others say.
fn end_alone(event: &Value) -> Value {
    let mut event = event.clone();
    let Some(choices) = event["choices"].as_array_mut() else {
        return event;
    };
    let own = choices.iter().enumerate();
    let positions: Vec<usize> = own.map(|(at, it)| index_of(it, at) as usize).collect();
    for (choice, index) in choices.iter_mut().zip(positions) {
        let Some(members) = choice.as_object_mut() else {
            continue;
        };
        members.entry("index").or_insert_with(|| index.into());
        if members.contains_key("delta") {
            members.insert("delta".to_owned(), Map::new().into());
        } else {
            members.shift_remove("message");
        }
        if members.contains_key("text") {
            members.insert("text".to_owned(), "".into());
        }
        if members.contains_key("logprobs") {
            members.insert("logprobs".to_owned(), Value::Null);
        }
    }
    choices.retain(|it| it["finish_reason"].is_string());
    event
}

/// Whether a chunk says nothing but its growing text.
fn is_idle_chunk(entry: &Entry) -> bool {
    let mut event = entry.event.clone();
    for pointer in entry.growths.iter().flat_map(|it| &it.pointers) {
        if let Some(text) = event.pointer_mut(pointer) {
            *text = Value::Null;
        }
    }
    let told = choices(&event).iter().all(|choice| {
        let own = choice.as_object().into_iter().flatten();
        own.into_iter().all(|(name, value)| {
            matches!(name.as_str(), "logprobs" | "content_filter_results") || is_idle(name, value)
        })
    });
    let members = event.as_object().into_iter().flatten();
    told && members.into_iter().all(|(name, value)| {
        name == "choices"
            || matches!(name.as_str(), "obfuscation" | "p" | "copilot_usage")
            || SHELL.contains(&name.as_str())
            || is_idle(name, value)
    })
}

fn is_idle(name: &str, value: &Value) -> bool {
    IDLE.contains(&name)
        || match value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.iter().all(|it| is_idle("", it)),
            Value::Object(members) => members.iter().all(|(name, value)| is_idle(name, value)),
            _ => false,
        }
}

/// A chunk with nothing but these places, which are in one choice.
fn carrier(event: &Value, pointers: &[String]) -> Carrier {
    let paths = pointers.iter().map(|it| it.split('/').skip(1).collect());
    let paths: Vec<Vec<&str>> = paths.collect();
    let position = paths
        .first()
        .and_then(|it| it.get(1)?.parse::<usize>().ok());
    let position = position.unwrap_or_default();
    let within: Vec<&[&str]> = paths.iter().filter_map(|it| it.get(2..)).collect();
    let mut choice = choices(event).get(position).cloned().unwrap_or_default();
    let index = index_of(&choice, position);
    prune(&mut choice, &within);
    if let Some(members) = choice.as_object_mut() {
        members.insert("index".to_owned(), index.into());
        members.insert("finish_reason".to_owned(), Value::Null);
    }
    let mut shell = event.as_object().cloned().unwrap_or_default();
    shell.retain(|name, _| SHELL.contains(&name.as_str()));
    shell.insert("choices".to_owned(), vec![choice].into());
    let moved = within
        .iter()
        .map(|it| format!("/choices/0/{}", it.join("/")));
    Carrier {
        event: shell.into(),
        pointers: moved.collect(),
    }
}

fn prune(value: &mut Value, paths: &[&[&str]]) {
    let below = |name: &str| -> Vec<&[&str]> {
        let on = paths.iter().filter(|it| it.first() == Some(&name));
        on.map(|it| &it[1..]).collect()
    };
    match value {
        Value::Object(members) => {
            members.retain(|name, _| {
                matches!(name.as_str(), "index" | "type" | "format" | "channel")
                    || !below(name).is_empty()
            });
            for (name, value) in members.iter_mut() {
                let below = below(name);
                if !below.is_empty() {
                    prune(value, &below);
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter_mut().enumerate() {
                prune(value, &below(&index.to_string()));
            }
        }
        Value::String(text) => text.clear(),
        _ => {}
    }
}

//! A chunk of chat, read and taken apart.

use serde_json::{Map, Value};

use super::entry::Carrier;
use crate::span::{Form, Span, channel};

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

/// Members of a message that grow, or hold what does.
const ROOTS: [&str; 9] = [
    "content",
    "refusal",
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "thinking_blocks",
    "tool_calls",
    "function_call",
    "audio",
];

/// Members that say nothing alone.
const IDLE: [&str; 5] = ["role", "type", "format", "index", "channel"];

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

/// A member that grows.
pub struct Path {
    pub name: String,
    /// The index of the tool's call.
    pub call: Option<u64>,
    /// It is in a message that says all so far, beside the delta.
    pub so_far: bool,
}

impl Path {
    pub fn of(event: &Value, span: &Span) -> Option<Self> {
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
        // Text that comes as a string goes on as a part, and the other way round.
        if name == "/content/text" {
            name.truncate("/content".len());
        }
        let ground = name.split('/').nth(1).unwrap_or_default();
        let grows = ROOTS.contains(&ground) && GROWING.contains(&last);
        grows.then_some(Self { name, call, so_far })
    }
}

/// Providers say the same under several names at once.
pub fn is_twin(one: &Span, other: &Span) -> bool {
    let same = (one.choice, one.channel, &one.text) == (other.choice, other.channel, &other.text);
    same && one.channel != channel::TOOL_ARGUMENTS
}

pub fn choices(event: &Value) -> &[Value] {
    event["choices"].as_array().map_or(&[], Vec::as_slice)
}

pub fn index_of(choice: &Value, position: usize) -> u32 {
    let index = choice["index"].as_u64().unwrap_or(position as u64);
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The chunk as if no choice had ended.
pub fn without_end(event: &Value) -> Value {
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
pub fn end_alone(event: &Value) -> Value {
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

/// Whether a chunk whose growing text was taken out says nothing.
pub fn is_idle_chunk(event: &Value) -> bool {
    let members = event.as_object().into_iter().flatten();
    is_silent(event)
        && members.into_iter().all(|(name, value)| {
            name == "choices"
                || matches!(name.as_str(), "obfuscation" | "p" | "copilot_usage")
                || SHELL.contains(&name.as_str())
                || is_idle(name, value)
        })
}

/// Whether its choices say nothing.
pub fn is_silent(event: &Value) -> bool {
    choices(event).iter().all(|choice| {
        let own = choice.as_object().into_iter().flatten();
        own.into_iter().all(|(name, value)| {
            matches!(name.as_str(), "logprobs" | "content_filter_results") || is_idle(name, value)
        })
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
pub fn carrier(event: &Value, pointers: &[String]) -> Carrier {
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

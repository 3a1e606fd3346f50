//! Guardrails to send streams through, and readers of what comes out.

use std::collections::BTreeMap;

use super::*;

/// What looks at pieces, in batches; with `last` it gives all that it holds.
pub trait Guard {
    fn feed(&mut self, pieces: Vec<Piece>, last: bool) -> Vec<Piece>;
}

pub type Key = (u32, String, String);

fn key(piece: &Piece) -> Key {
    (piece.choice, piece.channel.clone(), piece.call.clone())
}

fn piece((choice, channel, call): &Key, text: &str) -> Piece {
    Piece {
        choice: *choice,
        channel: channel.clone(),
        call: call.clone(),
        text: text.to_owned(),
    }
}

/// Lets all through.
pub struct Open;

impl Guard for Open {
    fn feed(&mut self, pieces: Vec<Piece>, _: bool) -> Vec<Piece> {
        pieces
    }
}

/// Holds back, of each text, as much as it likes, and replaces words.
pub struct Holding {
    /// How many letters are held, one after the other.
    pub held: Vec<usize>,
    pub words: Vec<(&'static str, &'static str)>,
    pub turn: usize,
    /// What came and was not let through.
    pub open: BTreeMap<Key, String>,
    /// All that came.
    pub came: BTreeMap<Key, String>,
    /// All that was let through, but for what is whole in its event.
    pub passed: BTreeMap<Key, String>,
}

impl Holding {
    pub fn of(held: Vec<usize>, words: Vec<(&'static str, &'static str)>) -> Self {
        Self {
            held,
            words,
            turn: 0,
            open: BTreeMap::new(),
            came: BTreeMap::new(),
            passed: BTreeMap::new(),
        }
    }

    fn replaced(&self, text: &str) -> String {
        let words = self.words.iter();
        words.fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

impl Guard for Holding {
    fn feed(&mut self, pieces: Vec<Piece>, last: bool) -> Vec<Piece> {
        for piece in pieces {
            self.came
                .entry(key(&piece))
                .or_default()
                .push_str(&piece.text);
            self.open
                .entry(key(&piece))
                .or_default()
                .push_str(&piece.text);
        }
        let mut out = Vec::new();
        let mut open = std::mem::take(&mut self.open);
        for (key, text) in &mut open {
            self.turn += 1;
            let whole = self.replaced(text);
            let mut held = match self.held.as_slice() {
                [] => 0,
                some => some[self.turn % some.len()],
            };
            if last {
                held = 0;
            }
            // What may be the beginning of a word stays.
            let begins = |end: &str| self.words.iter().any(|(it, _)| it.starts_with(end));
            if !last {
                let starts = whole.char_indices().map(|it| it.0);
                let start = starts.into_iter().find(|it| begins(&whole[*it..]));
                held = held.max(start.map_or(0, |it| whole[it..].chars().count()));
            }
            let letters: Vec<char> = whole.chars().collect();
            let cut = letters.len().saturating_sub(held);
            let passed: String = letters[..cut].iter().collect();
            *text = letters[cut..].iter().collect();
            if !passed.is_empty() {
                if !key.2.contains('#') {
                    let own = self.passed.entry(key.clone()).or_default();
                    own.push_str(&passed);
                }
                out.push(piece(key, &passed));
            }
        }
        self.open = open;
        out
    }
}

/// Sends events through a guardrail, in batches of these sizes.
pub fn through(
    operation: &str,
    events: &[Value],
    sizes: &[usize],
    guard: &mut dyn Guard,
) -> Vec<Value> {
    let mut stream = Stream::new(operation);
    let mut out = Vec::new();
    let (mut rest, mut turn) = (events, 0);
    while !rest.is_empty() {
        let size = sizes.get(turn % sizes.len().max(1)).copied().unwrap_or(1);
        let (batch, others) = rest.split_at(size.clamp(1, rest.len()));
        let pieces = batch.iter().flat_map(|it| stream.take(it)).collect();
        out.extend(stream.put(guard.feed(pieces, false)));
        (rest, turn) = (others, turn + 1);
    }
    out.extend(stream.put(guard.feed(Vec::new(), true)));
    out.extend(stream.finish());
    out
}

/// What a client has when the stream has ended: texts by their place, and what else counts.
pub fn gathered(operation: &str, events: &[Value]) -> BTreeMap<String, String> {
    let mut all = Gathered::default();
    for event in events {
        match operation {
            "chat" | "completions" => all.chunk(event),
            "messages" => all.block(event),
            "responses" => all.item(event),
            "generate-content" => all.parts(event),
            _ => all.heard(event),
        }
    }
    all.texts.retain(|_, text| !text.is_empty());
    all.texts
}

#[derive(Default)]
struct Gathered {
    texts: BTreeMap<String, String>,
}

impl Gathered {
    fn add(&mut self, name: String, text: &Value) {
        if let Some(text) = text.as_str() {
            self.texts.entry(name).or_default().push_str(text);
        }
    }

    fn set(&mut self, name: String, value: &Value) {
        if !value.is_null() {
            self.texts.insert(name, value.to_string());
        }
    }

    fn chunk(&mut self, event: &Value) {
        self.set("usage".into(), &event["usage"]);
        for (at, choice) in list(&event["choices"]).iter().enumerate() {
            let index = choice["index"].as_u64().unwrap_or(at as u64);
            let (delta, name) = (&choice["delta"], |it: &str| format!("{index} {it}"));
            self.add(name("text"), &choice["text"]);
            self.set(name("finish"), &choice["finish_reason"]);
            for member in ["content", "refusal", "reasoning", "reasoning_content"] {
                self.add(name(member), &delta[member]);
            }
            for part in list(&delta["content"]) {
                self.add(name("content"), &part["text"]);
                for part in list(&part["thinking"]) {
                    self.add(name("thinking"), &part["text"]);
                }
            }
            for (at, detail) in list(&delta["reasoning_details"]).iter().enumerate() {
                let index = detail["index"].as_u64().unwrap_or(at as u64);
                for member in ["text", "summary", "data", "signature"] {
                    self.add(name(&format!("detail {index} {member}")), &detail[member]);
                }
            }
            for (at, call) in list(&delta["tool_calls"]).iter().enumerate() {
                let index = call["index"].as_u64().unwrap_or(at as u64);
                let name = |it: &str| name(&format!("call {index} {it}"));
                self.add(name("id"), &call["id"]);
                self.add(name("name"), &call["function"]["name"]);
                self.add(name("arguments"), &call["function"]["arguments"]);
            }
            self.add(name("function"), &delta["function_call"]["arguments"]);
            self.add(name("transcript"), &delta["audio"]["transcript"]);
            self.set(name("annotations"), &delta["annotations"]);
        }
    }

    fn block(&mut self, event: &Value) {
        let index = &event["index"];
        match event["type"].as_str().unwrap_or_default() {
            "content_block_start" => {
                let mut block = event["content_block"].clone();
                for member in ["text", "thinking"] {
                    self.add(format!("{index} {member}"), &block[member]);
                    if block[member].is_string() {
                        block[member] = "".into();
                    }
                }
                self.set(format!("{index} block"), &block);
            }
            "content_block_delta" => {
                for member in ["text", "thinking", "partial_json", "signature"] {
                    self.add(format!("{index} {member}"), &event["delta"][member]);
                }
                let citation = &event["delta"]["citation"];
                if citation.is_object() {
                    self.add(format!("{index} citations"), &citation.to_string().into());
                }
            }
            "message_delta" => {
                self.set("usage".into(), &event["usage"]);
                self.set("stop".into(), &event["delta"]["stop_reason"]);
            }
            "message_stop" => self.set("end".into(), &true.into()),
            _ => {}
        }
    }

    fn item(&mut self, event: &Value) {
        let kind = event["type"].as_str().unwrap_or_default();
        if let Some(name) = kind.strip_suffix(".delta") {
            let place = [
                &event["output_index"],
                &event["content_index"],
                &event["summary_index"],
            ];
            self.add(format!("{name} {place:?}"), &event["delta"]);
        }
        for name in [
            "response.completed",
            "response.incomplete",
            "response.failed",
        ] {
            if kind == name {
                self.set("status".into(), &kind.into());
                for (at, item) in list(&event["response"]["output"]).iter().enumerate() {
                    self.set(format!("item {at}"), item);
                }
            }
        }
        if kind == "response.output_item.done" {
            self.set(format!("done {}", event["output_index"]), &event["item"]);
        }
    }

    fn parts(&mut self, event: &Value) {
        self.set("usage".into(), &event["usageMetadata"]);
        for (at, candidate) in list(&event["candidates"]).iter().enumerate() {
            let index = candidate["index"].as_u64().unwrap_or(at as u64);
            for part in list(&candidate["content"]["parts"]) {
                match part["thought"] == true {
                    true => self.add(format!("{index} thought"), &part["text"]),
                    false => self.add(format!("{index} text"), &part["text"]),
                }
                self.add(format!("{index} signatures"), &part["thoughtSignature"]);
                if part["text"].is_null() {
                    self.add(format!("{index} parts"), &part.to_string().into());
                    self.add(format!("{index} text"), &"|".into());
                }
            }
            self.set(format!("{index} finish"), &candidate["finishReason"]);
            self.set(format!("{index} grounds"), &candidate["groundingMetadata"]);
        }
    }

    fn heard(&mut self, event: &Value) {
        self.add("text".into(), &event["delta"]);
        self.set(event["type"].to_string(), &event["text"]);
    }
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

//! Masks: what stands in place of something, and how it is put back.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sluice_fold::Folded;
use sluice_sdk::{in_json, serde_json};

use crate::find::{Found, find};
use crate::kind::{Kind, Kinds};
use crate::settings::{Action, Settings};

/// What a call may keep to put back, in bytes; what is masked beyond it is not put back. The host
/// takes a state of 1 MiB, and hands it over with every piece of a stream.
const MOST_KEPT_BYTES: usize = 256 << 10;

/// No placeholder is longer.
const LONGEST_PLACEHOLDER: usize = 40;

/// Placeholders and what they stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Masks {
    values: BTreeMap<String, String>,
}

impl Masks {
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// What was found in the texts of a call, and the masks that were made.
pub struct Masker<'s> {
    settings: &'s Settings,
    pub masks: Masks,
    known: HashMap<(Kind, String), String>,
    /// Placeholders that the texts had before: none is made a second time.
    taken: HashSet<String>,
    next: HashMap<Kind, u32>,
    kept_bytes: usize,
    /// How often each kind was found, by name.
    pub counts: BTreeMap<&'static str, u32>,
    /// Kinds that may not pass.
    pub blocked: Vec<Kind>,
    reversible: bool,
}

impl<'s> Masker<'s> {
    /// `reversible`: what is masked will be put back.
    pub fn new(settings: &'s Settings, reversible: bool) -> Self {
        Self {
            settings,
            masks: Masks::default(),
            known: HashMap::new(),
            taken: HashSet::new(),
            next: HashMap::new(),
            kept_bytes: 0,
            counts: BTreeMap::new(),
            blocked: Vec::new(),
            reversible,
        }
    }

    /// What is looked for.
    pub fn kinds(&self) -> Kinds {
        self.settings.kinds
    }

    /// Says which placeholders a text has already, before any is masked.
    pub fn note(&mut self, text: &str) {
        for (at, _) in text.match_indices('<') {
            if let Mark::Whole { name, .. } = mark(text, at, false) {
                self.taken.insert(name);
            }
        }
    }

    /// The text with everything masked that the settings say.
    pub fn mask(&mut self, text: &str, is_json: bool) -> String {
        let folded = Folded::of(text, is_json);
        let found = find(&folded, self.settings.kinds, 0);
        let place = match is_json {
            false => Place::Text,
            true if !found.is_empty() && is_document(text) => Place::Value,
            true => Place::Inside,
        };
        self.masked(text, place, found)
    }

    /// The text with these masked. `place`: where it begins.
    pub fn masked(&mut self, text: &str, mut place: Place, found: Vec<Found>) -> String {
        if found.is_empty() {
            return text.to_owned();
        }
        let is_json = place != Place::Text;
        let mut read = 0;
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for it in found {
            let raw = text.get(it.range.clone()).unwrap_or_default();
            let value = if is_json {
                unquoted(raw)
            } else {
                raw.to_owned()
            };
            if raw.is_empty() || self.settings.allows(&value) {
                continue;
            }
            *self.counts.entry(it.kind.name()).or_default() += 1;
            match self.settings.action(it.kind) {
                Action::Tag => continue,
                Action::Block => self.blocked.push(it.kind),
                Action::Mask => {}
            }
            out.push_str(text.get(done..it.range.start).unwrap_or_default());
            let mask = self.mask_of(it.kind, value);
            let mask = if is_json { in_json(&mask) } else { mask };
            place = place.after(text.get(read..it.range.start).unwrap_or_default());
            read = it.range.start;
            // A number of JSON that is no string becomes one.
            match place == Place::Value && is_number(text, &it.range) {
                true => out.extend(["\"", &mask, "\""]),
                false => out.push_str(&mask),
            }
            done = it.range.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    fn mask_of(&mut self, kind: Kind, value: String) -> String {
        if !self.reversible {
            return self.settings.replacement(kind);
        }
        if let Some(mask) = self.known.get(&(kind, value.clone())) {
            return mask.clone();
        }
        let bytes = value.len() + LONGEST_PLACEHOLDER;
        if self.kept_bytes + bytes > MOST_KEPT_BYTES {
            return self.settings.replacement(kind);
        }
        self.kept_bytes += bytes;
        let next = self.next.entry(kind).or_default();
        let mask = loop {
            *next += 1;
            let mask = format!("<{}_{next}>", kind.label());
            if !self.taken.contains(&mask) {
                break mask;
            }
        };
        self.masks.values.insert(mask.clone(), value.clone());
        self.known.insert((kind, value), mask.clone());
        mask
    }
}

/// Whether a text of JSON is a document, and not the inside of one of its strings.
fn is_document(text: &str) -> bool {
    let begins = text.trim_start().starts_with(['{', '[']);
    begins && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether a number stands there, with nothing else in its value. Of a text that streams, what is
/// before or behind it may be elsewhere.
fn is_number(text: &str, range: &std::ops::Range<usize>) -> bool {
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default().trim_start();
    let value = text.get(range.clone()).unwrap_or_default();
    !before.ends_with(['-', '.'])
        && (after.is_empty() || after.starts_with([',', '}', ']']))
        && serde_json::from_str::<serde_json::Number>(value).is_ok()
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In no JSON.
    Text,
    /// In a string of JSON whose quotes are elsewhere.
    Inside,
    /// In a document of JSON, outside of its strings.
    Value,
    /// In a string of a document of JSON.
    String,
}

impl Place {
    /// Where the text stands that follows this one.
    pub fn after(self, text: &str) -> Self {
        if matches!(self, Self::Text | Self::Inside) {
            return self;
        }
        let mut place = self;
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match (byte, place) {
                (b'\\', _) => drop(bytes.next()),
                (b'"', Self::String) => place = Self::Value,
                (b'"', _) => place = Self::String,
                _ => {}
            }
        }
        place
    }
}

fn unquoted(raw: &str) -> String {
    serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.to_owned())
}

/// What stands at a place that may be a placeholder.
enum Mark {
    /// One, and how many bytes it has.
    Whole {
        name: String,
        length: usize,
    },
    /// The text ends before it is clear; the beginning as a placeholder would have it.
    Cut(String),
    None,
}

const OPEN: &str = "\\u003c";
const CLOSE: &str = "\\u003e";

/// Reads a placeholder. In JSON its brackets may be escapes.
fn mark(text: &str, at: usize, is_json: bool) -> Mark {
    let rest = text.get(at..).unwrap_or_default();
    let open = match escape(rest, OPEN) {
        _ if rest.starts_with('<') => 1,
        Escape::Whole if is_json => OPEN.len(),
        Escape::Cut if is_json => return Mark::Cut(String::new()),
        _ => return Mark::None,
    };
    let inside = rest.get(open..).unwrap_or_default();
    let of = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_';
    let length = inside
        .bytes()
        .take(LONGEST_PLACEHOLDER)
        .take_while(|it| of(*it))
        .count();
    let name = format!("<{}", inside.get(..length).unwrap_or_default());
    let end = inside.get(length..).unwrap_or_default();
    let whole = |close: usize| Mark::Whole {
        name: format!("{name}>"),
        length: open + length + close,
    };
    match escape(end, CLOSE) {
        _ if end.starts_with('>') => whole(1),
        Escape::Whole if is_json => whole(CLOSE.len()),
        Escape::Cut if is_json => Mark::Cut(name),
        _ if end.is_empty() => Mark::Cut(name),
        _ => Mark::None,
    }
}

enum Escape {
    Whole,
    /// The text ends inside of it.
    Cut,
    None,
}

fn escape(rest: &str, escape: &str) -> Escape {
    let length = rest.len().min(escape.len());
    let (head, wanted) = (rest.get(..length), escape.get(..length));
    let same = head
        .zip(wanted)
        .is_some_and(|(head, wanted)| head.eq_ignore_ascii_case(wanted));
    match same {
        true if length == escape.len() => Escape::Whole,
        true if length > 0 => Escape::Cut,
        _ => Escape::None,
    }
}

impl Masks {
    /// The text with what was masked put back, and its end that may be the beginning of a
    /// placeholder. `ends`: nothing follows.
    pub fn put_back(&self, text: &str, is_json: bool, ends: bool) -> (String, String) {
        if self.is_empty() {
            return (text.to_owned(), String::new());
        }
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        let mut at = 0;
        let interesting = |it: char| it == '<' || (is_json && it == '\\');
        while let Some(next) = text.get(at..).and_then(|it| it.find(interesting)) {
            at += next;
            match mark(text, at, is_json) {
                Mark::Whole { name, length } => {
                    if let Some(value) = self.values.get(&name) {
                        out.push_str(text.get(done..at).unwrap_or_default());
                        match is_json {
                            true => out.push_str(&in_json(value)),
                            false => out.push_str(value),
                        }
                        done = at + length;
                    }
                    at += length;
                }
                Mark::Cut(name) if !ends && self.begins(&name) => {
                    out.push_str(text.get(done..at).unwrap_or_default());
                    let rest = text.get(at..).unwrap_or_default();
                    return (out, rest.to_owned());
                }
                // Of an escape its second letter is no beginning.
                _ => at += step(text, at),
            }
        }
        out.push_str(text.get(done..).unwrap_or_default());
        (out, String::new())
    }

    fn begins(&self, name: &str) -> bool {
        let mut from = self.values.range(name.to_owned()..);
        from.next().is_some_and(|(mask, _)| mask.starts_with(name))
    }
}

/// Over a letter, or over an escape of JSON.
fn step(text: &str, at: usize) -> usize {
    let mut letters = text.get(at..).unwrap_or_default().chars();
    let first = letters.next();
    let first_length = first.map_or(1, char::len_utf8);
    match first {
        Some('\\') => first_length + letters.next().map_or(0, char::len_utf8),
        _ => first_length,
    }
}

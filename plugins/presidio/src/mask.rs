//! Masks, and what stands behind them.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sluice_sdk::in_json;

use crate::found::Found;

/// What each mask of a call stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Table(BTreeMap<String, String>);

/// `<PERSON>`: a mask that is not undone.
pub fn plain(entity: &str) -> String {
    format!("<{}>", word(entity))
}

/// An entity's name as it stands in a mask.
fn word(entity: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
    let letters = entity.chars();
    letters.map(|it| if plain(it) { it } else { '_' }).collect()
}

/// A text with masks in the place of what was found, which is in order.
pub fn masked(text: &str, found: &[Found], mut mask: impl FnMut(&Found, &str) -> String) -> String {
    // How far it was counted, in characters and in bytes.
    let mut counted = (0, 0);
    let mut byte = |at: usize| {
        let rest = text.get(counted.1..).unwrap_or_default();
        let step = rest.char_indices().nth(at.saturating_sub(counted.0));
        let step = step.map_or(rest.len(), |(step, _)| step);
        counted = (at, counted.1 + step);
        counted.1
    };
    let (mut new, mut written) = (String::new(), 0);
    for one in found {
        let (start, end) = (byte(one.start), byte(one.end));
        new.push_str(text.get(written..start).unwrap_or_default());
        new.push_str(&mask(one, text.get(start..end).unwrap_or_default()));
        written = end;
    }
    new.push_str(text.get(written..).unwrap_or_default());
    new
}

/// What could be a mask in a text, with where it begins, in bytes: everything from a `<` to the next
/// `>`.
fn bracketed(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let opened = text.match_indices('<');
    opened.filter_map(move |(at, _)| {
        let from = text.get(at..)?;
        Some((at, from.get(..=from.find('>')?)?))
    })
}

/// Makes numbered masks: the same value has the same one, and none is what somebody has written.
pub struct Numbering<'t> {
    written: HashSet<&'t str>,
    known: HashMap<(String, String), String>,
    next: HashMap<String, u32>,
    pub table: Table,
}

impl<'t> Numbering<'t> {
    pub fn of(texts: &[&'t str]) -> Self {
        let written = texts.iter().flat_map(|it| bracketed(it));
        Self {
            written: written.map(|(_, it)| it).collect(),
            known: HashMap::new(),
            next: HashMap::new(),
            table: Table::default(),
        }
    }

    pub fn mask(&mut self, entity: &str, value: &str) -> String {
        let key = (entity.to_owned(), value.to_owned());
        if let Some(mask) = self.known.get(&key) {
            return mask.clone();
        }
        let name = word(entity);
        let next = self.next.entry(name.clone()).or_insert(0);
        let mask = loop {
            *next += 1;
            let mask = format!("<{name}_{next}>");
            if !self.written.contains(mask.as_str()) {
                break mask;
            }
        };
        self.known.insert(key, mask.clone());
        self.table.0.insert(mask.clone(), value.to_owned());
        mask
    }
}

impl Table {
    /// A text with the values in the place of their masks. `is_json`: as JSON writes them.
    pub fn undone(&self, text: &str, is_json: bool) -> String {
        let mut new = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, from)) = rest.find('<').map(|at| rest.split_at(at)) {
            new.push_str(before);
            let mask = from.find('>').and_then(|end| from.get(..=end));
            let value = mask.and_then(|it| Some((it, self.0.get(it)?)));
            match value {
                Some((mask, value)) if is_json => {
                    new.push_str(&in_json(value));
                    rest = from.get(mask.len()..).unwrap_or_default();
                }
                Some((mask, value)) => {
                    new.push_str(value);
                    rest = from.get(mask.len()..).unwrap_or_default();
                }
                None => {
                    new.push('<');
                    rest = from.get(1..).unwrap_or_default();
                }
            }
        }
        new.push_str(rest);
        new
    }

    /// Where a mask may have begun that has not ended yet, in bytes.
    pub fn begun(&self, text: &str) -> Option<usize> {
        let at = text.rfind('<')?;
        let tail = text.get(at..)?;
        let mut masks = self.0.keys();
        masks
            .any(|it| it.len() > tail.len() && it.starts_with(tail))
            .then_some(at)
    }

    /// Where masks stand in a text, in characters.
    pub fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let (mut places, mut characters, mut counted) = (Vec::new(), 0, 0);
        for (at, mask) in bracketed(text).filter(|(_, it)| self.0.contains_key(*it)) {
            characters += text.get(counted..at).unwrap_or_default().chars().count();
            counted = at;
            places.push((characters, characters + mask.chars().count()));
        }
        places
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(entity: &str, start: usize, end: usize) -> Found {
        Found {
            entity: entity.to_owned(),
            score: 1.0,
            start,
            end,
        }
    }

    #[test]
    fn places_are_in_characters() {
        let text = "𝔘é: Zoë, Zoë!";
        let all = [found("PERSON", 4, 7), found("PERSON", 9, 12)];
        let mut numbers = Numbering::of(&[]);
        let new = masked(text, &all, |it, value| numbers.mask(&it.entity, value));
        assert_eq!(new, "𝔘é: <PERSON_1>, <PERSON_1>!");
        assert_eq!(numbers.table.undone(&new, false), text);
    }

    #[test]
    fn a_mask_is_none_that_somebody_has_written() {
        let texts = ["I am Ada, not <PERSON_1>"];
        let mut numbers = Numbering::of(&texts);
        assert_eq!(numbers.mask("PERSON", "Ada"), "<PERSON_2>");
        assert_eq!(numbers.mask("PERSON", "Bob"), "<PERSON_3>");
        assert_eq!(numbers.mask("A B>", "x"), "<A_B__1>");
    }

    #[test]
    fn only_masks_are_undone_and_in_json_as_json_writes() {
        let mut numbers = Numbering::of(&[]);
        numbers.mask("PERSON", "Ada \"C\" L");
        let table = numbers.table;
        assert_eq!(
            table.undone("<<PERSON_1>, <b> < <PERSON_2>", false),
            "<Ada \"C\" L, <b> < <PERSON_2>"
        );
        assert_eq!(table.undone("<PERSON_1>", true), "Ada \\\"C\\\" L");
        assert_eq!(table.begun("a < b <PERS"), Some(6));
        assert_eq!(table.begun("a <PERSON_1>"), None);
        assert_eq!(table.begun("a < b"), None);
        assert_eq!(
            table.places("é <PERSON_1><x>é<PERSON_1>"),
            [(2, 12), (16, 26)]
        );
    }
}

//! What attacks are made of, in several languages: the lists `phrases.tsv` and `similar.txt`.

use sluice_fold::{Words, is_whole};

use crate::normal::normal;

/// What a phrase is in an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// To leave something aside, and where it stands behind its object.
    Verb,
    VerbAfter,
    /// All, earlier, your.
    Which,
    /// Instructions, rules.
    What,
    /// To say something, and where it stands behind its object.
    Tell,
    TellAfter,
    /// What is the operator's own.
    Own,
    /// Another role, without limits.
    Role,
    /// The user is not to know.
    Hide,
    /// Words to a machine, where a machine's data should be.
    Call,
    /// To send data elsewhere.
    Send,
    /// A verb that is denied: `do not forget`.
    Not,
}

impl Class {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "verb" => Self::Verb,
            "verb-after" => Self::VerbAfter,
            "which" => Self::Which,
            "what" => Self::What,
            "tell" => Self::Tell,
            "tell-after" => Self::TellAfter,
            "own" => Self::Own,
            "role" => Self::Role,
            "hide" => Self::Hide,
            "call" => Self::Call,
            "send" => Self::Send,
            "not" => Self::Not,
            _ => return None,
        })
    }
}

/// A phrase that was found in a normal text.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub class: Class,
    pub start: usize,
    pub end: usize,
}

/// All phrases, made ready.
pub struct Phrases {
    words: Words,
    classes: Vec<Class>,
}

/// Lines that are no remark.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|it| !it.starts_with('#') && !it.is_empty())
}

/// Class and words of each line; none: the line is none.
fn rows() -> impl Iterator<Item = Option<(Class, String)>> {
    lines(include_str!("../phrases.tsv")).map(|line| {
        let mut parts = line.split('\t');
        let (class, _language, words) = (parts.next()?, parts.next()?, parts.next()?);
        Some((Class::of(class)?, normal(words)))
    })
}

impl Phrases {
    pub fn new() -> Self {
        let rows: Vec<(Class, String)> = rows().flatten().collect();
        Self {
            words: Words::new((0..).zip(rows.iter().map(|it| it.1.as_str()))),
            classes: rows.iter().map(|it| it.0).collect(),
        }
    }

    /// Those in a normal text, by their ends, the longer before the shorter. `joined`: words may stand
    /// together without blanks.
    pub fn find(&self, text: &str, joined: bool) -> Vec<Found> {
        let mut found = Vec::new();
        self.words.find(text, |hit| {
            let range = hit.end - hit.length..hit.end;
            let class = self.classes.get(hit.word as usize);
            let whole = joined || is_whole(text, &range);
            found.extend(class.filter(|_| whole).map(|class| Found {
                class: *class,
                start: range.start,
                end: range.end,
            }));
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_one_and_none_is_empty() {
        for (row, line) in rows().zip(lines(include_str!("../phrases.tsv"))) {
            let row = row.unwrap_or_else(|| panic!("{line:?} is no row"));
            assert!(!row.1.is_empty(), "{line}");
        }
    }
}

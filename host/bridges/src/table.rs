//! What becomes of each feature of each dialect, as data: the documentation is written of it
//! ([`markdown`]), and a test sends every row through the bridge.

use crate::Dialect;

/// What becomes of a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Chat has the same.
    Carried,
    /// Chat has something else that comes to the same.
    Emulated,
    /// Refused by name; with `drop_params`, left out with a note where it is a parameter or a tool.
    Refused,
    /// Left out with a note: the answer does not depend on it.
    Dropped,
}

impl Fate {
    const fn word(self) -> &'static str {
        match self {
            Self::Carried => "carried",
            Self::Emulated => "emulated",
            Self::Refused => "refused",
            Self::Dropped => "dropped",
        }
    }
}

/// A feature as one dialect writes it.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    pub dialect: Dialect,
    pub fate: Fate,
    /// What has the feature: members of the client's request, or the whole answer of a chat.
    pub of: &'static str,
    /// Carried or emulated: what becomes of it in the chat request, or in the client's answer: an object
    /// of values by their pointers. Refused or dropped in a request: the member that is named; in an
    /// answer: a text that it has not.
    pub shows: &'static str,
}

/// A feature of some dialects.
#[derive(Debug, Clone, Copy)]
pub struct Feature {
    pub name: &'static str,
    pub cells: &'static [Cell],
    /// How, where a word does not say it.
    pub how: &'static str,
}

use Dialect::{Completions as Text, GenerateContent as Gemini, Messages, Responses};
use Fate::{Carried, Dropped, Emulated, Refused};

const fn cell(dialect: Dialect, fate: Fate, of: &'static str, shows: &'static str) -> Cell {
    Cell {
        dialect,
        fate,
        of,
        shows,
    }
}

const fn feature(name: &'static str, cells: &'static [Cell], how: &'static str) -> Feature {
    Feature { name, cells, how }
}

mod answered;
mod asked;

pub use answered::ANSWERS;
pub use asked::FEATURES;

/// The table of requests, as the documentation has it.
pub fn markdown() -> String {
    rows(FEATURES.into_iter().flatten())
}

/// The same of answers.
pub fn markdown_of_answers() -> String {
    rows(ANSWERS.into_iter().flatten())
}

fn rows<'f>(features: impl IntoIterator<Item = &'f Feature>) -> String {
    let mut out = String::from(
        "| feature | Messages | Responses | generateContent | completions | how |\n|---|---|---|---|---|---|\n",
    );
    for feature in features {
        out.push_str(&format!("| {} |", feature.name));
        for dialect in Dialect::ALL {
            let cell = feature.cells.iter().find(|it| it.dialect == dialect);
            let word = cell.map_or("", |it| it.fate.word());
            out.push_str(&format!(" {word} |"));
        }
        out.push_str(&format!(" {} |\n", feature.how));
    }
    out
}

#[cfg(test)]
mod tests;

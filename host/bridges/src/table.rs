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
    /// Members of a request that has the feature.
    pub request: &'static str,
    /// Carried or emulated: a pointer to what the chat request has of it. Refused or dropped: the
    /// member that is named.
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

const fn cell(dialect: Dialect, fate: Fate, request: &'static str, shows: &'static str) -> Cell {
    Cell {
        dialect,
        fate,
        request,
        shows,
    }
}

const fn feature(name: &'static str, cells: &'static [Cell], how: &'static str) -> Feature {
    Feature { name, cells, how }
}

mod rows;

pub use rows::FEATURES;

/// The table, as the documentation has it.
pub fn markdown() -> String {
    let mut out = String::from(
        "| feature | Messages | Responses | generateContent | completions | how |\n|---|---|---|---|---|---|\n",
    );
    for feature in FEATURES {
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
mod tests {
    use super::*;
    use crate::{Options, RefusalKind, Target, request};
    use serde_json::{Map, Value, json};

    fn body(cell: &Cell) -> Map<String, Value> {
        let mut body = match cell.dialect {
            Messages => {
                json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]})
            }
            Responses => json!({"model": "m", "input": "x"}),
            Gemini => json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}]}),
            Text => json!({"model": "m", "prompt": "x"}),
        };
        let more: Value = serde_json::from_str(cell.request).unwrap();
        let members = body.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        members.clone()
    }

    #[test]
    fn every_row_is_as_the_table_says() {
        for feature in FEATURES {
            for cell in feature.cells {
                let place = format!("{} in {:?}", feature.name, cell.dialect);
                let options = Options::default();
                let got = request(cell.dialect, &body(cell), &options);
                match cell.fate {
                    Carried | Emulated => {
                        let got = got.unwrap_or_else(|why| panic!("{place}: {why}"));
                        let chat = Value::from(got.chat);
                        assert!(chat.pointer(cell.shows).is_some(), "{place}: {chat}");
                    }
                    Dropped => {
                        let got = got.unwrap_or_else(|why| panic!("{place}: {why}"));
                        let named = got.notes.iter().any(|it| it.param == cell.shows);
                        assert!(named, "{place}: {:?}", got.notes);
                    }
                    Refused => {
                        let why = got.expect_err(&place);
                        assert_eq!(why.param.as_deref(), Some(cell.shows), "{place}");
                        assert_ne!(why.kind, RefusalKind::Invalid, "{place}");
                        assert!(
                            why.message.contains(cell.shows) || why.kind == RefusalKind::NotFound,
                            "{place}: {why}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_of_a_strict_target_is_left_that_openai_does_not_know() {
        for feature in FEATURES {
            for cell in feature.cells {
                let options = Options {
                    target: Target::STRICT,
                    drop_params: true,
                    ..Options::default()
                };
                let Ok(got) = request(cell.dialect, &body(cell), &options) else {
                    continue;
                };
                let text = Value::from(got.chat).to_string();
                for word in [
                    "cache_control",
                    "thinking_blocks",
                    "provider_specific_fields",
                    "is_error",
                    "top_k",
                ] {
                    assert!(
                        !text.contains(word),
                        "{} in {:?}: {text}",
                        feature.name,
                        cell.dialect
                    );
                }
            }
        }
    }

    #[test]
    fn the_documentation_has_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dialects.md");
        let docs = std::fs::read_to_string(path).unwrap();
        assert!(
            docs.contains(&markdown()),
            "docs/dialects.md should hold:\n{}",
            markdown()
        );
    }
}

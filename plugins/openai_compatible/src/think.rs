//! Reasoning that comes as `<think>...</think>` at the beginning of the text, cut anywhere.

use serde::{Deserialize, Serialize};

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// How far the text of one choice is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Think {
    #[serde(skip_serializing_if = "is_start")]
    place: Place,
    /// Text that may be the beginning of a tag.
    #[serde(skip_serializing_if = "String::is_empty")]
    held: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
enum Place {
    #[default]
    Start,
    Inside,
    /// Behind the closing tag, where line breaks are its own.
    Behind,
    Text,
}

fn is_start(place: &Place) -> bool {
    *place == Place::Start
}

impl Think {
    /// The next piece of text, as reasoning and text.
    pub fn feed(&mut self, piece: &str) -> (String, String) {
        let mut left = std::mem::take(&mut self.held) + piece;
        let (mut reasoning, mut text) = (String::new(), String::new());
        loop {
            match self.place {
                Place::Start => {
                    let trimmed = left.trim_start();
                    if let Some(rest) = trimmed.strip_prefix(OPEN) {
                        left = rest.to_owned();
                        self.place = Place::Inside;
                    } else if OPEN.starts_with(trimmed) {
                        self.held = left;
                        break;
                    } else {
                        self.place = Place::Text;
                    }
                }
                Place::Inside => match left.split_once(CLOSE) {
                    Some((inside, rest)) => {
                        reasoning.push_str(inside);
                        left = rest.to_owned();
                        self.place = Place::Behind;
                    }
                    None => {
                        let kept = tail_of(&left, CLOSE);
                        reasoning.push_str(left.get(..left.len() - kept).unwrap_or_default());
                        self.held = left.get(left.len() - kept..).unwrap_or_default().to_owned();
                        break;
                    }
                },
                Place::Behind => {
                    left = left.trim_start_matches(['\r', '\n']).to_owned();
                    if left.is_empty() {
                        break;
                    }
                    self.place = Place::Text;
                }
                Place::Text => {
                    text.push_str(&left);
                    break;
                }
            }
        }
        (reasoning, text)
    }

    /// What is still held when nothing follows, as reasoning and text.
    pub fn finish(&mut self) -> (String, String) {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Inside => (held, String::new()),
            _ => (String::new(), held),
        }
    }
}

/// The length of the longest end of `text` that `tag` begins with.
fn tail_of(text: &str, tag: &str) -> usize {
    (1..tag.len())
        .rev()
        .find(|length| {
            tag.get(..*length)
                .is_some_and(|start| text.ends_with(start))
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, size: usize) -> (String, String) {
        let mut think = Think::default();
        let (mut reasoning, mut answer) = (String::new(), String::new());
        let letters: Vec<char> = text.chars().collect();
        for piece in letters.chunks(size) {
            let (a, b) = think.feed(&piece.iter().collect::<String>());
            reasoning += &a;
            answer += &b;
        }
        let (a, b) = think.finish();
        (reasoning + &a, answer + &b)
    }

    #[test]
    fn tags_are_found_however_the_text_is_cut() {
        for (text, reasoning, answer) in [
            ("<think>a < b</think>\n\nyes", "a < b", "yes"),
            ("\n<think>é</think>x<think>y", "é", "x<think>y"),
            ("<thin ice>", "", "<thin ice>"),
            ("plain </think> text", "", "plain </think> text"),
            ("<think>cut off </th", "cut off </th", ""),
            ("<thi", "", "<thi"),
        ] {
            for size in 1..text.len() + 1 {
                assert_eq!(
                    cut(text, size),
                    (reasoning.to_owned(), answer.to_owned()),
                    "{text} by {size}"
                );
            }
        }
    }
}

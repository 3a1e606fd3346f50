//! What a guardrail on streams holds back.

use serde::{Deserialize, Serialize};

use crate::Piece;

/// One of the texts that stream side by side, and its end that was not let through yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Which of several answers.
    pub choice: u32,
    /// As in `Span::channel`.
    pub channel: String,
    /// The tool call's id, else empty.
    pub call: String,
    text: String,
    /// What the guardrail knows of this text, in words of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub memory: String,
}

impl Lane {
    fn of(piece: &Piece) -> Self {
        Self {
            choice: piece.choice,
            channel: piece.channel.clone(),
            call: piece.call.clone(),
            text: String::new(),
            memory: String::new(),
        }
    }

    /// Whether the text is JSON, so that what is put there has to go through
    /// [`in_json`](crate::in_json).
    pub fn is_json(&self) -> bool {
        self.channel == crate::channel::TOOL_ARGUMENTS
    }

    fn continues(&self, piece: &Piece) -> bool {
        (self.choice, &self.channel, &self.call) == (piece.choice, &piece.channel, &piece.call)
    }

    fn piece(&self, text: String) -> Piece {
        Piece {
            choice: self.choice,
            channel: self.channel.clone(),
            call: self.call.clone(),
            text,
        }
    }
}

/// What is held back of every text of a streamed answer. It is a part of the state, so keep it
/// short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lanes: Vec<Lane>,
}

impl Held {
    /// Takes the next pieces and gives those to let through.
    ///
    /// `work` gets what was held of a text with the new piece behind it, and whether the text ends
    /// here; it gives what may go and what is to be held. At the end all of it goes.
    pub fn feed(
        &mut self,
        pieces: Vec<Piece>,
        last: bool,
        mut work: impl FnMut(&mut Lane, String, bool) -> (String, String),
    ) -> Vec<Piece> {
        let mut out = Vec::with_capacity(pieces.len());
        for piece in pieces {
            if piece.is_whole() {
                let mut lane = Lane::of(&piece);
                let (now, rest) = work(&mut lane, piece.text, true);
                out.push(lane.piece(now + &rest));
                continue;
            }
            let known = self.lanes.iter().position(|it| it.continues(&piece));
            let at = known.unwrap_or(self.lanes.len());
            if known.is_none() {
                self.lanes.push(Lane::of(&piece));
            }
            if let Some(lane) = self.lanes.get_mut(at) {
                let text = std::mem::take(&mut lane.text) + &piece.text;
                let (now, rest) = work(lane, text, false);
                lane.text = rest;
                out.push(lane.piece(now));
            }
        }
        if last {
            for mut lane in std::mem::take(&mut self.lanes) {
                let text = std::mem::take(&mut lane.text);
                let (now, rest) = work(&mut lane, text, true);
                let text = now + &rest;
                if !text.is_empty() {
                    out.push(lane.piece(text));
                }
            }
        }
        self.lanes
            .retain(|it| !(it.text.is_empty() && it.memory.is_empty()));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(call: &str, text: &str) -> Piece {
        Piece {
            choice: 0,
            channel: "text".into(),
            call: call.into(),
            text: text.into(),
        }
    }

    /// Lets whole words through.
    fn words(_lane: &mut Lane, text: String, ends: bool) -> (String, String) {
        let cut = text.rfind(' ').map_or(0, |it| it + 1);
        let cut = if ends { text.len() } else { cut };
        (text[..cut].to_owned(), text[cut..].to_owned())
    }

    fn texts(pieces: &[Piece]) -> Vec<(&str, &str)> {
        pieces
            .iter()
            .map(|it| (it.call.as_str(), it.text.as_str()))
            .collect()
    }

    #[test]
    fn texts_side_by_side_do_not_mix() {
        let mut held = Held::default();
        let out = held.feed(vec![piece("a", "one tw"), piece("b", "x y")], false, words);
        assert_eq!(texts(&out), [("a", "one "), ("b", "x ")]);
        let state = crate::write_json(&held);
        let mut held: Held = crate::parse_state(&state).unwrap();
        let out = held.feed(vec![piece("a", "o three")], true, words);
        assert_eq!(texts(&out), [("a", "two "), ("a", "three"), ("b", "y")]);
        assert_eq!(held, Held::default());
    }

    #[test]
    fn a_whole_piece_is_neither_held_nor_continued() {
        let mut held = Held::default();
        let out = held.feed(vec![piece("a#0", "ti"), piece("a#0", "tle")], false, words);
        assert_eq!(texts(&out), [("a#0", "ti"), ("a#0", "tle")]);
        assert_eq!(held, Held::default());
    }
}

//! A text as the detectors read it: digits and signs of any width and script are ASCII, what is not
//! seen is gone, and in JSON an escape is the letter it stands for.

use std::borrow::Cow;
use std::ops::Range;

/// A text, and where each byte of it comes from.
pub struct Folded<'t> {
    pub text: Cow<'t, str>,
    /// For each byte its place in the text before, and the end. None: it is the same text.
    places: Option<Vec<u32>>,
}

impl<'t> Folded<'t> {
    /// `is_json`: the text stands inside of JSON.
    pub fn of(text: &'t str, is_json: bool) -> Self {
        let plain = text.is_ascii() && !(is_json && text.contains('\\'));
        if plain || !(is_json || text.chars().any(|it| folded(it) != Some(it))) {
            return Self {
                text: Cow::Borrowed(text),
                places: None,
            };
        }
        let mut out = Self {
            text: Cow::Owned(String::with_capacity(text.len())),
            places: Some(Vec::with_capacity(text.len() + 1)),
        };
        let mut at = 0;
        while let Some(letter) = text.get(at..).and_then(|it| it.chars().next()) {
            let escape = if is_json { escaped(text, at) } else { None };
            let (letter, length) = escape.unwrap_or((letter, letter.len_utf8()));
            if let Some(letter) = folded(letter) {
                out.push(letter, at);
            }
            at += length;
        }
        if let Some(places) = &mut out.places {
            places.push(place(at));
        }
        out
    }

    fn push(&mut self, letter: char, at: usize) {
        self.text.to_mut().push(letter);
        if let Some(places) = &mut self.places {
            places.extend(std::iter::repeat_n(place(at), letter.len_utf8()));
        }
    }

    /// Where it stands in the text before.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        self.place_of(range.start)..self.place_of(range.end)
    }

    /// The first byte of the folded text that comes from this place or behind it.
    pub fn folded_place(&self, original: usize) -> usize {
        match &self.places {
            None => original,
            Some(places) => places.partition_point(|it| (*it as usize) < original),
        }
    }

    /// Where a byte of the folded text stands in the text before.
    pub fn place_of(&self, at: usize) -> usize {
        match &self.places {
            None => at,
            Some(places) => places.get(at).map_or(0, |it| *it as usize),
        }
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The letter that a letter is read as; none: it is not seen.
fn folded(letter: char) -> Option<char> {
    let digit = |zero: u32| char::from_digit(letter as u32 - zero, 10);
    match letter {
        '\0'..='\u{7f}' => Some(letter),
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}' => None,
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(' '),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0),
        '\u{660}'..='\u{669}' => digit(0x660),
        '\u{6f0}'..='\u{6f9}' => digit(0x6f0),
        '\u{966}'..='\u{96f}' => digit(0x966),
        other => Some(other),
    }
}

/// The letter that an escape stands for, and how many bytes the escape has.
fn escaped(text: &str, at: usize) -> Option<(char, usize)> {
    let rest = text.get(at..)?.strip_prefix('\\')?;
    let letter = match rest.chars().next()? {
        'n' | 'r' => '\n',
        't' | 'b' | 'f' => '\t',
        'u' => {
            let digits = rest
                .get(1..5)
                .filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()))?;
            let code = u32::from_str_radix(digits, 16).ok()?;
            // Halves of letters beyond the first plane are nothing that is looked for.
            return Some((char::from_u32(code).unwrap_or('\u{fffd}'), 6));
        }
        other if other.is_ascii() => other,
        _ => return None,
    };
    Some((letter, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_scripts_and_hidden_letters_are_one() {
        for (text, read) in [
            ("１３８－０", "138-0"),
            ("a\u{200b}b＠c", "ab@c"),
            ("٠١٢ ۳۴ ९", "012 34 9"),
            ("a\u{a0}b\u{3000}c", "a b c"),
            ("漢字 é", "漢字 é"),
        ] {
            assert_eq!(Folded::of(text, false).text, read);
        }
    }

    #[test]
    fn a_place_leads_back_to_the_text() {
        let text = "電話：１３８\u{200b}0。";
        let folded = Folded::of(text, false);
        let at = folded.text.find("1380").unwrap();
        assert_eq!(&text[folded.original(at..at + 4)], "１３８\u{200b}0");
        let text = r#"{"a":"\u0041b\nc\\d"}"#;
        let folded = Folded::of(text, true);
        assert_eq!(folded.text, "{\"a\":\"Ab\nc\\d\"}");
        let at = folded.text.find("Ab\nc").unwrap();
        assert_eq!(&text[folded.original(at..at + 4)], r"\u0041b\nc");
    }
}

//! A text as guardrails read it, and the way back to how it was written.
//!
//! Digits and signs of any width and script are ASCII, what is not seen is gone, and in JSON an
//! escape is the letter it stands for. What a guardrail finds in the folded text it changes in the
//! text before.
//!
//! ```
//! let text = "電話：１３８";
//! let folded = sluice_fold::Folded::of(text, false);
//! let at = folded.text.find("138").unwrap();
//! assert_eq!(&text[folded.original(at..at + 3)], "１３８");
//! ```

#![deny(missing_docs)]

mod words;

use std::borrow::Cow;
use std::ops::Range;

pub use words::{Hit, Words};

/// A text, and where each byte of it comes from.
pub struct Folded<'t> {
    /// As guardrails read it.
    pub text: Cow<'t, str>,
    /// For each byte its place in the text before, and the end. None: it is the same text.
    places: Option<Vec<u32>>,
}

impl<'t> Folded<'t> {
    /// Width, script and what is not seen folded. `is_json`: the text stands inside of JSON.
    pub fn of(text: &'t str, is_json: bool) -> Self {
        let plain = text.is_ascii() && !(is_json && text.contains('\\'));
        if plain || !(is_json || text.chars().any(|it| visible(it) != Some(it))) {
            return Self::same(text);
        }
        Self::by(text, is_json, |letter, out| {
            if let Some(letter) = visible(letter) {
                out(letter);
            }
        })
    }

    /// Only escapes of JSON are read, if it is JSON.
    pub fn read(text: &'t str, is_json: bool) -> Self {
        match is_json && text.contains('\\') {
            true => Self::by(text, is_json, |letter, out| out(letter)),
            false => Self::same(text),
        }
    }

    /// As `of`, and letters in any case are one: `STRASSE`, `straße` and `ＳＴＲＡＳＳＥ` are the same.
    pub fn of_any_case(text: &'t str, is_json: bool) -> Self {
        Self::by(text, is_json, |letter, out| {
            if letter.is_ascii() {
                return out(letter.to_ascii_lowercase());
            }
            let Some(letter) = visible(letter) else {
                return;
            };
            // By way of the capitals: it is they that several small letters share.
            letter
                .to_uppercase()
                .flat_map(char::to_lowercase)
                .for_each(out);
        })
    }

    fn same(text: &'t str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            places: None,
        }
    }

    /// Each letter as `fold` has it: none, one or several.
    pub fn by(text: &str, is_json: bool, fold: impl Fn(char, &mut dyn FnMut(char))) -> Self {
        let mut folded = String::with_capacity(text.len());
        let mut places = Vec::with_capacity(text.len() + 1);
        let mut at = 0;
        while let Some(letter) = text.get(at..).and_then(|it| it.chars().next()) {
            let escape = if is_json { escaped(text, at) } else { None };
            let (letter, length) = escape.unwrap_or((letter, letter.len_utf8()));
            fold(letter, &mut |letter| {
                folded.push(letter);
                places.extend(std::iter::repeat_n(place(at), letter.len_utf8()));
            });
            at += length;
        }
        places.push(place(at));
        Self {
            text: Cow::Owned(folded),
            places: Some(places),
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
pub fn visible(letter: char) -> Option<char> {
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

/// Whether words go on neither before nor behind a place, in scripts that put blanks between them.
pub fn is_whole(text: &str, range: &Range<usize>) -> bool {
    let inside = text.get(range.clone()).unwrap_or_default();
    let before = text
        .get(..range.start)
        .and_then(|it| it.chars().next_back());
    let behind = text.get(range.end..).and_then(|it| it.chars().next());
    let joined = |one: Option<char>, other: Option<char>| {
        one.is_some_and(is_spaced) && other.is_some_and(is_spaced)
    };
    !joined(before, inside.chars().next()) && !joined(inside.chars().next_back(), behind)
}

/// Whether it is a letter or digit of a script that puts blanks between words.
pub fn is_spaced(letter: char) -> bool {
    letter.is_alphanumeric() && !is_unspaced(letter)
}

/// Whether it is of a script without blanks between words, or one that writes endings to them.
pub fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}'       // Thai, Lao
        | '\u{1000}'..='\u{109f}'   // Myanmar
        | '\u{1100}'..='\u{11ff}'   // Hangul
        | '\u{1780}'..='\u{17ff}'   // Khmer
        | '\u{2e80}'..='\u{9fff}'   // Han, kana
        | '\u{ac00}'..='\u{d7af}'   // Hangul
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}'
    )
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
    fn letters_of_any_case_are_one() {
        for word in ["STRASSE", "straße", "Straße", "ＳＴＲＡＳＳＥ"] {
            assert_eq!(Folded::of_any_case(word, false).text, "strasse");
        }
        assert_eq!(
            Folded::of_any_case("ΣΊΣΥΦΟΣ", false).text,
            Folded::of_any_case("σίσυφος", false).text
        );
        assert_eq!(Folded::of_any_case("Жук", false).text, "жук");
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

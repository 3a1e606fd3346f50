//! Where personal data and secrets stand in a text.
//!
//! One pass over the bytes. Each place where something may begin is looked at once, and no look
//! reads further than a fixed number of bytes, so time grows with the length of the text alone.
//! Neighbours that are no ASCII letter or digit end a word, so that languages without blanks are
//! read like any other.

mod cards;
mod checks;
mod lettered;
mod national;
mod net;
mod number;
mod phone;
mod said;
mod secrets;

use std::cell::RefCell;
use std::ops::Range;

use sluice_fold::Folded;

use crate::kind::{Kind, Kinds};

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub kind: Kind,
    /// Bytes of the text that was looked at.
    pub range: Range<usize>,
}

/// Everything of these kinds in a text, in order, without overlaps. `from`: the byte of the folded
/// text before which nothing begins that is looked for; what stands there only says what follows.
pub fn find(folded: &Folded, kinds: Kinds, from: usize) -> Vec<Found> {
    let text = Text {
        text: &folded.text,
        bytes: folded.text.as_bytes(),
        kinds,
        said: RefCell::default(),
    };
    let mut all = Vec::new();
    let mut memory = secrets::Memory::default();
    let mut number = number::Number::default();
    let mut url_end = 0;
    for (at, byte) in text.bytes.iter().enumerate().skip(from) {
        let begins = text.begins(at);
        match byte {
            b'@' => net::email(&text, at, &mut all),
            b'0'..=b'9' | b'+' | b'(' if begins => {
                number::at(&text, at, &mut number, &mut all);
                lettered::at(&text, at, &mut all);
                net::ip(&text, at, &mut all);
                secrets::token(&text, at, &mut all);
            }
            b'a'..=b'z' | b'A'..=b'Z' if begins => {
                lettered::at(&text, at, &mut all);
                net::ip(&text, at, &mut all);
                net::url(&text, at, &mut url_end, &mut all);
                secrets::token(&text, at, &mut all);
            }
            b'-' if begins => secrets::private_key(&text, at, &mut memory, &mut all),
            b':' | b'=' => {
                if begins {
                    net::ip(&text, at, &mut all);
                }
                secrets::assigned(&text, at, &mut memory, &mut all);
            }
            _ => {}
        }
    }
    all.retain(|it| it.range.start >= from);
    let mut found = resolved(all);
    for it in &mut found {
        it.range = folded.original(it.range.clone());
    }
    found
}

/// Of what overlaps, the first in the order of kinds stands; among equals the longest.
fn resolved(mut all: Vec<Found>) -> Vec<Found> {
    all.sort_by_key(|it| (it.range.start, it.kind, usize::MAX - it.range.end));
    let mut kept: Vec<Found> = Vec::with_capacity(all.len());
    for found in all {
        match kept.last_mut() {
            Some(last) if found.range.start < last.range.end => {
                let same = found.kind == last.kind;
                let better = found.kind < last.kind;
                if better || (same && found.range.len() > last.range.len()) {
                    *last = found;
                }
            }
            _ => kept.push(found),
        }
    }
    kept
}

/// A text that is looked at.
struct Text<'t> {
    text: &'t str,
    bytes: &'t [u8],
    kinds: Kinds,
    said: RefCell<said::Said>,
}

impl<'t> Text<'t> {
    fn byte(&self, at: usize) -> Option<u8> {
        #[cfg(test)]
        steps::add(1);
        self.bytes.get(at).copied()
    }

    /// Whether a word may begin here.
    fn begins(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|it| self.byte(it));
        !before.is_some_and(|it| it.is_ascii_alphanumeric())
    }

    /// Whether a word may end before this place.
    fn ends(&self, at: usize) -> bool {
        !self.byte(at).is_some_and(|it| it.is_ascii_alphanumeric())
    }

    fn rest(&self, at: usize) -> &'t [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// The longest run of such bytes from here on, `most` of them at most.
    fn run(&self, at: usize, most: usize, of: impl Fn(u8) -> bool) -> &'t [u8] {
        let rest = self.rest(at);
        let length = rest.iter().take(most).take_while(|it| of(**it)).count();
        #[cfg(test)]
        steps::add(length);
        rest.get(..length).unwrap_or_default()
    }

    /// Whether one of these words, in small letters, stands shortly before. Places have to be asked
    /// for in order.
    fn said_before(&self, at: usize, words: &'static [&'static str]) -> bool {
        self.said.borrow_mut().shortly_before(self.bytes, at, words)
    }
}

/// How many bytes were looked at, for the test that nothing goes back and forth.
#[cfg(test)]
pub mod steps {
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    pub fn add(steps: usize) {
        STEPS.set(STEPS.get() + steps);
    }

    /// Those since the last time.
    pub fn taken() -> usize {
        STEPS.replace(0)
    }
}

//! Words before a number that say what it is.

/// How far before it a word may end.
const NEAR_BYTES: usize = 40;

/// The last of the words of each list, as far as the text was read. Each list reads it once.
#[derive(Default)]
pub struct Said {
    lists: Vec<List>,
}

struct List {
    words: &'static [&'static str],
    /// Bytes that words begin with, in small letters.
    firsts: [bool; 256],
    read: usize,
    last_end: Option<usize>,
}

impl List {
    fn of(words: &'static [&'static str]) -> Self {
        let mut firsts = [false; 256];
        for first in words.iter().filter_map(|it| it.bytes().next()) {
            if let Some(is_first) = firsts.get_mut(usize::from(first)) {
                *is_first = true;
            }
        }
        Self {
            words,
            firsts,
            read: 0,
            last_end: None,
        }
    }

    fn read_to(&mut self, bytes: &[u8], end: usize) {
        let before = bytes.get(..end).unwrap_or_default();
        for (at, byte) in before.iter().enumerate().skip(self.read) {
            let small = byte.to_ascii_lowercase();
            if !self.firsts.get(usize::from(small)).is_some_and(|it| *it) {
                continue;
            }
            let inside = at.checked_sub(1).and_then(|it| bytes.get(it));
            if byte.is_ascii() && inside.is_some_and(u8::is_ascii_alphanumeric) {
                continue;
            }
            let rest = before.get(at..).unwrap_or_default();
            let is = |word: &&&str| {
                let head = rest.get(..word.len());
                head.is_some_and(|it| it.eq_ignore_ascii_case(word.as_bytes()))
            };
            if let Some(word) = self.words.iter().find(is) {
                self.last_end = Some(at + word.len());
            }
        }
        // A word may still be unfinished here, but a number does not begin in a word.
        self.read = self.read.max(end);
    }
}

impl Said {
    /// Whether one of these words ends shortly before this place.
    pub fn shortly_before(
        &mut self,
        bytes: &[u8],
        at: usize,
        words: &'static [&'static str],
    ) -> bool {
        let known = self
            .lists
            .iter()
            .position(|it| std::ptr::eq(it.words, words));
        let place = known.unwrap_or(self.lists.len());
        if known.is_none() {
            self.lists.push(List::of(words));
        }
        let Some(list) = self.lists.get_mut(place) else {
            return false;
        };
        list.read_to(bytes, at);
        list.last_end.is_some_and(|it| it + NEAR_BYTES >= at)
    }
}

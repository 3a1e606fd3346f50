//! How much a text is like sentences of known attacks: which share of a sentence's groups of letters
//! stands close together in it.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use sluice_fold::is_unspaced;

use crate::normal::normal;
use crate::phrases::lines;

/// Three letters, or two of a script without blanks, in 21 bits each.
type Gram = u64;

fn grams(text: &str) -> impl Iterator<Item = Gram> {
    // One more letter at the end, so that the last two of a script without blanks are met.
    let mut letters = text.chars().chain([' ']);
    let mut before = (letters.next(), letters.next());
    letters.filter_map(move |third| {
        let (first, second) = before;
        before = (second, Some(third));
        let (first, second) = (first?, second?);
        let pack = |parts: [char; 3]| parts.iter().fold(0, |all, it| all << 21 | *it as u64);
        Some(match is_unspaced(first) && is_unspaced(second) {
            true => pack([first, second, '\0']),
            false => pack([first, second, third]),
        })
    })
}

/// Mixes a number well enough for a table of a few hundred: the standard one is made against those
/// who choose the keys, and these are chosen here.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The known sentences.
pub struct Known {
    /// For each group of letters, in which sentences it is, and its number there.
    places: HashMap<Gram, Vec<(usize, usize)>, BuildHasherDefault<Mix>>,
    /// How many groups each sentence has, and the different ones of them.
    sizes: Vec<(usize, usize)>,
}

/// What was seen of a sentence in the last letters.
#[derive(Default)]
struct Window {
    last_seen: Vec<Option<usize>>,
    seen: VecDeque<(usize, usize)>,
    count: usize,
}

impl Known {
    pub fn new() -> Self {
        let mut known = Self {
            places: HashMap::default(),
            sizes: Vec::new(),
        };
        for (sentence, line) in lines(include_str!("../similar.txt")).enumerate() {
            let all: Vec<Gram> = grams(&normal(line)).collect();
            let mut numbers: HashMap<Gram, usize> = HashMap::new();
            for gram in &all {
                let next = numbers.len();
                if numbers.insert(*gram, next).is_none() {
                    known
                        .places
                        .entry(*gram)
                        .or_default()
                        .push((sentence, next));
                }
            }
            known.sizes.push((all.len(), numbers.len()));
        }
        known
    }

    /// From 0 to 1: the most of a sentence that stands together in a normal text.
    pub fn similarity(&self, text: &str) -> f64 {
        let mut windows: Vec<Window> = self
            .sizes
            .iter()
            .map(|(_, different)| Window {
                last_seen: vec![None; *different],
                ..Window::default()
            })
            .collect();
        let mut best: f64 = 0.0;
        for (at, gram) in grams(text).enumerate() {
            for (sentence, number) in self.places.get(&gram).into_iter().flatten() {
                let (Some(window), Some((length, different))) =
                    (windows.get_mut(*sentence), self.sizes.get(*sentence))
                else {
                    continue;
                };
                window.see(at, *number, length + length / 4);
                best = best.max(window.count as f64 / *different as f64);
            }
        }
        best
    }
}

impl Window {
    fn see(&mut self, at: usize, number: usize, width: usize) {
        while let Some((place, old)) = self.seen.front().copied().filter(|it| it.0 + width < at) {
            self.seen.pop_front();
            if let Some(last) = self.last_seen.get_mut(old).filter(|it| **it == Some(place)) {
                *last = None;
                self.count -= 1;
            }
        }
        if let Some(last) = self.last_seen.get_mut(number) {
            self.count += usize::from(last.is_none());
            *last = Some(at);
        }
        self.seen.push_back((at, number));
    }
}

//! How much a text is like sentences of known attacks: which share of a sentence's groups of letters
//! stands close together in it.

use std::collections::HashMap;
use std::collections::VecDeque;

use sluice_fold::is_unspaced;

use crate::normal::normal;
use crate::phrases::lines;

/// Three letters, or two of a script without blanks.
type Gram = [char; 3];

fn grams(text: &str) -> Vec<Gram> {
    let letters: Vec<char> = text.chars().collect();
    let gram = |at: usize| -> Option<Gram> {
        let (a, b) = (*letters.get(at)?, *letters.get(at + 1)?);
        match is_unspaced(a) && is_unspaced(b) {
            true => Some([a, b, '\0']),
            false => Some([a, b, *letters.get(at + 2)?]),
        }
    };
    (0..letters.len()).filter_map(gram).collect()
}

/// The known sentences.
pub struct Known {
    /// For each group of letters, in which sentences it is, and its number there.
    places: HashMap<Gram, Vec<(usize, usize)>>,
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
            places: HashMap::new(),
            sizes: Vec::new(),
        };
        for (sentence, line) in lines(include_str!("../similar.txt")).enumerate() {
            let all = grams(&normal(line));
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
        for (at, gram) in grams(text).iter().enumerate() {
            for (sentence, number) in self.places.get(gram).into_iter().flatten() {
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

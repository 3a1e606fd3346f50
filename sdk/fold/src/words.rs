//! Many words looked for at once (Aho and Corasick): time grows with the length of the text, however
//! many words there are.

/// Words, as a tree of their bytes in which each place knows where to go on when a byte does not
/// fit.
#[derive(Debug, Default)]
pub struct Words {
    nodes: Vec<Node>,
    /// Where each byte leads from the beginning, where most bytes of most texts are met.
    first: Vec<u32>,
}

#[derive(Debug, Default)]
struct Node {
    /// By byte, in order.
    next: Vec<(u8, u32)>,
    /// The longest end of what was read that begins a word as well.
    fail: u32,
    /// The next place on the way of `fail` where a word ends.
    ends_at: u32,
    depth: u32,
    /// The words that end here, by number.
    ends: Vec<u32>,
}

const ROOT: u32 = 0;

/// A word that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Which word.
    pub word: u32,
    /// The byte behind its last.
    pub end: usize,
    /// How many bytes it has.
    pub length: usize,
}

impl Words {
    /// Words with their numbers; an empty one is none. They are looked for byte by byte, so fold them
    /// as the text will be.
    pub fn new<'w>(words: impl Iterator<Item = (u32, &'w str)>) -> Self {
        let mut tree = Self {
            nodes: vec![Node::default()],
            first: Vec::new(),
        };
        for (number, word) in words.filter(|it| !it.1.is_empty()) {
            tree.add(number, word.as_bytes());
        }
        tree.link();
        let lead = |byte: u8| tree.child(ROOT, byte).unwrap_or(ROOT);
        tree.first = (0..=u8::MAX).map(lead).collect();
        tree
    }

    fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(at as usize)
    }

    fn child(&self, at: u32, byte: u8) -> Option<u32> {
        let next = &self.node(at)?.next;
        let place = next.binary_search_by_key(&byte, |it| it.0).ok()?;
        next.get(place).map(|it| it.1)
    }

    fn add(&mut self, number: u32, word: &[u8]) {
        let mut at = ROOT;
        for (depth, byte) in (1..).zip(word) {
            at = match self.child(at, *byte) {
                Some(next) => next,
                None => {
                    let new = self.nodes.len() as u32;
                    self.nodes.push(Node {
                        depth,
                        ..Node::default()
                    });
                    if let Some(node) = self.nodes.get_mut(at as usize) {
                        let place = node.next.partition_point(|it| it.0 < *byte);
                        node.next.insert(place, (*byte, new));
                    }
                    new
                }
            };
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.ends.push(number);
        }
    }

    /// Says for each place where to go on, the shallow places first.
    fn link(&mut self) {
        let mut row: std::collections::VecDeque<u32> = [ROOT].into();
        while let Some(at) = row.pop_front() {
            let next = self.node(at).map(|it| it.next.clone()).unwrap_or_default();
            for (byte, child) in next {
                row.push_back(child);
                let mut fail = ROOT;
                if at != ROOT {
                    fail = self.step(self.node(at).map_or(ROOT, |it| it.fail), byte);
                }
                let ends = self.node(fail).is_some_and(|it| !it.ends.is_empty());
                let above = self.node(fail).map_or(ROOT, |it| it.ends_at);
                if let Some(node) = self.nodes.get_mut(child as usize) {
                    node.fail = fail;
                    node.ends_at = if ends { fail } else { above };
                }
            }
        }
    }

    fn step(&self, mut at: u32, byte: u8) -> u32 {
        loop {
            if let Some(next) = self.child(at, byte) {
                return next;
            }
            if at == ROOT {
                return ROOT;
            }
            at = self.node(at).map_or(ROOT, |it| it.fail);
        }
    }

    /// Tells every word in a text, by their ends and the longer before the shorter, also those inside
    /// of others. Gives how many bytes at its end begin a word.
    pub fn find(&self, text: &str, mut each: impl FnMut(Hit)) -> usize {
        let mut at = ROOT;
        for (place, byte) in text.bytes().enumerate() {
            at = match at {
                ROOT => self.first.get(usize::from(byte)).copied().unwrap_or(ROOT),
                _ => self.step(at, byte),
            };
            if at == ROOT {
                continue;
            }
            let mut ends = at;
            while let Some(node) = self.node(ends) {
                for word in &node.ends {
                    each(Hit {
                        word: *word,
                        end: place + 1,
                        length: node.depth as usize,
                    });
                }
                if node.ends_at == ROOT {
                    break;
                }
                ends = node.ends_at;
            }
        }
        self.node(at).map_or(0, |it| it.depth as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], text: &str) -> (Vec<String>, usize) {
        let tree = Words::new((0..).zip(words.iter().copied()));
        let mut hits = Vec::new();
        let open = tree.find(text, |it| hits.push(it));
        let text_of = |it: &Hit| {
            let found = &text[it.end - it.length..it.end];
            assert_eq!(found, words[it.word as usize]);
            format!("{}:{found}", it.end)
        };
        (hits.iter().map(text_of).collect(), open)
    }

    #[test]
    fn words_in_words_are_found_and_the_open_end_is_told() {
        let words = ["he", "she", "his", "hers", "夜鹰"];
        assert_eq!(
            found(&words, "ushers"),
            (vec!["4:she".into(), "4:he".into(), "6:hers".into()], 4)
        );
        assert_eq!(found(&words, "ah sh"), (vec![], 2));
        assert_eq!(found(&words, "a夜"), (vec![], 3));
        assert_eq!(found(&words, "a夜鹰b"), (vec!["7:夜鹰".into()], 0));
        assert_eq!(found(&[], "a"), (vec![], 0));
    }
}

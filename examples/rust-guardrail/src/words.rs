//! Words in a text, and the masks that stand for them.

use sluice_sdk::serde_json::{Map, Value};

/// Where the first word begins and ends, in letters of either case.
pub fn first(text: &str, words: &[&str]) -> Option<(usize, usize)> {
    text.char_indices().find_map(|(at, _)| {
        let is = |word: &&&str| {
            text[at..]
                .get(..word.len())
                .is_some_and(|it| it.eq_ignore_ascii_case(word))
        };
        words.iter().find(is).map(|word| (at, at + word.len()))
    })
}

/// Each spelling has a mask of its own. The table comes back as the state of the next stage.
pub fn masked(mut text: &str, words: &[&str], table: &mut Map<String, Value>) -> String {
    let mut new = String::new();
    while let Some((at, end)) = first(text, words) {
        let known = table.iter().find(|(_, it)| **it == text[at..end]);
        let mask = known.map(|(mask, _)| mask.clone());
        let mask = mask.unwrap_or_else(|| format!("<WORD_{}>", table.len() + 1));
        new += &text[..at];
        new += &mask;
        table.insert(mask, text[at..end].into());
        text = &text[end..];
    }
    new + text
}

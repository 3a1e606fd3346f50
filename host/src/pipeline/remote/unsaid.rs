//! Results that tell no usage: what was asked for them is counted by the lines of the batch's input.

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::jsonl;
use crate::pipeline::accounting::tokens_of;

/// Results whose requests are remembered, at most: twice the longest batch of any provider. Of what
/// is beyond, the answers alone are counted.
const MOST: usize = 200_000;

/// Requests whose results told no usage.
#[derive(Debug, Default)]
pub struct Unsaid {
    /// Hashes of their `custom_id`s, which are of any length.
    asked: HashSet<u64>,
}

impl Unsaid {
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// The result of this request told no usage.
    pub fn note(&mut self, custom_id: &str) {
        if self.asked.len() < MOST {
            let hash = self.asked.hasher().hash_one(custom_id);
            self.asked.insert(hash);
        }
    }

    /// The model and about the tokens of the request in a line, if it was noted: once.
    pub fn take(&mut self, line: &str) -> Option<(String, u64)> {
        #[derive(Deserialize)]
        struct Line<'l> {
            custom_id: String,
            #[serde(borrow)]
            body: &'l RawValue,
        }
        #[derive(Deserialize)]
        struct Body {
            model: String,
        }
        let Line { custom_id, body } = serde_json::from_str(jsonl::request_of(line)).ok()?;
        let hash = self.asked.hasher().hash_one(&*custom_id);
        if !self.asked.remove(&hash) {
            return None;
        }
        let Body { model } = serde_json::from_str(body.get()).ok()?;
        Some((model, tokens_of(body.get())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"custom_id":"a","body":{"model":"m","prompt":"hello there"}}"#;

    #[test]
    fn a_request_is_counted_once_and_only_if_its_result_told_no_usage() {
        let mut unsaid = Unsaid::default();
        assert!(unsaid.is_empty() && unsaid.take(LINE).is_none());
        unsaid.note("a");
        unsaid.note("b");
        for other in ["", "{}", "7", r#"{"custom_id":"c","body":{"model":"m"}}"#] {
            assert_eq!(unsaid.take(other), None, "{other}");
        }
        // 36 bytes of a body.
        assert_eq!(unsaid.take(LINE), Some(("m".to_owned(), 12)));
        assert_eq!(unsaid.take(LINE), None);
        assert_eq!(unsaid.take(r#"{"custom_id":"b","body":7}"#), None);
        assert!(unsaid.is_empty());
    }

    #[test]
    fn no_more_is_remembered_than_the_longest_batches_need() {
        let mut unsaid = Unsaid::default();
        for number in 0..=MOST {
            unsaid.note(&number.to_string());
        }
        assert_eq!(unsaid.asked.len(), MOST);
    }
}

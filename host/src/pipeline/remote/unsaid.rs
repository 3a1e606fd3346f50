//! Results that tell no usage: what was asked for them is counted by the lines of the batch's input.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::jsonl;
use crate::domain::Usage;
use crate::pipeline::accounting::tokens_of;

/// Results whose requests are remembered, at most. Of what is beyond, the answers alone are counted.
const MOST: usize = 200_000;

/// Requests whose results told no usage.
#[derive(Debug, Default)]
pub struct Unsaid {
    /// Output tokens, as they were counted, by the hashes of `custom_id`s, which are of any length.
    asked: HashMap<u64, u64>,
}

impl Unsaid {
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// The result of this request told no usage. False: it is not remembered.
    pub fn note(&mut self, custom_id: &str, output_tokens: u64) -> bool {
        let hash = self.asked.hasher().hash_one(custom_id);
        let is_new = self.asked.len() < MOST && !self.asked.contains_key(&hash);
        if is_new {
            self.asked.insert(hash, output_tokens);
        }
        is_new
    }

    /// What is left: output tokens of results whose requests were not found.
    pub fn rest(&mut self) -> impl Iterator<Item = u64> + use<> {
        std::mem::take(&mut self.asked).into_values()
    }

    /// The model of the request in a line, and about the tokens of it and of its result, if it was
    /// noted: once.
    pub fn take(&mut self, line: &str) -> Option<(String, Usage)> {
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
        let Body { model } = serde_json::from_str(body.get()).ok()?;
        let hash = self.asked.hasher().hash_one(&*custom_id);
        let usage = Usage {
            input_tokens: tokens_of(body.get()),
            output_tokens: self.asked.remove(&hash)?,
            ..Usage::default()
        };
        Some((model, usage))
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
        assert!(unsaid.note("a", 5) && unsaid.note("b", 6) && !unsaid.note("a", 7));
        for other in ["", "{}", "7", r#"{"custom_id":"c","body":{"model":"m"}}"#] {
            assert!(unsaid.take(other).is_none(), "{other}");
        }
        let (model, usage) = unsaid.take(LINE).unwrap();
        // 36 bytes of a body.
        assert_eq!(
            (&*model, usage.input_tokens, usage.output_tokens),
            ("m", 12, 5)
        );
        assert!(unsaid.take(LINE).is_none());
        assert!(unsaid.take(r#"{"custom_id":"b","body":7}"#).is_none());
        assert_eq!(unsaid.rest().collect::<Vec<_>>(), [6]);
        assert!(unsaid.is_empty());
    }

    #[test]
    fn no_more_is_remembered_than_the_longest_batches_need() {
        let mut unsaid = Unsaid::default();
        for number in 0..=MOST {
            assert_eq!(unsaid.note(&number.to_string(), 1), number < MOST);
        }
        assert_eq!(unsaid.asked.len(), MOST);
    }
}

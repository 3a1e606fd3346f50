//! An answer that is kept, and its bytes outside of the process. What is read back is judged like
//! a stranger's: other processes of other versions, or anybody, may have written it.

use std::mem::size_of;

use serde::{Deserialize, Serialize};

use crate::domain::Usage;

/// Before everything that is written outside.
const MAGIC: &[u8; 4] = b"slc1";

/// A kept answer. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub stored_ms: i64,
    pub expires_ms: i64,
    /// The deployment that answered, and the model that it was asked for.
    pub deployment: String,
    pub model: String,
    /// What the provider counted when it answered.
    pub usage: Option<Usage>,
    pub kept: Kept,
}

/// What of an answer is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// As the client got it.
    Whole(String),
    /// A whole one that is no JSON, and what it is called.
    Plain {
        text: String,
        content_type: String,
    },
    Stream(Recording),
    /// The answer to one input of several.
    Part(Part),
}

/// A stream, before it is written for a client.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// What the gateway filled in where the provider left it out.
    pub id: String,
    pub created: Option<u64>,
    /// Names and data of events, in order.
    pub events: Vec<(String, String)>,
    /// The usage that no event told.
    pub usage: Option<String>,
}

/// One input's share of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its vector, as the provider wrote it.
    pub value: String,
    pub tokens: u64,
}

/// What was written outside cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cached value cannot be read: {0}")]
pub struct Corrupt(String);

impl Entry {
    /// About what it takes of memory, in bytes.
    pub fn bytes(&self) -> usize {
        let kept = match &self.kept {
            Kept::Whole(text) => text.len(),
            Kept::Plain { text, content_type } => text.len() + content_type.len(),
            Kept::Stream(it) => {
                let each = |(name, data): &(String, String)| {
                    name.len() + data.len() + size_of::<(String, String)>()
                };
                let events: usize = it.events.iter().map(each).sum();
                events + it.usage.as_ref().map_or(0, String::len) + it.id.len()
            }
            Kept::Part(it) => it.value.len(),
        };
        kept + self.deployment.len() + self.model.len() + size_of::<Self>() + size_of::<Usage>()
    }

    /// Whether it may still be given out, and is not older than `max_age_ms`.
    pub fn holds(&self, now_ms: i64, max_age_ms: Option<i64>) -> bool {
        let age = now_ms.saturating_sub(self.stored_ms);
        now_ms < self.expires_ms && max_age_ms.is_none_or(|most| age < most)
    }

    /// Its bytes outside.
    pub fn encode(&self) -> Vec<u8> {
        // Texts, numbers and lists of them: there is nothing that could not be written.
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut out = Vec::with_capacity(json.len() + 8);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&crc32fast::hash(&json).to_be_bytes());
        out.extend_from_slice(&json);
        out
    }

    /// # Errors
    /// They are not what [`encode`](Self::encode) wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let wrong = |what: &str| Corrupt(what.to_owned());
        let rest = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| wrong("of another kind"))?;
        let (sum, json) = rest
            .split_first_chunk::<4>()
            .ok_or_else(|| wrong("cut off"))?;
        if u32::from_be_bytes(*sum) != crc32fast::hash(json) {
            return Err(wrong("damaged"));
        }
        serde_json::from_slice(json).map_err(|cause| Corrupt(cause.to_string()))
    }
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    pub fn whole(text: &str, stored_ms: i64, expires_ms: i64) -> Entry {
        Entry {
            stored_ms,
            expires_ms,
            deployment: "d".to_owned(),
            model: "m".to_owned(),
            usage: Some(Usage {
                input_tokens: 3,
                ..Usage::default()
            }),
            kept: Kept::Whole(text.to_owned()),
        }
    }

    #[test]
    fn an_answer_holds_until_its_end_and_as_young_as_asked() {
        let it = whole("x", 1_000, 2_000);
        assert!(it.holds(1_000, None) && it.holds(1_999, None) && !it.holds(2_000, None));
        assert!(it.holds(1_499, Some(500)) && !it.holds(1_500, Some(500)));
        assert!(!it.holds(1_000, Some(0)));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(events in prop::collection::vec((".{0,4}", ".{0,20}"), 0..6), usage in prop::option::of(".{0,9}")) {
            let mut it = whole("", 1, 2);
            it.kept = Kept::Stream(Recording { id: "a".to_owned(), created: Some(7), events, usage });
            prop_assert_eq!(Entry::decode(&it.encode()).unwrap(), it);
        }

        #[test]
        fn what_is_damaged_is_refused(at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let good = whole("some text", 1, 2).encode();
            let mut bad = good.clone();
            let at = at.index(bad.len());
            bad[at] = to;
            prop_assert!(bad == good || Entry::decode(&bad).is_err());
            prop_assert!(Entry::decode(&good[..cut.index(good.len())]).is_err());
        }
    }
}

//! `tag_regex` of a deployment: patterns that are looked for in who calls.

use regex::{Regex, RegexBuilder};

use super::remarks::Taken;
use super::section::Section;

/// The most that a pattern may take when it is understood, in bytes.
const LARGEST: usize = 1 << 20;

/// A pattern, looked for in `User-Agent: ...`.
#[derive(Debug, Clone)]
pub struct TagPattern(Regex);

impl TagPattern {
    /// None: it is no pattern.
    pub fn new(text: &str) -> Option<Self> {
        let built = RegexBuilder::new(text).size_limit(LARGEST).build();
        built.ok().map(Self)
    }

    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// What is no pattern matches nothing, as in LiteLLM.
    pub(super) fn read(params: &mut Section<'_>) -> Vec<Self> {
        const NAME: &str = "tag_regex";
        let mut patterns = Vec::new();
        for text in params.texts(NAME).unwrap_or_default() {
            match Self::new(&text) {
                Some(pattern) => patterns.push(pattern),
                None => {
                    let text = format!(
                        "has `{text}`, which is no pattern that is understood (there is no looking \
                         around and no back reference), so it matches nobody"
                    );
                    params.say(Taken::Warning, NAME, text);
                }
            }
        }
        patterns
    }
}

impl PartialEq for TagPattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

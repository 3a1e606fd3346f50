//! Rules made ready, and what they find in a text.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use regex_lite::{Regex, RegexBuilder};
use sluice_fold::{Folded, Words, is_whole};
use sluice_sdk::serde_json;
use sluice_sdk::{Error, fault};

use crate::settings::{Rule, Settings};

/// What a pattern may have in a stream, in bytes: as much is held back.
pub const PATTERN_BYTES: usize = 256;

/// What was found: where, by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub rule: usize,
    pub range: Range<usize>,
}

/// The rules of a guardrail.
#[derive(Debug)]
pub struct Rules {
    pub all: Vec<Rule>,
    /// Words in any case, and those of rules that tell cases apart; numbers are those of `owners`.
    folded: Words,
    exact: Words,
    /// The rule of each word.
    owners: Vec<usize>,
    patterns: Vec<(usize, Regex)>,
}

thread_local! {
    /// The last rules, by their settings: making them costs more than most texts, and a stream asks
    /// for the same again and again. Without it they are only slower.
    static LAST: RefCell<Option<(String, Rc<Rules>)>> = const { RefCell::new(None) };
}

impl Rules {
    /// Those of these settings.
    ///
    /// # Errors
    /// Settings that do not fit, or a pattern that is none: kind `invalid-request`.
    pub fn of(config: &str) -> Result<Rc<Self>, Error> {
        let known = LAST.with_borrow(|last| {
            let last = last.as_ref().filter(|it| it.0 == config);
            last.map(|it| Rc::clone(&it.1))
        });
        if let Some(rules) = known {
            return Ok(rules);
        }
        let settings: Settings = serde_json::from_str(config)
            .map_err(|cause| fault::invalid_request(format!("the settings do not fit: {cause}")))?;
        let rules = Rc::new(Self::new(settings.rules())?);
        LAST.set(Some((config.to_owned(), Rc::clone(&rules))));
        Ok(rules)
    }

    fn new(all: Vec<Rule>) -> Result<Self, Error> {
        let mut owners = Vec::new();
        let (mut folded, mut exact) = (Vec::new(), Vec::new());
        let mut patterns = Vec::new();
        for (number, rule) in all.iter().enumerate() {
            for word in &rule.words {
                let id = owners.len() as u32;
                owners.push(number);
                match rule.case_sensitive {
                    true => exact.push((id, Folded::of(word, false).text.into_owned())),
                    false => folded.push((id, Folded::of_any_case(word, false).text.into_owned())),
                }
            }
            for pattern in &rule.patterns {
                let made = RegexBuilder::new(pattern)
                    .case_insensitive(!rule.case_sensitive)
                    .build();
                let made = made.map_err(|cause| {
                    fault::invalid_request(format!("`{pattern}` is no pattern: {cause}"))
                })?;
                patterns.push((number, made));
            }
        }
        let tree =
            |words: &[(u32, String)]| Words::new(words.iter().map(|it| (it.0, it.1.as_str())));
        Ok(Self {
            folded: tree(&folded),
            exact: tree(&exact),
            owners,
            patterns,
            all,
        })
    }

    /// Whether a pattern looks at answers.
    fn has_patterns(&self, is_output: bool) -> bool {
        let mut rules = self.patterns.iter().filter_map(|it| self.all.get(it.0));
        rules.any(|it| it.looks(is_output))
    }

    /// What stands in a text, in order, without overlaps (a rule that blocks comes first, then the
    /// longest), and the place from which on more text may make something of what is there.
    pub fn find(&self, text: &str, is_json: bool, is_output: bool) -> (Vec<Found>, usize) {
        let mut all = Vec::new();
        let mut open = text.len();
        let folded = Folded::of_any_case(text, is_json);
        self.words_in(&self.folded, &folded, is_output, &mut all, &mut open);
        let exact = Folded::of(text, is_json);
        self.words_in(&self.exact, &exact, is_output, &mut all, &mut open);
        let read = Folded::read(text, is_json);
        for (rule, pattern) in &self.patterns {
            if self.all.get(*rule).is_some_and(|it| it.looks(is_output)) {
                let found = pattern.find_iter(&read.text).filter(|it| !it.is_empty());
                all.extend(found.map(|it| Found {
                    rule: *rule,
                    range: read.original(it.range()),
                }));
            }
        }
        if self.has_patterns(is_output) {
            open = open.min(text.len().saturating_sub(PATTERN_BYTES));
        }
        while !text.is_char_boundary(open) {
            open -= 1;
        }
        let found = self.resolved(all);
        for it in &found {
            if it.range.end > open {
                open = open.min(it.range.start);
            }
        }
        (found, open)
    }

    fn words_in(
        &self,
        words: &Words,
        folded: &Folded,
        is_output: bool,
        all: &mut Vec<Found>,
        open: &mut usize,
    ) {
        let begun = words.find(&folded.text, |hit| {
            let range = hit.end - hit.length..hit.end;
            let owner = self.owners.get(hit.word as usize).copied().unwrap_or(0);
            let looks = |rule: &&Rule| {
                rule.looks(is_output) && (!rule.whole_words || is_whole(&folded.text, &range))
            };
            if self.all.get(owner).filter(looks).is_none() {
                return;
            }
            let range = folded.original(range);
            // Of one rule the longer says all that a part of it would: texts of one letter have as
            // many places as bytes.
            match all.last_mut() {
                Some(last) if last.rule == owner && range.start <= last.range.start => {
                    last.range = range;
                }
                Some(last) if last.rule == owner && range.end <= last.range.end => {}
                _ => all.push(Found { rule: owner, range }),
            }
        });
        *open = (*open).min(folded.place_of(folded.text.len() - begun));
    }

    fn resolved(&self, mut all: Vec<Found>) -> Vec<Found> {
        use crate::settings::Action;
        let blocks = |it: &Found| {
            self.all
                .get(it.rule)
                .is_some_and(|it| it.action == Action::Block)
        };
        all.sort_by_key(|it| (it.range.start, usize::MAX - it.range.end, it.rule));
        let mut kept: Vec<Found> = Vec::new();
        for found in all {
            match kept.last_mut() {
                Some(last) if found.range.start < last.range.end => {
                    if blocks(&found) && !blocks(last) {
                        *last = found;
                    }
                }
                _ => kept.push(found),
            }
        }
        kept
    }
}

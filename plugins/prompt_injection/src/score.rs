//! Signs of an attack in a text, and how sure they make us.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use sluice_fold::{Folded, Words};

use crate::hidden;
use crate::normal::{joined, normal, unleeted};
use crate::phrases::{Class, Found, Phrases};
use crate::similar::Known;

/// Which checks are made.
#[derive(Debug, Clone, Copy)]
pub struct Checks {
    pub heuristics: bool,
    /// The similarity from which on a text is like a known attack; none: it is not asked.
    pub similarity: Option<f64>,
    /// The text is data of a machine: a tool's result, a document.
    pub is_data: bool,
}

/// Signs by name, each with how sure it makes us, from 0 to 1.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Signs(BTreeMap<&'static str, f64>);

impl Signs {
    fn add(&mut self, name: &'static str, weight: f64) {
        let known = self.0.entry(name).or_default();
        *known = known.max(weight);
    }

    /// All together: how sure we are that not every sign is chance.
    pub fn score(&self) -> f64 {
        1.0 - self.0.values().map(|it| 1.0 - it).product::<f64>()
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}

/// Turns of other models' formats and headings of prompts, as they stand in a text.
const MARKUP: &[&str] = &[
    "<|im_start|>",
    "<|im_end|>",
    "<|system|>",
    "<|start_header_id|>",
    "<|eot_id|>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "### system:",
    "### instruction:",
    "[system message]",
    "[system](#",
    "<system>",
    "</system>",
    "<system_prompt>",
    "end of system prompt",
    "begin system prompt",
    "end of user input",
    "<start_of_turn>",
    "\nsystem:",
    "[developer mode]",
];

struct Lists {
    phrases: Phrases,
    known: Known,
    markup: Words,
}

/// Made once for each instance; without it everything is only slower.
fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| Lists {
        phrases: Phrases::new(),
        known: Known::new(),
        markup: Words::new((0..).zip(MARKUP.iter().copied())),
    })
}

/// The signs in a text.
pub fn signs(text: &str, checks: Checks) -> Signs {
    let mut signs = Signs::default();
    look(text, checks, &mut signs);
    if checks.heuristics {
        inside(text, checks, 0, &mut signs);
        let mut markup = false;
        let folded = Folded::of_any_case(text, false);
        lists().markup.find(&folded.text, |_| markup = true);
        if markup {
            signs.add("markup", if checks.is_data { 0.7 } else { 0.5 });
        }
        if hidden::splits(text) > 3 {
            signs.add("split-words", 0.3);
        }
    }
    signs
}

/// Looks into what is encoded or not seen. What is found there was hidden on purpose.
fn inside(text: &str, checks: Checks, depth: u32, signs: &mut Signs) {
    const DEEPEST: u32 = 2;
    let tags = hidden::tags(text);
    if tags.len() > 5 {
        signs.add("invisible-text", 0.8);
        look(&tags, checks, signs);
    }
    // All at once: what is done for each text is more than most pieces are long.
    let decoded = hidden::decoded(text);
    if decoded.trim().is_empty() {
        return;
    }
    let mut found = Signs::default();
    look(&decoded, checks, &mut found);
    if depth < DEEPEST {
        inside(&decoded, checks, depth + 1, &mut found);
    }
    if found.score() > 0.0 {
        signs.add("encoded", 0.5);
        found
            .0
            .iter()
            .for_each(|(name, weight)| signs.add(name, *weight));
    }
}

/// Looks at a text in the ways that it may be read.
fn look(text: &str, checks: Checks, signs: &mut Signs) {
    let plain = normal(text);
    let spelled = joined(&plain);
    let leet = unleeted(text);
    let ways = [
        (Some(&plain), false),
        (spelled.as_ref(), true),
        (leet.as_ref(), false),
    ];
    for (text, joined) in ways {
        let Some(text) = text else {
            continue;
        };
        if checks.heuristics {
            let found = lists().phrases.find(text, joined);
            heuristics(&found, checks.is_data, signs);
        }
        // What is sure already need not be compared.
        const SURE: f64 = 0.89;
        if let Some(threshold) = checks.similarity
            && signs.score() < SURE
            && lists().known.similarity(text) >= threshold
        {
            signs.add("similar", 0.75);
        }
    }
}

/// How close together the parts of a demand stand, in bytes of a normal text.
const NEAR: usize = 48;

fn heuristics(found: &[Found], is_data: bool, signs: &mut Signs) {
    let mut last: BTreeMap<u8, Found> = BTreeMap::new();
    for it in found {
        let near = |class: Class| {
            let before = last.get(&(class as u8));
            before
                .filter(|before| it.start >= before.end && it.start - before.end <= NEAR)
                .copied()
        };
        let denied = last.get(&(Class::Not as u8));
        if it.class == Class::Verb && denied.is_some_and(|not| it.end <= not.end) {
            continue;
        }
        match it.class {
            Class::Not => {
                last.remove(&(Class::Verb as u8));
            }
            // verb, which, what: `ignore all previous instructions`.
            Class::What => {
                let which = near(Class::Which);
                let verb = near(Class::Verb).or_else(|| {
                    let verb = last.get(&(Class::Verb as u8)).copied();
                    verb.filter(|verb| {
                        which.is_some_and(|it| it.start <= verb.end + NEAR && it.start >= verb.end)
                    })
                });
                match (verb, which) {
                    (Some(verb), Some(which)) if which.start >= verb.end => {
                        signs.add("override", 0.9)
                    }
                    (Some(_), _) => signs.add("override", 0.5),
                    _ => {}
                }
            }
            // what, verb: `以前の指示を無視して`.
            Class::VerbAfter if near(Class::What).is_some() => {
                let which = last.get(&(Class::Which as u8));
                let what = last.get(&(Class::What as u8));
                let told = which.zip(what).is_some_and(|(which, what)| {
                    which.start <= what.end && what.end - which.start <= 2 * NEAR
                });
                signs.add("override", if told { 0.9 } else { 0.6 });
            }
            Class::Own if near(Class::Tell).is_some() => signs.add("leak", 0.75),
            Class::Own if near(Class::Verb).is_some() => signs.add("override", 0.9),
            Class::TellAfter if near(Class::Own).is_some() => signs.add("leak", 0.75),
            Class::Role => signs.add("role", if is_data { 0.7 } else { 0.5 }),
            Class::Hide => signs.add("secrecy", if is_data { 0.8 } else { 0.5 }),
            Class::Call if is_data => signs.add("addressed", 0.6),
            Class::Send if is_data => signs.add("exfiltration", 0.5),
            _ => {}
        }
        last.insert(it.class as u8, *it);
    }
}

//! What recorded answers back, by provider and operation (`fixtures/verified.tsv`): those that pass,
//! through the provider's own row. The list of providers (`docs/providers.md`) says it, and what a
//! plugin says of itself is held to it.

use std::collections::{BTreeMap, BTreeSet};

use crate::components::{self, Component};
use crate::judge::{Verdict, judge};
use crate::play::{cast, play_as};
use crate::recordings::Recording;
use crate::replay::guarded;
use crate::text;

pub const VERIFIED: &str = include_str!("../fixtures/verified.tsv");

/// Further names of a provider's API: the same answers have to pass under each.
const OTHERS: [(&str, &str); 4] = [
    ("ai21", "ai21_chat"),
    ("cohere", "cohere_chat"),
    ("ollama", "ollama_chat"),
    ("watsonx", "watsonx_text"),
];

/// A line for each provider: its name and the operations, between spaces.
pub fn table(components: &[Component], played: &[(Recording, Verdict)]) -> String {
    let mut backed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let passed = |it: &&(Recording, Verdict)| it.1.is_ok() && it.0.status() < 400;
    for (recording, _) in played.iter().filter(passed) {
        let cast = cast(components, recording).unwrap();
        let name = text(cast.component.provider(&cast.provider).unwrap(), "name");
        let operations = backed.entry(name.to_owned()).or_default();
        operations.insert(cast.operation);
        let others = OTHERS.iter().filter(|it| it.0 == name);
        for (_, other) in others {
            let verdict = guarded(|| judge(recording, &play_as(components, recording, other)?));
            if verdict.is_ok() {
                let operations = backed.entry((*other).to_owned()).or_default();
                operations.insert(cast.operation);
            }
        }
    }
    let line = |(name, operations): (String, BTreeSet<&str>)| {
        let operations: Vec<&str> = operations.into_iter().collect();
        format!("{name}\t{}\n", operations.join(" "))
    };
    backed.into_iter().map(line).collect()
}

#[test]
fn a_provider_is_verified_exactly_if_recorded_answers_of_its_own_pass() {
    let lines = VERIFIED.lines().filter_map(|it| it.split_once('\t'));
    let mut backed: BTreeMap<&str, &str> = lines.collect();
    let mut wrong = Vec::new();
    for component in components::all() {
        for provider in component.document["providers"].as_array().unwrap() {
            let name = text(provider, "name");
            let operations = backed.remove(name);
            if provider["verified"] != operations.is_some() {
                wrong.push(format!("{name} says otherwise: {operations:?}"));
            }
        }
    }
    wrong.extend(backed.keys().map(|it| format!("{it} is nobody's")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

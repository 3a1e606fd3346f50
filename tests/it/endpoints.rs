//! What LiteLLM's providers serve natively is served here too, or it is said why not.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::documents;

/// Providers of LiteLLM's, and what they serve.
const CATALOGUE: &str = include_str!("litellm_endpoints.tsv");

/// Provider, endpoint, and why it is not served. `*`: it is no operation here, whoever has it.
const UNSERVED: &str = include_str!("unserved_endpoints.tsv");

/// LiteLLM's words for what is an operation here. Of several operations the first step is enough.
const OPERATIONS: [(&str, &str); 17] = [
    ("audio-speech", "audio.speech"),
    ("audio-transcription", "audio.transcribe"),
    ("batches", "batches.create"),
    ("chat", "chat"),
    ("completions", "completions"),
    ("count-tokens", "count-tokens"),
    ("embeddings", "embeddings"),
    ("files", "files.create"),
    ("generateContent", "generate-content"),
    ("image-edits", "images.edit"),
    ("image-variations", "images.vary"),
    ("images", "images.generate"),
    ("messages", "messages"),
    ("moderations", "moderations"),
    ("realtime", "realtime"),
    ("rerank", "rerank"),
    ("responses", "responses"),
];

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|it| !it.starts_with('#'))
}

/// Provider, endpoint, reason.
pub fn unserved() -> impl Iterator<Item = [&'static str; 3]> {
    lines(UNSERVED).map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        cells.try_into().unwrap()
    })
}

/// What is served, by every name that a plugin answers to.
fn served() -> BTreeMap<String, Vec<String>> {
    let mut served = BTreeMap::new();
    for document in documents() {
        for provider in document["providers"].as_array().unwrap() {
            let operations = provider["operations"].as_object().unwrap();
            let operations: Vec<String> = operations.keys().cloned().collect();
            let aliases = provider["aliases"].as_array().into_iter().flatten();
            for name in aliases.chain([&provider["name"]]) {
                served.insert(name.as_str().unwrap().to_owned(), operations.clone());
            }
        }
    }
    served
}

/// What a provider that is served has at LiteLLM and not here.
fn missing() -> BTreeSet<(&'static str, &'static str)> {
    let served = served();
    let mut missing = BTreeSet::new();
    for line in lines(CATALOGUE) {
        let (provider, endpoints) = line.split_once('\t').unwrap();
        let Some(ours) = served.get(provider) else {
            continue;
        };
        for endpoint in endpoints.split(' ') {
            let known = OPERATIONS.iter().find(|(name, _)| *name == endpoint);
            match known {
                Some((_, operation)) if ours.iter().any(|it| it == operation) => {}
                Some(_) => drop(missing.insert((provider, endpoint))),
                None => drop(missing.insert(("*", endpoint))),
            }
        }
    }
    missing
}

#[test]
fn every_endpoint_of_a_provider_is_served_or_it_is_said_why_not() {
    let missing = missing();
    let mut said = BTreeSet::new();
    for [provider, endpoint, why] in unserved() {
        assert!(!why.is_empty(), "{provider} {endpoint}: no reason");
        let first = said.insert((provider, endpoint));
        assert!(first, "{provider} {endpoint}: two reasons");
    }
    let unsaid: Vec<_> = missing.difference(&said).collect();
    assert!(
        unsaid.is_empty(),
        "neither served nor explained: {unsaid:?}"
    );
    let idle: Vec<_> = said.difference(&missing).collect();
    assert!(idle.is_empty(), "a reason without a need: {idle:?}");
}

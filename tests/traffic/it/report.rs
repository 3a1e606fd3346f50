//! What passes and what does not, as operators read it (`docs/recordings.md`), and the floor under
//! it (`fixtures/floor.tsv`). What does not pass is known, with its reason (`fixtures/known.tsv`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::judge::Verdict;
use crate::recordings::Recording;
use crate::verified::{self, VERIFIED};
use crate::{components, listed, replay, root};

const BEFORE: &str = "# Recorded traffic

Answers of real providers, recorded by public test suites, are played through the component that would
have asked for them, whole, byte by byte and in random pieces. One passes if the text, the reasoning, the
tool calls, the finish reason, the usage and the kind of an error are those that a reader of the provider's
own bytes finds; one that is relayed passes if it is what OpenAI's clients read already. Every recording comes to the
same through the compiled component, in the engine of the gateway. A stream that is cut before its end is
taken for an interruption, and a chat is whole for a client of any other dialect. `tools` are chats,
whole or streamed, that were answered with tool calls. `chatgpt` and Ollama's and
Gemini's addresses in OpenAI's dialect are no providers by name: they are reached as `openai_like`. The
recordings and their licences: [SOURCES.md](../tests/traffic/fixtures/SOURCES.md).

Each component asks at the address that its recordings came from: method, host, path and query. What is
asked elsewhere has its [reason](../tests/traffic/fixtures/wire/addresses.tsv).

What each component sends for 25 requests is held beside what LiteLLM 1.109.1 sends for them, and what an
error becomes beside LiteLLM's exception. Each difference has its reason:
[requests](../tests/traffic/fixtures/wire/differences.tsv),
[errors](../tests/traffic/fixtures/wire/exceptions.tsv).

";

const KNOWN: &str = include_str!("../fixtures/known.tsv");
pub const FLOOR: &str = include_str!("../fixtures/floor.tsv");

/// A reason why recordings do not pass: provider, endpoint, the recordings' ids or `*`, reason.
struct Reason {
    provider: &'static str,
    endpoint: &'static str,
    ids: Vec<&'static str>,
    why: &'static str,
}

impl Reason {
    fn fits(&self, recording: &Recording) -> bool {
        let named = self.ids == ["*"] || self.ids.contains(&recording.id.as_str());
        self.provider == recording.provider && self.endpoint == recording.endpoint && named
    }
}

fn known() -> Vec<Reason> {
    let read = |line: &'static str| {
        let mut cells = line.split('\t');
        let mut next = || cells.next().unwrap();
        Reason {
            provider: next(),
            endpoint: next(),
            ids: next().split(' ').collect(),
            why: next(),
        }
    };
    KNOWN.lines().map(read).collect()
}

type Counts = BTreeMap<(String, String), [usize; 2]>;

fn counts(played: &[(Recording, Verdict)]) -> Counts {
    let mut counts = Counts::new();
    for (recording, verdict) in played {
        let place = (recording.provider.clone(), recording.kind.clone());
        let [all, passed] = counts.entry(place).or_default();
        *all += 1;
        *passed += usize::from(verdict.is_ok());
    }
    counts
}

fn page(played: &[(Recording, Verdict)], counts: &Counts, known: &[Reason]) -> String {
    let all: usize = counts.values().map(|it| it[0]).sum();
    let passed: usize = counts.values().map(|it| it[1]).sum();
    let mut page = BEFORE.to_owned();
    writeln!(page, "{passed} of {all} recordings pass.\n").unwrap();
    page.push_str("| provider | kind | recordings | pass |\n|---|---|--:|--:|\n");
    for ((provider, kind), [all, passed]) in counts {
        writeln!(page, "| {provider} | {kind} | {all} | {passed} |").unwrap();
    }
    page.push_str("\n## What does not pass\n\n| provider | endpoint | reason | recordings |\n|---|---|---|---|\n");
    for reason in known {
        let failed = played
            .iter()
            .filter(|(it, verdict)| verdict.is_err() && reason.fits(it));
        let ids: Vec<String> = failed.map(|(it, _)| format!("`{}`", it.id)).collect();
        let Reason {
            provider,
            endpoint,
            why,
            ..
        } = reason;
        writeln!(
            page,
            "| {provider} | {endpoint} | {why} | {} |",
            ids.join(" ")
        )
        .unwrap();
    }
    page + &listed::page()
}

#[test]
fn every_recording_passes_or_its_failure_is_known_and_none_falls_below_the_floor() {
    let played = replay::all();
    let known = known();
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for (recording, verdict) in &played {
        let Recording {
            id,
            provider,
            endpoint,
            ..
        } = recording;
        let fitting: Vec<usize> = (0..known.len())
            .filter(|it| known[*it].fits(recording))
            .collect();
        match (verdict, fitting.as_slice()) {
            (Err(_), [one]) => drop(used.insert(*one)),
            (Err(what), several) => {
                let what: String = what.chars().take(600).collect();
                wrong.push(format!(
                    "{provider} {endpoint} {id} ({} reasons): {what}",
                    several.len()
                ));
            }
            (Ok(()), []) => {}
            (Ok(()), _) => wrong.push(format!(
                "{provider} {endpoint} {id} passes, and is known not to"
            )),
        }
    }
    let unused = known
        .iter()
        .enumerate()
        .filter(|(it, _)| !used.contains(it));
    wrong.extend(unused.map(|(_, it)| {
        format!(
            "{} {}: a reason without a failure",
            it.provider, it.endpoint
        )
    }));
    let counts = counts(&played);
    let floor: String = counts
        .iter()
        .map(|((provider, kind), [_, passed])| format!("{provider}\t{kind}\t{passed}\n"))
        .collect();
    hold(
        &mut wrong,
        "tests/traffic/fixtures/floor.tsv",
        FLOOR,
        &floor,
    );
    let backed = verified::table(&components::all(), &played);
    let path = "tests/traffic/fixtures/verified.tsv";
    hold(&mut wrong, path, VERIFIED, &backed);
    let docs = std::fs::read_to_string(root().join("docs/recordings.md")).unwrap_or_default();
    hold(
        &mut wrong,
        "docs/recordings.md",
        &docs,
        &page(&played, &counts, &known),
    );
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is committed is what came out; the new one is put where it can be looked at.
fn hold(wrong: &mut Vec<String>, path: &str, committed: &str, now: &str) {
    if committed == now {
        return;
    }
    let name = Path::new(path).file_name().unwrap();
    let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&beside, now).unwrap();
    let mut lines = committed.lines().zip(now.lines());
    let first = lines.find(|(old, new)| old != new);
    wrong.push(format!(
        "{path} says other than what is so ({first:?}); what is so: {}",
        beside.display()
    ));
}

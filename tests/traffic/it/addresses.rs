//! Where a component asks is where the recorded answer came from: method, host, path and query. A
//! difference is deliberate, with its reason (`fixtures/wire/addresses.tsv`), or wrong.

use std::collections::BTreeSet;

use crate::components;
use crate::places::decoded;
use crate::play::{asked, cast};
use crate::recordings;
use crate::wire::matches;

const DIFFERENCES: &str = include_str!("../fixtures/wire/addresses.tsv");

/// Recorded addresses that are asked at another: provider, the recorded method and address and ours,
/// each some patterns, and why.
struct Reason {
    patterns: [&'static str; 3],
    why: &'static str,
}

fn reasons() -> Vec<Reason> {
    let read = |line: &'static str| {
        let mut cells = line.split('\t');
        let mut next = || cells.next().unwrap();
        Reason {
            patterns: [next(), next(), next()],
            why: next(),
        }
    };
    DIFFERENCES.lines().map(read).collect()
}

/// An address whose parts can be compared: without its scheme's port, its path without escapes, the
/// members of its query in order.
fn comparable(method: &str, url: &str) -> String {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut members: Vec<String> = query.split('&').map(decoded).collect();
    members.sort();
    let address = decoded(address).replacen(":443/", "/", 1);
    let address = address.replacen("://127.0.0.1", "://localhost", 1);
    match query.is_empty() {
        true => format!("{method} {address}"),
        false => format!("{method} {address}?{}", members.join("&")),
    }
}

#[test]
fn every_recorded_address_is_the_one_that_is_asked_unless_a_reason_is_given() {
    let (components, reasons) = (components::all(), reasons());
    let (mut used, mut wrong) = (BTreeSet::new(), BTreeSet::new());
    let (mut compared, mut alike) = (0, 0);
    for recording in recordings::all() {
        // What the gateway cannot ask for at all is known to the report.
        let Ok(cast) = cast(&components, &recording) else {
            continue;
        };
        if recording.url.is_empty() {
            continue;
        }
        compared += 1;
        let theirs = comparable(&recording.method, &recording.address());
        let ours = asked(&cast).map_or_else(
            |cause| format!("nothing: {cause}"),
            |sent| {
                let base = cast.base_url().unwrap_or_default().trim_end_matches('/');
                let base = if sent.url.starts_with('/') { base } else { "" };
                comparable(&sent.method, &format!("{base}{}", sent.url))
            },
        );
        let found = [recording.provider.as_str(), &theirs, &ours];
        let fits = |it: &Reason| {
            it.patterns
                .iter()
                .zip(found)
                .all(|(patterns, text)| patterns.split('|').any(|it| matches(it, text)))
        };
        let fitting: Vec<usize> = (0..reasons.len())
            .filter(|it| fits(&reasons[*it]))
            .collect();
        match (theirs == ours, fitting.as_slice()) {
            (true, []) => alike += 1,
            (false, [one]) => drop(used.insert(*one)),
            (_, several) => drop(wrong.insert(format!(
                "{}\t{}\t{}\t({} reasons)",
                found[0],
                found[1],
                found[2],
                several.len()
            ))),
        }
    }
    for (at, it) in reasons.iter().enumerate() {
        assert!(!it.why.is_empty());
        if !used.contains(&at) {
            wrong.insert(format!("{:?}: a reason without a difference", it.patterns));
        }
    }
    let lines: Vec<String> = wrong.into_iter().collect();
    assert!(
        lines.is_empty(),
        "{} wrong:\n{}",
        lines.len(),
        lines.join("\n")
    );
    assert!(compared > 1_500 && alike > 1_200, "{alike} of {compared}");
}

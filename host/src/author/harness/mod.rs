//! `sluice plugin test`, and what the gateway's own tests hold every shipped plugin to: its
//! fixtures, and what the contract demands of every component whatever it is for.
//!
//! Exports are pure functions, so the same call comes to the same in a fresh instance and in one
//! that others have used; what upstreams should not answer is an error and no breakdown; nothing is
//! asked for that the document does not declare.

mod altered;
mod case;
mod reach;
mod streams;
mod watched;

use std::collections::BTreeSet;

use serde_json::Value;
use sluice_engine::{Isolation, Limits, Stats};
use sluice_fixture::Chunking;

pub use case::{Case, Played};
pub use watched::Watched;

use super::documents::Document;
use super::report::{Report, size};
use super::subject::Subject;

/// Behind every word of the other caller. Nobody else writes it.
const MARK: &str = "-canary-5e1f0a9c";
/// Failures that are told of one kind; the others are counted.
const TOLD: usize = 5;

/// What a component is held to.
#[derive(Debug, Clone)]
pub struct Terms {
    pub limits: Limits,
    /// Where random places to cut at begin.
    pub seed: u64,
    /// Texts that stand in this machine's environment, which no guest may know.
    pub environment: Vec<String>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            seed: 7,
            environment: Vec::new(),
        }
    }
}

/// Holds a component to its own examples, to these fixtures, and to the contract.
pub async fn run(subject: &Subject, fixtures: &[Document], terms: &Terms) -> Report {
    let mut report = Report::default();
    describes_itself_always_alike(subject, &mut report).await;
    let cases = cases(subject, fixtures, &mut report);
    if cases.is_empty() {
        report.wrong(
            "fixtures",
            "there are none: write `examples` into the document, or give a folder with `--fixtures`",
        );
        return report;
    }
    covers(subject, &cases, &mut report);
    let harness = Harness {
        subject,
        cases: &cases,
        known: known(subject, fixtures),
        terms,
    };
    let fresh = harness.fixtures(&mut report).await;
    harness.reuse(&fresh, &mut report).await;
    harness.chunking(&mut report).await;
    harness.tenants(&fresh, &mut report).await;
    harness.broken_input(&mut report).await;
    harness.reach(&fresh, &mut report);
    report
}

async fn describes_itself_always_alike(subject: &Subject, report: &mut Report) {
    match subject.plugin.describe().await {
        Ok(again) if again == subject.described => report.fine("describe", "always the same"),
        Ok(_) => report.wrong(
            "describe",
            "it is not the same each time: it may depend on nothing",
        ),
        Err(cause) => report.wrong("describe", cause.to_string()),
    }
}

/// The examples and the fixtures that can be read, each once.
fn cases(subject: &Subject, fixtures: &[Document], report: &mut Report) -> Vec<Case> {
    let examples = subject.describe.examples.iter();
    let examples = examples.map(|value| Document {
        origin: "an example of its own".to_owned(),
        value: value.clone(),
    });
    let mut seen: Vec<Value> = Vec::new();
    let (mut cases, mut wrong) = (Vec::new(), Vec::new());
    for document in examples.chain(fixtures.iter().cloned()) {
        if seen.contains(&document.value) {
            continue;
        }
        match Case::read(&document) {
            Ok(case) => cases.push(case),
            Err(what) => wrong.push(what),
        }
        seen.push(document.value);
    }
    report.judge("fixtures fit", few(wrong), format!("{}", cases.len()));
    cases
}

/// Whether every operation, guardrail and callback has a fixture.
fn covers(subject: &Subject, cases: &[Case], report: &mut Report) {
    let describe = &subject.describe;
    let operations = describe
        .providers
        .iter()
        .flat_map(|it| it.operations.keys());
    let hooks = describe.guardrails.iter().chain(&describe.callbacks);
    let declared: BTreeSet<&str> = operations
        .map(String::as_str)
        .chain(hooks.map(|it| it.name.as_str()))
        .collect();
    let tried: BTreeSet<&str> = cases
        .iter()
        .map(|case| match case {
            Case::Provider(fixture) => fixture.operation.as_str(),
            Case::Hook(_) => case.of(),
        })
        .collect();
    let missing: Vec<&str> = declared.difference(&tried).copied().collect();
    match missing.as_slice() {
        [] => report.fine("all is tried", format!("{}", declared.len())),
        _ => report.remark(
            "all is tried",
            format!("no fixture for {}", missing.join(", ")),
        ),
    }
}

/// All that its author wrote, as text: what stands there is no secret of this machine.
fn known(subject: &Subject, fixtures: &[Document]) -> String {
    let fixtures = fixtures.iter().map(|it| it.value.to_string());
    std::iter::once(subject.described.clone())
        .chain(fixtures)
        .collect()
}

struct Harness<'h> {
    subject: &'h Subject,
    cases: &'h [Case],
    known: String,
    terms: &'h Terms,
}

impl Harness<'_> {
    /// Every case in instances of its own.
    async fn fixtures(&self, report: &mut Report) -> Vec<Played> {
        let (mut all, mut wrong) = (Vec::new(), Vec::new());
        let (mut slowest, mut memory) = (0.0f64, 0);
        for case in self.cases {
            // One that breaks opens the circuit, and the others are to be judged by themselves.
            let plugin = self.subject.run_as(Isolation::Fresh, &self.terms.limits);
            let played = case.play(&plugin, Chunking::Whole).await;
            if let Err(what) = &played.judged {
                wrong.push(format!("`{}`: {what}", case.name()));
            }
            let stats = plugin.stats();
            slowest = slowest.max(mean_ms(&stats));
            memory = memory.max(stats.memory_high_water);
            all.push(played);
        }
        let count = self.cases.len();
        report.judge("fixtures pass", few(wrong), format!("{count}"));
        let limits = &self.terms.limits;
        let (allowed, cpu) = (limits.memory_bytes as u64, limits.cpu.as_millis());
        report.fine("memory", format!("{} of {}", size(memory), size(allowed)));
        report.fine("time", format!("{slowest:.2} ms a call, of {cpu} ms"));
        all
    }

    /// All cases one after the other in one instance, twice.
    async fn reuse(&self, fresh: &[Played], report: &mut Report) {
        let plugin = self.subject.run_as(Isolation::Pooled, &self.terms.limits);
        let mut wrong = Vec::new();
        let mut unequal = 0;
        for _ in 0..2 {
            for (case, first) in self.cases.iter().zip(fresh) {
                if first.broke.is_some() {
                    continue;
                }
                let played = case.play(&plugin, Chunking::Whole).await;
                if played.judged != first.judged {
                    let what = played.judged.err().unwrap_or_default();
                    wrong.push(format!(
                        "`{}` in an instance that was used: {what}",
                        case.name()
                    ));
                } else if played.said != first.said {
                    match self.is_alike(case, first).await {
                        true => wrong.push(format!(
                            "`{}` comes to something else in an instance that was used: keep nothing in globals",
                            case.name()
                        )),
                        false => unequal += 1,
                    }
                }
            }
        }
        let fine = match unequal {
            0 => "the same in fresh and in used instances".to_owned(),
            _ => "as expected in fresh and in used instances; it answers by time or chance"
                .to_owned(),
        };
        report.judge("fresh and used", few(wrong), fine);
    }

    /// Whether two fresh instances come to the same: else time or chance is in it.
    async fn is_alike(&self, case: &Case, first: &Played) -> bool {
        let plugin = self.subject.run_as(Isolation::Fresh, &self.terms.limits);
        case.play(&plugin, Chunking::Whole).await.said == first.said
    }

    /// Streams cut at every byte and at random places.
    async fn chunking(&self, report: &mut Report) {
        let (mut wrong, mut count) = (Vec::new(), 0);
        let seeds = (0..4).map(|it| Chunking::Random(self.terms.seed.wrapping_add(it)));
        let ways: Vec<Chunking> = std::iter::once(Chunking::Bytes).chain(seeds).collect();
        let plugin = self.subject.run_as(Isolation::Call, &self.terms.limits);
        for case in self.cases {
            if plugin.looks_at_streams() {
                count += 1;
                wrong.extend(streams::misfits(&plugin, case, self.terms.seed).await);
            }
            if !case.streams() {
                continue;
            }
            count += 1;
            for way in &ways {
                if let Err(what) = case.play(&plugin, *way).await.judged {
                    wrong.push(format!("`{}` cut as {way:?}: {what}", case.name()));
                }
            }
        }
        let fine = match count {
            0 => "no fixture streams".to_owned(),
            _ => format!("{count} streams, cut at every byte and at random places"),
        };
        report.judge("streams cut", few(wrong), fine);
    }

    /// Two callers after each other in one instance: nothing of one is in what the other gets.
    async fn tenants(&self, fresh: &[Played], report: &mut Report) {
        let plugin = self.subject.run_as(Isolation::Pooled, &self.terms.limits);
        let mut wrong = Vec::new();
        for (case, first) in self.cases.iter().zip(fresh) {
            if first.broke.is_some() {
                continue;
            }
            altered::marked(case, MARK)
                .play(&plugin, Chunking::Whole)
                .await;
            let played = case.play(&plugin, Chunking::Whole).await;
            if played.said.iter().any(|it| it.contains(MARK)) {
                wrong.push(format!(
                    "`{}` tells one caller what another one said",
                    case.name()
                ));
            } else if played.judged != first.judged {
                let what = played.judged.err().unwrap_or_default();
                wrong.push(format!("`{}` after another caller: {what}", case.name()));
            }
        }
        report.judge(
            "two callers",
            few(wrong),
            "nothing of one reaches the other",
        );
    }

    /// What no upstream and no client should send.
    async fn broken_input(&self, report: &mut Report) {
        let (mut wrong, mut count) = (Vec::new(), 0);
        for case in self.cases {
            for broken in altered::broken(case) {
                count += 1;
                let plugin = self.subject.run_as(Isolation::Call, &self.terms.limits);
                let played = broken.case.play(&plugin, Chunking::Whole).await;
                let (name, what) = (case.name(), &broken.what);
                match played.broke {
                    Some(broke) => wrong.push(format!("`{name}`, {what}: {broke}")),
                    None if broken.has_no_answer && played.answered => {
                        wrong.push(format!("`{name}`, {what}: it is taken for an answer"));
                    }
                    None => {}
                }
            }
        }
        let fine = format!("{count} calls came to an answer or an error");
        report.judge("broken input", few(wrong), fine);
    }

    /// Hosts, secrets, and what stands in this machine's environment.
    fn reach(&self, fresh: &[Played], report: &mut Report) {
        let (mut hosts, mut secrets, mut leaks) = (Vec::new(), Vec::new(), Vec::new());
        for (case, played) in self.cases.iter().zip(fresh) {
            let beyond = reach::beyond(&self.subject.describe, case, played);
            hosts.extend(beyond.hosts);
            secrets.extend(beyond.secrets);
            let is_hidden = |it: &&String| !self.known.contains(it.as_str());
            let mut hidden = self.terms.environment.iter().filter(is_hidden);
            if hidden.any(|it| played.said.iter().any(|said| said.contains(it.as_str()))) {
                leaks.push(format!(
                    "`{}`: what this machine's environment says is in its answer",
                    case.name()
                ));
            }
        }
        report.judge("hosts", few(hosts), "declared, or the deployment's own");
        report.judge("secrets", few(secrets), "its own, by name");
        report.judge("environment", few(leaks), "nothing of it is known");
    }
}

fn mean_ms(stats: &Stats) -> f64 {
    match stats.calls {
        0 => 0.0,
        calls => stats.cpu.as_secs_f64() * 1000.0 / calls as f64,
    }
}

/// The first ones, and how many more there are.
fn few(mut all: Vec<String>) -> Vec<String> {
    all.dedup();
    let more = all.len().saturating_sub(TOLD);
    all.truncate(TOLD);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all
}

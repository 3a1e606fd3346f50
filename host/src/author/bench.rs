//! `sluice plugin bench`: what a component costs, on its own fixtures.

use std::time::Duration;

use sluice_engine::{Isolation, Limits};
use sluice_fixture::Chunking;
use tokio::time::Instant;

use super::AuthorError;
use super::documents::Document;
use super::harness::Case;
use super::report::{Report, size};
use super::subject::Subject;

/// How often an instance is made to see what that costs.
const STARTS: u32 = 50;

/// Runs every fixture so many times, in instances that are kept and in new ones.
///
/// # Errors
/// There is no fixture, or one does not pass: what fails costs nothing that one could compare.
pub async fn bench(
    subject: &Subject,
    fixtures: &[Document],
    limits: &Limits,
    rounds: u32,
) -> Result<Report, AuthorError> {
    let examples = subject.describe.examples.iter();
    let examples = examples.map(|value| Document {
        origin: "an example of its own".to_owned(),
        value: value.clone(),
    });
    let documents: Vec<Document> = examples.chain(fixtures.iter().cloned()).collect();
    let cases: Result<Vec<Case>, String> = documents.iter().map(Case::read).collect();
    let cases = cases.map_err(AuthorError::Refused)?;
    if cases.is_empty() {
        return Err(AuthorError::refused(
            "there are no fixtures: write `examples` into the document, or give a folder with `--fixtures`",
        ));
    }
    let mut report = Report::default();
    report.fine("size", size(subject.bytes.len() as u64));
    report.fine(
        "load",
        format!(
            "{:.1} ms (compiled, or taken from the cache)",
            ms(subject.compiled)
        ),
    );
    let start = start(subject, limits).await?;
    report.fine(
        "new instance",
        format!("{:.3} ms with `describe`", ms(start)),
    );
    let mut memory = 0;
    for case in &cases {
        memory = memory.max(one(subject, case, limits, rounds, &mut report).await?);
    }
    let allowed = limits.memory_bytes as u64;
    report.fine("memory", format!("{} of {}", size(memory), size(allowed)));
    Ok(report)
}

/// The mean of making an instance and asking it for its document.
async fn start(subject: &Subject, limits: &Limits) -> Result<Duration, AuthorError> {
    let plugin = subject.run_as(Isolation::Fresh, limits);
    let begun = Instant::now();
    for _ in 0..STARTS {
        let described = plugin.describe().await;
        described.map_err(crate::plugins::InstallError::from)?;
    }
    Ok(begun.elapsed() / STARTS)
}

/// Measures one fixture, and gives the most memory that an instance had.
async fn one(
    subject: &Subject,
    case: &Case,
    limits: &Limits,
    rounds: u32,
    report: &mut Report,
) -> Result<u64, AuthorError> {
    let mut memory = 0;
    for isolation in [Isolation::Pooled, Isolation::Fresh] {
        let plugin = subject.run_as(isolation, limits);
        let mut times = Vec::new();
        for _ in 0..rounds {
            let begun = Instant::now();
            let played = case.play(&plugin, Chunking::Whole).await;
            times.push(begun.elapsed());
            played.judged.map_err(|what| {
                AuthorError::refused(format!(
                    "`{}` does not pass: {what}; `sluice plugin test` says more",
                    case.name()
                ))
            })?;
        }
        times.sort();
        let stats = plugin.stats();
        let per_call = ms(stats.cpu) / stats.calls.max(1) as f64;
        memory = memory.max(stats.memory_high_water);
        let (half, most) = (at(&times, 50), at(&times, 99));
        let what = format!("{} ({})", case.name(), isolation.as_str());
        let detail = format!(
            "{:.3} ms at the median, {:.3} ms at 99 %; {per_call:.3} ms of computing a call, of {}",
            ms(half),
            ms(most),
            limits.cpu.as_millis()
        );
        report.fine(what, detail);
    }
    Ok(memory)
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    let place = sorted.len().saturating_sub(1) * percent / 100;
    sorted.get(place).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[test]
fn a_percentile_is_one_of_the_times() {
    let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
    assert_eq!(at(&times, 50), Duration::from_millis(50));
    assert_eq!(at(&times, 99), Duration::from_millis(99));
    assert_eq!(at(&[], 99), Duration::ZERO);
}

//! `sluice plugin check`: what a component is, before a line of it is trusted.

use std::path::Path;

use serde_json::Value;
use sluice_engine::{CONTRACT_VERSION, Engine, Settings, inspect};

use super::AuthorError;
use super::capabilities::Capabilities;
use super::documents::Schema;
use super::report::{Report, size};
use crate::plugins::describe::Describe;
use crate::plugins::read_component;

/// Above this a component is slow to copy, to compile and to start.
const LARGE: usize = 32 << 20;

/// Judges a component by itself, as far as it can be loaded. What keeps it from serving is wrong.
///
/// # Errors
/// The file cannot be read.
pub async fn check(engine: &Engine, file: &Path) -> Result<Report, AuthorError> {
    let arrival = read_component(file)?;
    let mut report = Report::default();
    let length = arrival.bytes.len();
    if length > LARGE {
        report.remark(
            "size",
            format!("{}: it will be slow to load", size(length as u64)),
        );
    } else {
        report.fine("size", size(length as u64));
    }
    report.fine("sha256", &arrival.digest);
    let inspection = match inspect(&arrival.bytes) {
        Ok(inspection) => inspection,
        Err(cause) => {
            report.wrong("contract", cause.to_string());
            return Ok(report);
        }
    };
    let kind = inspection.kind.as_str();
    report.fine(
        "contract",
        format!(
            "{} {kind}, this gateway runs {CONTRACT_VERSION}",
            inspection.version
        ),
    );
    report.fine("imports", inspection.imports.join("\n"));
    let loaded = engine.load(&arrival.stem, arrival.bytes, Settings::default());
    let plugin = match loaded.await {
        Ok(plugin) => plugin,
        Err(cause) => {
            report.wrong("compiled", cause.to_string());
            return Ok(report);
        }
    };
    let (first, second) = match (plugin.describe().await, plugin.describe().await) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(cause), _) | (_, Err(cause)) => {
            report.wrong("describe", cause.to_string());
            return Ok(report);
        }
    };
    if first != second {
        report.wrong(
            "describe",
            "it is not the same each time: it may depend on nothing",
        );
    }
    if let Some(describe) = document(&first, kind, &mut report) {
        let asked = Capabilities::of(&describe, &inspection);
        report.fine("asks for", asked.lines().join("\n"));
    }
    Ok(report)
}

/// The document, if it is one.
fn document(text: &str, kind: &str, report: &mut Report) -> Option<Describe> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(cause) => {
            report.wrong("describe", format!("it is no JSON: {cause}"));
            return None;
        }
    };
    let misfits = Schema::Describe.misfits(&value);
    let fits = misfits.is_empty();
    for misfit in misfits {
        report.wrong("describe", misfit);
    }
    match Describe::parse(text) {
        Ok(describe) => {
            if let Err(cause) = describe.fits(kind) {
                report.wrong("describe", cause.to_string());
                return None;
            }
            let (name, version) = (&describe.name, &describe.version);
            report.fine("describe", format!("{name} {version}"));
            let count = describe.examples.len();
            match count {
                0 => report.remark(
                    "examples",
                    "none: nothing is tried before a new version serves",
                ),
                _ => report.fine("examples", format!("{count}")),
            }
            Some(describe)
        }
        // The schema has said where already.
        Err(_) if !fits => None,
        Err(cause) => {
            report.wrong("describe", cause.to_string());
            None
        }
    }
}

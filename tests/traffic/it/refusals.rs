//! Recorded errors: each has its kind, LiteLLM's status and exception, and the provider's words.
//!
//! `fixtures/errors.tsv` says what is expected of each, by hand: id, provider, kind, status of the
//! gateway's answer, what its message begins with, seconds to wait. The gateway's own test of its
//! error bodies reads the same table.

use sluice_sdk::serde_json::Value;

use crate::judge::{Verdict, holds, same};
use crate::play::Played;
use crate::recordings::Recording;
use crate::{list, text};

pub const EXPECTED: &str = include_str!("../fixtures/errors.tsv");

/// The row of a recording.
fn expected(id: &str) -> Result<Vec<&'static str>, String> {
    let mut rows = EXPECTED
        .lines()
        .map(|it| it.split('\t').collect::<Vec<_>>());
    let row = rows.find(|it| it[0] == id);
    row.ok_or_else(|| "errors.tsv does not say what is expected".to_owned())
}

pub fn judge(recording: &Recording, played: &Played) -> Verdict {
    let error = played
        .outcome
        .error
        .as_ref()
        .ok_or("an error is taken for an answer")?;
    let document = recording.json();
    let ours = error.kind.is_empty();
    let known = played.component.provider(&played.provider).unwrap();
    let kind = match ours {
        true => hosts_kind(&known["errors"], &document, recording.status()),
        false => error.kind.clone(),
    };
    let row = expected(&recording.id)?;
    same("provider", &row[1], &played.provider.as_str())?;
    same("kind", &row[2], &kind.as_str())?;
    same(
        "status",
        &Some(recording.status()),
        &error.status.map(u64::from),
    )?;
    let header = recording.reply.as_ref().unwrap()["headers"]["retry-after"].as_str();
    let told = error.retry_after_ms.map(|it| it.div_ceil(1000).to_string());
    let waits = told
        .or_else(|| header.map(str::to_owned))
        .unwrap_or_default();
    same("retry-after", &row[5], &waits.as_str())?;
    if ours || document.is_null() {
        return Ok(());
    }
    let said = texts(&document);
    let told = said
        .iter()
        .any(|it| !it.is_empty() && error.message.contains(it.as_str()));
    holds(
        told,
        &format!("the provider's words are lost: {}", error.message),
    )
}

/// Every text of a document.
fn texts(document: &Value) -> Vec<String> {
    match document {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// What the gateway makes of an error that the component leaves to it: the rules of `describe`,
/// then words that many providers use, then the status.
pub fn hosts_kind(rules: &Value, document: &Value, status: u64) -> String {
    let fits = |rule: &&Value| {
        let value = document.pointer(text(rule, "pointer"));
        let value = value.map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
        let equals = rule["equals"]
            .as_str()
            .is_none_or(|it| value.as_deref() == Some(it));
        let contains = |it: &str| value.as_ref().is_some_and(|value| value.contains(it));
        value.is_some() && equals && rule["contains"].as_str().is_none_or(contains)
    };
    if let Some(rule) = list(&rules["kinds"]).iter().find(fits) {
        return text(rule, "kind").to_owned();
    }
    let lower = document.to_string().to_ascii_lowercase();
    let long = [
        "context length",
        "context window",
        "maximum context",
        "prompt is too long",
    ];
    if matches!(status, 400 | 413 | 422) && long.iter().any(|it| lower.contains(it)) {
        return "context-window".to_owned();
    }
    match status {
        401 => "authentication",
        402 => "quota",
        403 => "permission",
        404 => "not-found",
        408 | 504 => "timeout",
        429 => "rate-limit",
        503 | 529 => "overloaded",
        400..=499 => "invalid-request",
        _ => "upstream",
    }
    .to_owned()
}

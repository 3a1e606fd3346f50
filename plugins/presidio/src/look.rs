//! One look at the texts of a stage.

use std::collections::BTreeMap;

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, Refusal};
use sluice_texts::Sheet;

use crate::found::{Found, apart};
use crate::mask::{Numbering, Table, masked, plain};
use crate::settings::Settings;
use crate::{analyze, anonymize};

/// What is to stand where something was found.
#[derive(Clone, Copy)]
pub enum Way<'t> {
    /// A mask that stays.
    Plain,
    /// A mask that is undone in the answer.
    Numbered,
    /// What stood there: only blocking is possible.
    Unchanged,
    /// An answer: the values of these masks come back; what else is found is masked for good, where
    /// answers are looked at.
    Back(&'t Table),
}

/// What came of it.
#[derive(Default)]
pub struct Looked {
    pub refusal: Option<Refusal>,
    /// Spans by index, and their new texts.
    pub edits: Vec<(u32, String)>,
    pub findings: Option<Value>,
    pub table: Table,
}

/// Looks at spans, given as channel and text.
///
/// # Errors
/// Presidio fails, or the texts are too long.
pub fn at<'s>(
    settings: &Settings,
    spans: impl Iterator<Item = (&'s str, &'s str)>,
    way: Way<'_>,
) -> Result<Looked, Error> {
    let sheet = Sheet::of(spans);
    let texts = sheet.texts();
    if let Way::Back(table) = way
        && !settings.looks_at_answers()
    {
        if table.is_empty() {
            return Ok(Looked::default());
        }
        let back = texts.iter().map(|it| Some(table.undone(it, false)));
        return Ok(Looked {
            edits: sheet.edits(&back.collect::<Vec<_>>()),
            ..Looked::default()
        });
    }
    let mut found = analyze::all(settings, &texts)?;
    if let Way::Back(table) = way {
        for (text, found) in texts.iter().zip(&mut found) {
            let masks = table.places(text);
            found.retain(|it| {
                !masks
                    .iter()
                    .any(|(from, to)| it.start < *to && *from < it.end)
            });
        }
    }
    if let Some(refusal) = refusal(settings, &found) {
        return Ok(Looked {
            refusal: Some(refusal),
            ..Looked::default()
        });
    }
    let found: Vec<Vec<Found>> = found.into_iter().map(apart).collect();
    let mut looked = Looked {
        findings: findings(&found),
        ..Looked::default()
    };
    let new = match way {
        Way::Unchanged => return Ok(looked),
        Way::Numbered => {
            let (new, table) = numbered(&texts, &found);
            looked.table = table;
            new
        }
        Way::Plain => written(settings, &texts, &found)?,
        Way::Back(table) => {
            let new = written(settings, &texts, &found)?;
            let all = texts.iter().zip(new);
            let back = all.map(|(old, new)| {
                let new = new.unwrap_or_else(|| (*old).to_owned());
                Some(table.undone(&new, false))
            });
            back.collect()
        }
    };
    looked.edits = sheet.edits(&new);
    Ok(looked)
}

/// The first entities that are not to pass.
fn refusal(settings: &Settings, found: &[Vec<Found>]) -> Option<Refusal> {
    let all = found.iter().flatten();
    let blocked = all.filter(|it| it.is_blocked(settings));
    let counts = counted(blocked);
    let names: Vec<&str> = counts.keys().copied().collect();
    (!names.is_empty()).then(|| {
        let message = format!("Blocked PII entity detected: {}", names.join(", "));
        let detail = json!({"blocked_entities": summary(&counts)});
        Refusal::new(message, "pii").with_detail(&detail)
    })
}

/// For the log: how many of each entity, and the best score. Never the text.
fn findings(found: &[Vec<Found>]) -> Option<Value> {
    let counts = counted(found.iter().flatten());
    (!counts.is_empty()).then(|| json!({"entities": summary(&counts)}))
}

type Counts<'f> = BTreeMap<&'f str, (usize, f64)>;

fn counted<'f>(all: impl Iterator<Item = &'f Found>) -> Counts<'f> {
    let mut counts = Counts::new();
    for one in all {
        let (count, best) = counts.entry(&one.entity).or_insert((0, one.score));
        *count += 1;
        *best = best.max(one.score);
    }
    counts
}

fn summary(counts: &Counts<'_>) -> Value {
    let each = counts.iter();
    each.map(|(name, (count, best))| ((*name).to_owned(), json!({"count": count, "score": best})))
        .collect()
}

fn numbered(texts: &[&str], found: &[Vec<Found>]) -> (Vec<Option<String>>, Table) {
    let mut numbers = Numbering::of(texts);
    let all = texts.iter().zip(found);
    let new = all.map(|(text, found)| {
        let mask = |it: &Found, value: &str| numbers.mask(&it.entity, value);
        Some(masked(text, found, mask))
    });
    let new = new.collect();
    (new, numbers.table)
}

/// Masks that stay, by the anonymizer if there is one.
fn written(
    settings: &Settings,
    texts: &[&str],
    found: &[Vec<Found>],
) -> Result<Vec<Option<String>>, Error> {
    if let Some(address) = settings.anonymizer() {
        return anonymize::all(&address, texts, found);
    }
    let all = texts.iter().zip(found);
    let new = all.map(|(text, found)| Some(masked(text, found, |it, _| plain(&it.entity))));
    Ok(new.collect())
}

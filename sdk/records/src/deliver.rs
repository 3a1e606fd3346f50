//! A batch, sent in parts.

use std::collections::VecDeque;

use serde_json::Value;
use sluice_sdk::fault::{self, kind};
use sluice_sdk::{Error, host};

use crate::memory::Memory;
use crate::outcome::Outcome;
use crate::{Fate, Record, Reply};

/// Requests that the host lets a callback make for one batch.
pub const MOST_REQUESTS: usize = 16;

/// How long one request may take, in milliseconds, and how long after the first one another may
/// begin: together less than the 30 seconds that the host gives a call.
pub const TIMEOUT_MS: u64 = 15_000;
const LAST_BEGINS_MS: u64 = 12_000;

/// What a service takes with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the pieces together, without what stands around and between them.
    pub bytes: usize,
    /// Pieces.
    pub pieces: usize,
}

/// One record as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its record's place in the batch.
    pub record: usize,
    /// Its record's name, the same each time.
    pub name: String,
    /// Its part of the document.
    pub text: String,
}

/// Sends a batch. `make` gives a record's part of the document, or nothing for one that this
/// callback is not to send; `send` sends some of them together, in the order of the batch.
///
/// # Errors
/// Some records were not taken. One whose kind is worth another try: the host hands the batch over
/// again, and what was taken is then passed over. Else: none of the rest ever will be.
pub fn deliver(
    config: &Value,
    batch: &[Value],
    limits: Limits,
    mut make: impl FnMut(Record<'_>) -> Option<String>,
    send: impl FnMut(&[Piece]) -> Reply,
) -> Result<(), Error> {
    let memory = Memory::of(config);
    let mut outcome = Outcome::default();
    let mut names = Vec::with_capacity(batch.len());
    let mut pieces = Vec::with_capacity(batch.len());
    for (place, document) in batch.iter().enumerate() {
        let Some(record) = Record::of(document) else {
            names.push(String::new());
            outcome.refuse(place, "it is no record");
            continue;
        };
        let name = record.name();
        names.push(name.clone());
        if memory.place(&name, place, &mut outcome) {
            continue;
        }
        match make(record) {
            None => drop(outcome.taken.insert(place)),
            Some(text) if text.len() > limits.bytes => {
                outcome.refuse(place, "it is too large for the service");
            }
            Some(text) => pieces.push(Piece {
                record: place,
                name,
                text,
            }),
        }
    }
    send_all(parts(pieces, limits), send, host::now_ms, &mut outcome);
    memory.keep(&names, &outcome);
    outcome.into_result()
}

/// The texts of pieces, with something between them.
pub fn joined(pieces: &[Piece], between: &str) -> String {
    let texts: Vec<&str> = pieces.iter().map(|it| it.text.as_str()).collect();
    texts.join(between)
}

/// `now`: milliseconds.
fn send_all(
    mut parts: VecDeque<Vec<Piece>>,
    mut send: impl FnMut(&[Piece]) -> Reply,
    now: impl Fn() -> u64,
    outcome: &mut Outcome,
) {
    let (began, mut made) = (now(), 0);
    while let Some(part) = parts.pop_front() {
        let is_late = now().saturating_sub(began) > LAST_BEGINS_MS && made > 0;
        if made == MOST_REQUESTS || is_late {
            let text = "more requests or more time than one batch may take";
            let mut error = fault::error(kind::OVERLOADED, text);
            error.retry_after_ms = Some(0);
            return leave(part, parts, error, outcome);
        }
        made += 1;
        match send(&part) {
            Reply::Taken => outcome.taken.extend(part.iter().map(|it| it.record)),
            Reply::Partly(fates) => partly(&part, fates, outcome),
            Reply::TooLarge => halve(part, "it is too large for the service", &mut parts, outcome),
            Reply::Refused(error) => halve(part, &error.message, &mut parts, outcome),
            Reply::Later(error) => return leave(part, parts, error, outcome),
            Reply::Never(error) => {
                for piece in part.iter().chain(parts.iter().flatten()) {
                    outcome.refuse(piece.record, &error.message);
                }
                return;
            }
        }
    }
}

/// As many pieces together as may be.
fn parts(pieces: Vec<Piece>, limits: Limits) -> VecDeque<Vec<Piece>> {
    let mut parts: VecDeque<Vec<Piece>> = VecDeque::new();
    let mut bytes = 0;
    for piece in pieces {
        bytes += piece.text.len();
        match parts.back_mut() {
            Some(part) if part.len() < limits.pieces && bytes <= limits.bytes => part.push(piece),
            _ => {
                bytes = piece.text.len();
                parts.push_back(vec![piece]);
            }
        }
    }
    parts
}

/// The halves go first, so that the order stays; a single piece is refused.
fn halve(mut part: Vec<Piece>, why: &str, parts: &mut VecDeque<Vec<Piece>>, outcome: &mut Outcome) {
    if let [single] = part.as_slice() {
        return outcome.refuse(single.record, why);
    }
    let second = part.split_off(part.len() / 2);
    parts.push_front(second);
    parts.push_front(part);
}

fn partly(part: &[Piece], fates: Vec<(usize, Fate)>, outcome: &mut Outcome) {
    for (record, fate) in fates {
        match fate {
            Fate::Refused(why) => outcome.refuse(record, why),
            Fate::Later(why) => {
                outcome.left.insert(record);
                outcome
                    .error
                    .get_or_insert_with(|| fault::error(kind::UPSTREAM, why));
            }
        }
    }
    let records = part.iter().map(|it| it.record);
    let taken = records
        .filter(|it| !outcome.refused.contains_key(it) && !outcome.left.contains(it))
        .collect::<Vec<_>>();
    outcome.taken.extend(taken);
}

fn leave(part: Vec<Piece>, rest: VecDeque<Vec<Piece>>, error: Error, outcome: &mut Outcome) {
    let pieces = part.into_iter().chain(rest.into_iter().flatten());
    outcome.left.extend(pieces.map(|it| it.record));
    outcome.error = Some(error);
}

#[cfg(test)]
mod tests;

//! What is asked.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, fault};
use sluice_texts::{Piece, characters, cut, pack};

/// Longest piece, in characters. The classifier scores a piece as a whole: a sentence weighs less the
/// more stands around it.
const LONGEST: usize = 2000;
/// What two pieces of one text share, in characters: a sentence across the cut is whole in one.
const SHARED: usize = 100;
/// Pieces in one request.
const MOST_PIECES: usize = 32;
/// Requests of one look; the host allows no more.
const MOST_REQUESTS: usize = 16;

/// Refuses what is too long by its bytes alone, before it is copied: a component's memory has an end.
///
/// # Errors
/// They are more than one look may ask about.
pub fn judge(bytes: usize) -> Result<(), Error> {
    const WIDEST_LETTER: usize = 4;
    match bytes > MOST_REQUESTS * MOST_PIECES * LONGEST * WIDEST_LETTER {
        true => Err(too_long()),
        false => Ok(()),
    }
}

/// The texts, cut and packed into requests.
///
/// # Errors
/// They are more than one look may ask about.
pub fn batches(texts: &[String]) -> Result<Vec<Vec<&str>>, Error> {
    let pieces = texts.iter().flat_map(|text| pieces(text));
    let batches = pack(pieces, |_| 0, (MOST_PIECES, 0));
    match batches.len() > MOST_REQUESTS {
        true => Err(too_long()),
        false => Ok(batches),
    }
}

fn too_long() -> Error {
    let most = MOST_REQUESTS * MOST_PIECES;
    fault::invalid_request(format!(
        "the texts are more than the {most} pieces of {LONGEST} characters that one look can ask \
         OpenAI about"
    ))
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let pieces = cut(text, characters, LONGEST, SHARED).into_iter();
    pieces.map(|Piece { text, .. }| text)
}

pub fn body(model: &str, pieces: &[&str]) -> Value {
    json!({"model": model, "input": pieces})
}

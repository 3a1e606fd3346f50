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

/// The texts, cut and packed into requests.
///
/// # Errors
/// They are more than one look may ask about.
pub fn batches(texts: &[String]) -> Result<Vec<Vec<&str>>, Error> {
    let pieces = texts.iter().flat_map(|text| pieces(text));
    let batches = pack(pieces, |_| 0, (MOST_PIECES, 0));
    if batches.len() > MOST_REQUESTS {
        let most = MOST_REQUESTS * MOST_PIECES;
        return Err(fault::invalid_request(format!(
            "the texts are more than the {most} pieces of {LONGEST} characters that one look can ask \
             OpenAI about"
        )));
    }
    Ok(batches)
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let pieces = cut(text, characters, LONGEST, SHARED).into_iter();
    pieces.map(|Piece { text, .. }| text)
}

pub fn body(model: &str, pieces: &[&str]) -> Value {
    json!({"model": model, "input": pieces})
}

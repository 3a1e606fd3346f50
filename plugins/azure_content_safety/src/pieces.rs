//! Texts within the limits of the service.

use sluice_sdk::{Error, Inspection, Span, fault};
use sluice_texts::{Piece, Sheet, characters, cut, pack};

/// Characters of a text in one request (`maxLength`).
pub const LONGEST: usize = 10_000;
/// What two pieces of one text share, in characters.
const SHARED: usize = 200;
/// Requests of one look; the host allows no more.
const MOST_REQUESTS: usize = 16;
const WIDEST_LETTER: usize = 4;
const BETWEEN: &str = "\n\n";

/// The texts of the spans of some kind, each within the limit.
///
/// # Errors
/// One look cannot ask about so much, by its bytes alone. They are not copied: a component's memory
/// has an end.
pub fn of(inspection: &Inspection, wanted: impl Fn(&Span) -> bool) -> Result<Vec<String>, Error> {
    let spans = inspection.spans.iter().filter(|it| wanted(it));
    let sheet = Sheet::of(spans.map(|it| (it.channel.as_str(), it.text.as_str())));
    judge(sheet.bytes() / LONGEST / WIDEST_LETTER)?;
    let texts = sheet.joined();
    let pieces = texts.iter().flat_map(|text| {
        let pieces = cut(text, characters, LONGEST, SHARED).into_iter();
        pieces.map(|Piece { text, .. }| text.to_owned())
    });
    Ok(pieces.collect())
}

/// Short ones together, so that a long conversation is few requests.
pub fn together(pieces: Vec<String>) -> Vec<String> {
    let size = |it: &String| it.chars().count() + BETWEEN.len();
    let batches = pack(pieces, size, (usize::MAX, LONGEST));
    batches.into_iter().map(|it| it.join(BETWEEN)).collect()
}

/// # Errors
/// One look may not make so many requests.
pub fn judge(requests: usize) -> Result<(), Error> {
    if requests > MOST_REQUESTS {
        return Err(fault::invalid_request(format!(
            "the texts are more than the {MOST_REQUESTS} requests of {LONGEST} characters that one look \
             can make"
        )));
    }
    Ok(())
}

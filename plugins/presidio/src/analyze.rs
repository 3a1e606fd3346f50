//! The analyzer: what personal data is in these texts?

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, FetchRequest, fault};
use sluice_texts::{Piece, cut, json_bytes};

use crate::found::Found;
use crate::settings::Settings;

/// What stands between two texts. All texts of a call go to the analyzer as one: most servers take
/// one text a request (lists came with the server of December 2025), and a look may make 16.
const BETWEEN: &str = "\n\n";
/// What two pieces of a long text share, in characters: an entity across a cut is whole in one.
const SHARED: usize = 500;
/// Requests of one look; one more is left for the anonymizer.
const MOST_REQUESTS: usize = 15;

/// Texts one behind the other, and where each stands, in characters.
struct Joined {
    text: String,
    /// Begin and end.
    places: Vec<(usize, usize)>,
}

impl Joined {
    fn of(texts: &[&str]) -> Self {
        let mut joined = Self {
            text: String::new(),
            places: Vec::new(),
        };
        let mut at = 0;
        for text in texts {
            if !joined.places.is_empty() {
                joined.text.push_str(BETWEEN);
                at += BETWEEN.chars().count();
            }
            let length = text.chars().count();
            joined.text.push_str(text);
            joined.places.push((at, at + length));
            at += length;
        }
        joined
    }

    /// Gives an entity to each text that it reaches into, at its place there.
    fn give(&self, found: &Found, to: &mut [Vec<Found>]) {
        let first = self.places.partition_point(|(_, end)| *end <= found.start);
        let places = self.places.iter().zip(to).skip(first);
        for ((begin, end), list) in places.take_while(|((begin, _), _)| *begin < found.end) {
            let found = Found {
                start: found.start.max(*begin) - begin,
                end: found.end.min(*end) - begin,
                ..found.clone()
            };
            // It may be but what stands between two texts.
            if found.start < found.end {
                list.push(found);
            }
        }
    }
}

/// What is found in each text and counts.
///
/// # Errors
/// The analyzer fails, answers what is no answer, or the texts are too long.
pub fn all(settings: &Settings, texts: &[&str]) -> Result<Vec<Vec<Found>>, Error> {
    let mut found = vec![Vec::new(); texts.len()];
    if texts.is_empty() {
        return Ok(found);
    }
    let too_long = || {
        fault::invalid_request(format!(
            "the texts are more than {MOST_REQUESTS} times `presidio_analyze_chunk_size_bytes`"
        ))
    };
    let bytes: usize = texts.iter().map(|it| it.len()).sum();
    if bytes > MOST_REQUESTS * settings.chunk_bytes() {
        // Before they are copied: a component's memory has an end.
        return Err(too_long());
    }
    let joined = Joined::of(texts);
    let pieces = cut(&joined.text, json_bytes, settings.chunk_bytes(), SHARED);
    if pieces.len() > MOST_REQUESTS {
        return Err(too_long());
    }
    for piece in pieces {
        for one in ask(settings, piece)? {
            joined.give(&one, &mut found);
        }
    }
    Ok(found)
}

/// What is found in a piece, at its places in the whole.
fn ask(settings: &Settings, piece: Piece<'_>) -> Result<Vec<Found>, Error> {
    let request = FetchRequest::post(settings.analyzer()).json(&body(settings, piece.text));
    let answer = request.send()?.ok()?.json()?;
    let results = answer.as_array();
    let results = results.ok_or_else(|| fault::upstream("the analyzer's answer is no list"))?;
    let characters = piece.text.chars().count();
    let mut all = Vec::new();
    for result in results {
        let mut found = Found::read(result, characters).ok_or_else(|| {
            fault::upstream("a result of the analyzer's answer is none, or outside of the text")
        })?;
        found.start += piece.at;
        found.end += piece.at;
        if found.counts(settings) {
            all.push(found);
        }
    }
    Ok(all)
}

fn body(settings: &Settings, text: &str) -> Value {
    let mut body = json!({"text": text, "language": settings.language()});
    let entities: Vec<&String> = settings.pii_entities_config.keys().collect();
    if !entities.is_empty() {
        body["entities"] = json!(entities);
    }
    if !settings.presidio_ad_hoc_recognizers.is_empty() {
        body["ad_hoc_recognizers"] = json!(settings.presidio_ad_hoc_recognizers);
    }
    body
}

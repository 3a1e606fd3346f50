//! Answers that stream: masks are put back, and where the settings say so, what the model itself
//! tells of people is masked.

use serde::{Deserialize, Serialize};
use sluice_fold::Folded;
use sluice_sdk::serde_json;
use sluice_sdk::{
    Error, Held, Inspection, Lane, Passed, Piece, StreamVerdict, parse_state, write_json,
};

use crate::find::find;
use crate::mask::{Masker, Masks, Place};
use crate::settings::Settings;

/// What lives from one batch of pieces to the next.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    masks: Masks,
    /// None: the answer is not looked at, masks are only put back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
    #[serde(default)]
    held: Held,
}

/// What is known of a text whose beginning went through.
#[derive(Debug, Serialize, Deserialize)]
struct Before {
    place: Place,
    /// Its last letters: a word in them may say what the number behind it is.
    text: String,
}

pub fn open(inspection: &Inspection) -> Result<String, Error> {
    let settings = Settings::of(inspection)?;
    let masks = super::masks_of(inspection)?;
    let looks = super::looks_at_output(&settings, inspection);
    Ok(write_json(&State {
        masks,
        settings: looks.then_some(settings),
        held: Held::default(),
    }))
}

pub fn feed(state: &str, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
    let mut state: State = parse_state(state)?;
    let masks = std::mem::take(&mut state.masks);
    let settings = state.settings.take();
    let mut masker = settings.as_ref().map(|it| Masker::new(it, false));
    let pieces = state
        .held
        .feed(pieces, last, |lane, text, ends| match &mut masker {
            None => masks.put_back(&text, lane.is_json(), ends),
            Some(masker) => looked_at(masker, &masks, lane, &text, ends),
        });
    let (mut findings, mut blocked) = (None, None);
    if let Some(masker) = masker {
        findings = super::findings(&masker);
        blocked = super::refusal(&masker);
    }
    if let Some(refusal) = blocked {
        return Ok(StreamVerdict::Block(refusal));
    }
    (state.masks, state.settings) = (masks, settings);
    Ok(StreamVerdict::Pass(Passed {
        pieces,
        findings: findings.map(|it| it.to_string()),
        state: write_json(&state),
    }))
}

/// Masks what is found in the part of a text that can be judged by now, and holds the rest back.
fn looked_at(
    masker: &mut Masker,
    masks: &Masks,
    lane: &mut Lane,
    text: &str,
    ends: bool,
) -> (String, String) {
    let is_json = lane.is_json();
    let before = before(lane, text);
    let all = before.text.clone() + text;
    let folded = Folded::of(&all, is_json);
    let from = folded.folded_place(before.text.len());
    let mut found = find(&folded, masker.kinds(), from);
    let mut cut = match ends {
        true => all.len(),
        false => folded
            .place_of(open_from(&folded.text))
            .max(before.text.len()),
    };
    for it in &found {
        if it.range.start < cut && it.range.end > cut {
            cut = it.range.start;
        }
    }
    found.retain(|it| it.range.end <= cut);
    for it in &mut found {
        it.range = it.range.start - before.text.len()..it.range.end - before.text.len();
    }
    let judged = text.get(..cut - before.text.len()).unwrap_or_default();
    let masked = masker.masked(judged, before.place, found);
    let (out, rest) = masks.put_back(&masked, is_json, ends);
    let gone = judged.strip_suffix(rest.as_str()).unwrap_or(judged);
    remember(lane, &before, gone);
    let later = text.get(gone.len()..).unwrap_or_default();
    (out, later.to_owned())
}

fn before(lane: &Lane, text: &str) -> Before {
    serde_json::from_str(&lane.memory).unwrap_or_else(|_| Before {
        place: match lane.is_json() {
            false => Place::Text,
            true if text.trim_start().starts_with(['{', '[']) => Place::Value,
            true => Place::Inside,
        },
        text: String::new(),
    })
}

fn remember(lane: &mut Lane, before: &Before, gone: &str) {
    /// As far as a detector looks back for a word, with room for the word, in letters of three bytes.
    const KEPT_BYTES: usize = 192;
    if gone.is_empty() {
        return;
    }
    let all = before.text.clone() + gone;
    let mut from = all.len().saturating_sub(KEPT_BYTES);
    while !all.is_char_boundary(from) {
        from += 1;
    }
    lane.memory = write_json(&Before {
        place: before.place.after(gone),
        text: all.get(from..).unwrap_or_default().to_owned(),
    });
}

/// The place from which on more text may make something of what is there: the last word, and the
/// numbers before it.
fn open_from(text: &str) -> usize {
    /// The longest word that is looked for is a web token.
    const LONGEST_WORD: usize = 8192;
    const LONGEST_NUMBER: usize = 128;
    let is_word = |it: char| it.is_ascii_graphic() || ('\u{c0}'..='\u{24f}').contains(&it);
    let word = |end: usize, most: usize| {
        let before = text.get(..end).unwrap_or_default().char_indices().rev();
        let letters = before.take(most).take_while(|(_, it)| is_word(*it));
        letters.last().map_or(end, |(at, _)| at)
    };
    let last_word = word(text.len(), LONGEST_WORD);
    let mut open = last_word;
    loop {
        let head = text.get(..open).unwrap_or_default();
        let end = head.trim_end_matches([' ', '\n', '\r', '\t']).len();
        let start = word(end, LONGEST_NUMBER);
        let before = text.get(start..end).unwrap_or_default();
        if open - end > 2 || before.is_empty() || !may_go_on(before) {
            break;
        }
        if last_word - start > LONGEST_NUMBER {
            break;
        }
        open = start;
    }
    let key = text.rfind("-----BEGIN ");
    let unfinished = key.filter(|it| {
        let key = text.get(*it..).unwrap_or_default();
        let end = key.split_once("-----END ").map(|(_, title)| title);
        !end.is_some_and(|title| title.contains("-----"))
    });
    unfinished.map_or(open, |key| open.min(key))
}

/// Whether a number may go on behind such a word and a blank: groups of digits, of an account, and
/// the lines of a passport.
fn may_go_on(word: &str) -> bool {
    let account = word.len() <= 4 && word.bytes().all(|it| it.is_ascii_uppercase());
    account || word.contains(|it: char| it.is_ascii_digit() || it == '<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_on_is_held_back() {
        for (text, held) in [
            ("call me at ", ""),
            ("call me at +49", "+49"),
            ("call me at +49 30 ", "+49 30 "),
            ("my mail is ada@exam", "ada@exam"),
            ("电话1380", "电话1380"),
            ("IBAN GB82 WEST 12", "IBAN GB82 WEST 12"),
            ("done. ", ""),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nMII",
                "-----BEGIN RSA PRIVATE KEY-----\nMII",
            ),
        ] {
            let held = held.trim_start_matches("电话");
            assert_eq!(&text[open_from(text)..], held, "{text}");
        }
    }
}

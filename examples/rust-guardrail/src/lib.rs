//! A guardrail: words of the settings are blocked, or masked on the way to the model and put back into its answer,
//! also while that streams.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{
    Decision, Error, Guardrail, Held, Inspection, Passed, Piece, StreamGuardrail, StreamVerdict,
    described, parse_state, stream_guardrail, unmasked, write_json,
};

/// The guardrail.
pub struct Words;

const FIXTURES: [&str; 3] = [
    include_str!("../fixtures/blocked.json"),
    include_str!("../fixtures/masked.json"),
    include_str!("../fixtures/restored.json"),
];

impl Guardrail for Words {
    fn describe() -> String {
        // The fixtures are run before a new version serves: a version that fails them never does.
        described(include_str!("../describe.json"), &FIXTURES)
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let settings: Value = inspection.settings()?;
        let words = settings["words"].as_array().into_iter().flatten();
        let words: Vec<&str> = words.filter_map(Value::as_str).collect();
        let mut table: Map<String, Value> = parse_state(&inspection.state)?;
        let blocks = settings["action"] == "block";
        if inspection.stage == "post" && !blocks {
            return Ok(inspection.rewritten(|it| unmasked(&it.text, it.is_json(), &table)));
        }
        let decision = inspection.rewritten(|it| masked(&it.text, &words, &mut table));
        let found = json!({"words": table.len()});
        Ok(match (table.is_empty(), blocks) {
            (true, _) => decision,
            (_, true) => Decision::block("a word of this text is not allowed", "word"),
            (_, false) => decision
                .with_findings(&found)
                .with_state(write_json(&table)),
        })
    }
}

/// Each spelling has a mask of its own. The table comes back as the state of the next stage.
fn masked(mut text: &str, words: &[&str], table: &mut Map<String, Value>) -> String {
    let mut new = String::new();
    while let Some((at, word)) = first(text, words) {
        let known = table.iter().find(|(_, it)| **it == *word);
        let mask = known.map(|(mask, _)| mask.clone());
        let mask = mask.unwrap_or_else(|| format!("<WORD_{}>", table.len() + 1));
        new = new + &text[..at] + &mask;
        table.insert(mask, word.into());
        text = &text[at + word.len()..];
    }
    new + text
}

/// Where the first word stands, in letters of either case, and as it is spelled there.
fn first<'t>(text: &'t str, words: &[&str]) -> Option<(usize, &'t str)> {
    text.char_indices().find_map(|(at, _)| {
        words.iter().find_map(|word| {
            let here = text[at..].get(..word.len())?;
            here.eq_ignore_ascii_case(word).then_some((at, here))
        })
    })
}

impl StreamGuardrail for Words {
    fn open(inspection: &Inspection) -> Result<String, Error> {
        let table: Map<String, Value> = parse_state(&inspection.state)?;
        Ok(write_json(&(table, Held::default())))
    }

    fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
        let (table, mut held): (Map<String, Value>, Held) = parse_state(&state)?;
        let pieces = held.feed(pieces, last, |lane, text, ends| {
            let text = unmasked(&text, lane.is_json(), &table);
            // What may be the beginning of a mask waits for the rest of it.
            let open = text
                .rfind('<')
                .filter(|at| !ends && !text[*at..].contains('>'));
            let (now, later) = text.split_at(open.unwrap_or(text.len()));
            (now.to_owned(), later.to_owned())
        });
        let state = write_json(&(table, held));
        Ok(StreamVerdict::Pass(Passed {
            pieces,
            findings: None,
            state,
        }))
    }
}

stream_guardrail!(Words);

#[cfg(test)]
mod tests;

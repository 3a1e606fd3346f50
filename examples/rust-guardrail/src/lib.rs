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
        if settings["action"] == "block" {
            let found = inspection
                .spans
                .iter()
                .any(|it| first(&it.text, &words).is_some());
            let refusal = || Decision::block("a word of this text is not allowed", "word");
            return Ok(if found { refusal() } else { Decision::allow() });
        }
        let mut table: Map<String, Value> = parse_state(&inspection.state)?;
        if inspection.stage == "post" {
            return Ok(inspection.rewritten(|it| unmasked(&it.text, it.is_json(), &table)));
        }
        let decision = inspection.rewritten(|it| masked(&it.text, &words, &mut table));
        if table.is_empty() {
            return Ok(decision);
        }
        let found = json!({"words": table.len()});
        Ok(decision
            .with_findings(&found)
            .with_state(write_json(&table)))
    }
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

/// Where the first word begins and ends, in letters of either case.
fn first(text: &str, words: &[&str]) -> Option<(usize, usize)> {
    text.char_indices().find_map(|(at, _)| {
        let is = |word: &&&str| {
            text[at..]
                .get(..word.len())
                .is_some_and(|it| it.eq_ignore_ascii_case(word))
        };
        words.iter().find(is).map(|word| (at, at + word.len()))
    })
}

/// Each spelling has a mask of its own. The table comes back as the state of the next stage.
fn masked(mut text: &str, words: &[&str], table: &mut Map<String, Value>) -> String {
    let mut new = String::new();
    while let Some((at, end)) = first(text, words) {
        let known = table.iter().find(|(_, it)| **it == text[at..end]);
        let mask = known.map(|(mask, _)| mask.clone());
        let mask = mask.unwrap_or_else(|| format!("<WORD_{}>", table.len() + 1));
        new += &text[..at];
        new += &mask;
        table.insert(mask, text[at..end].into());
        text = &text[end..];
    }
    new + text
}

#[cfg(test)]
mod tests;

//! A guardrail in one file: writes `***` where a project's secret name stands, in requests, in
//! answers, and in answers that stream. The settings say the name.
//!
//! ```yaml
//! guardrails:
//!   - guardrail_name: hush
//!     litellm_params: {guardrail: hush, mode: [pre_call, post_call], word: nightjar, default_on: true}
//! ```

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{
    Decision, Error, Guardrail, Held, Inspection, Passed, Piece, StreamGuardrail, StreamVerdict,
    parse_state, stream_guardrail, write_json,
};

/// The guardrail.
pub struct Hush;

impl Guardrail for Hush {
    fn describe() -> String {
        json!({
            "name": "hush", "version": "1.0.0",
            "guardrails": [{
                "name": "hush", "stages": ["pre", "post", "log"],
                "config_schema": {
                    "type": "object", "required": ["word"],
                    "properties": {"word": {"type": "string", "minLength": 1, "description": "What nobody is to read."}}
                }
            }],
            // They are run before a new version serves, and by `cargo test`.
            "examples": [{
                "name": "the word is gone", "guardrail": "hush", "config": {"guardrail": "hush", "word": "nightjar"},
                "spans": [{"text": "When does nightjar start?"}],
                "expect": {"verdict": "edit", "texts": ["When does *** start?"], "findings": {"texts": 1}}
            }]
        })
        .to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let word = word(inspection)?;
        let mut found = 0;
        let decision = inspection.rewritten(|span| {
            found += usize::from(span.text.contains(&word));
            span.text.replace(&word, "***")
        });
        Ok(decision.with_findings(&json!({ "texts": found })))
    }
}

impl StreamGuardrail for Hush {
    /// The pieces come without the settings, so the state carries what they say.
    fn open(inspection: &Inspection) -> Result<String, Error> {
        Ok(write_json(&(word(inspection)?, Held::default())))
    }

    fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
        let (word, mut held): (String, Held) = parse_state(&state)?;
        let pieces = held.feed(pieces, last, |_, text, ends| {
            let text = text.replace(&word, "***");
            let keep = if ends { 0 } else { begun(&text, &word) };
            let (now, later) = text.split_at(text.len() - keep);
            (now.to_owned(), later.to_owned())
        });
        Ok(StreamVerdict::Pass(Passed {
            pieces,
            findings: None,
            state: write_json(&(word, held)),
        }))
    }
}

stream_guardrail!(Hush);

fn word(inspection: &Inspection) -> Result<String, Error> {
    let settings: Value = inspection.settings()?;
    Ok(settings["word"].as_str().unwrap_or_default().to_owned())
}

/// How many bytes at the end may be the beginning of the word.
fn begun(text: &str, word: &str) -> usize {
    let ends = word.char_indices().map(|(at, _)| at).skip(1);
    let found = ends.filter(|at| text.ends_with(&word[..*at])).last();
    found.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use sluice_sdk::testing::{inspection, piece, run_guardrail_examples, streamed_at_every_cut};

    use super::*;

    #[test]
    fn its_examples_hold() {
        run_guardrail_examples::<Hush>().unwrap();
    }

    #[test]
    fn a_word_that_is_cut_between_two_pieces_is_gone_too() {
        let asked = inspection("post", &json!({"word": "夜鷹bird"}), Vec::new());
        let text = piece("a夜b, 夜鷹bird and 夜鷹bir");
        let out = streamed_at_every_cut::<Hush>(&asked, &text).unwrap();
        assert_eq!(out.unwrap(), "a夜b, *** and 夜鷹bir");
    }
}

//! The shipped guardrail `keywords`: words and patterns of the operator's are blocked, masked,
//! replaced or told, in requests and answers, in streams before a cut word is through.

mod describe;
mod rules;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{
    Decision, Error, Guardrail, Held, Inspection, Lane, Passed, Piece, Refusal, StreamGuardrail,
    StreamVerdict, in_json, parse_state, role, stage, stream_guardrail, write_json,
};

use rules::{Found, Rules};
use settings::Action;

/// The guardrail.
pub struct Keywords;

impl Guardrail for Keywords {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let rules = Rules::of(&inspection.config)?;
        let mut seen = Seen::default();
        let edited = inspection.rewritten(|span| {
            let is_output = match inspection.stage.as_str() {
                // What is logged has both.
                stage::LOG => matches!(&*span.role, role::ASSISTANT | role::OUTPUT),
                stage => stage == stage::POST,
            };
            let (found, _) = rules.find(&span.text, span.is_json(), is_output);
            seen.put(&rules, &span.text, span.is_json(), &found)
        });
        let decision = match seen.refusal() {
            Some(refusal) if inspection.stage != stage::LOG => refusal.into(),
            // Beside the model nothing can be changed any more.
            _ if inspection.stage == stage::DURING => Decision::allow(),
            _ => edited,
        };
        Ok(match seen.findings() {
            Some(findings) => decision.with_findings(&findings),
            None => decision,
        })
    }
}

/// What lives from one batch of pieces to the next.
#[derive(Default, Serialize, Deserialize)]
struct State {
    /// The pieces come without the settings.
    config: String,
    held: Held,
}

impl StreamGuardrail for Keywords {
    fn open(inspection: &Inspection) -> Result<String, Error> {
        // Settings that do not fit are told before the first piece.
        Rules::of(&inspection.config)?;
        Ok(write_json(&State {
            config: inspection.config.clone(),
            held: Held::default(),
        }))
    }

    fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
        let mut state: State = parse_state(&state)?;
        let rules = Rules::of(&state.config)?;
        let mut seen = Seen::default();
        let pieces = state.held.feed(pieces, last, |lane, text, ends| {
            judged(&rules, &mut seen, lane, &text, ends)
        });
        Ok(match seen.refusal() {
            Some(refusal) => StreamVerdict::Block(refusal),
            None => StreamVerdict::Pass(Passed {
                pieces,
                findings: seen.findings().map(|it| it.to_string()),
                state: write_json(&state),
            }),
        })
    }
}

stream_guardrail!(Keywords);

/// What may go of a text that streams, and its end in which a word may have begun. What went before
/// is remembered for as far as it says whether a word is whole.
fn judged(
    rules: &Rules,
    seen: &mut Seen,
    lane: &mut Lane,
    text: &str,
    ends: bool,
) -> (String, String) {
    const REMEMBERED_BYTES: usize = 64;
    let (is_json, before) = (lane.is_json(), lane.memory.len());
    let all = lane.memory.clone() + text;
    // Half of an escape is no letter yet.
    let readable = match is_json && !ends {
        true => before_escape(&all, all.len()).max(before),
        false => all.len(),
    };
    let (found, open) = rules.find(all.get(..readable).unwrap_or_default(), is_json, true);
    let cut = match (ends, is_json) {
        (true, _) => all.len(),
        (false, true) => before_escape(&all, open).max(before),
        (false, false) => open.max(before),
    };
    let inside = |it: &Found| it.range.start >= before && it.range.end <= cut;
    let found: Vec<Found> = found.into_iter().filter(inside).collect();
    let shifted = |it: Found| Found {
        range: it.range.start - before..it.range.end - before,
        ..it
    };
    let found: Vec<Found> = found.into_iter().map(shifted).collect();
    let now = all.get(before..cut).unwrap_or_default();
    let out = seen.put(rules, now, is_json, &found);
    let mut from = cut.saturating_sub(REMEMBERED_BYTES);
    while !all.is_char_boundary(from) {
        from += 1;
    }
    all.get(from..cut)
        .unwrap_or_default()
        .clone_into(&mut lane.memory);
    (out, all.get(cut..).unwrap_or_default().to_owned())
}

/// A place that is in the middle of no escape of JSON.
fn before_escape(text: &str, cut: usize) -> usize {
    let head = text.get(..cut).unwrap_or_default();
    let tail_from = head.rfind('\\').filter(|at| cut - at < "\\u0000".len());
    let Some(at) = tail_from else {
        return cut;
    };
    let slashes = head.get(..=at).unwrap_or_default();
    let slashes = slashes.len() - slashes.trim_end_matches('\\').len();
    let whole = match (slashes % 2, text.as_bytes().get(at + 1)) {
        (0, _) => 1,
        (_, Some(b'u')) => "\\u0000".len(),
        _ => 2,
    };
    if at + whole > cut { at } else { cut }
}

/// What was found in a look.
#[derive(Default)]
struct Seen {
    /// How often, by rule.
    counts: BTreeMap<String, u32>,
    blocked: Option<String>,
}

impl Seen {
    /// The text with what is masked or replaced.
    fn put(&mut self, rules: &Rules, text: &str, is_json: bool, found: &[Found]) -> String {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for it in found {
            let Some(rule) = rules.all.get(it.rule) else {
                continue;
            };
            *self.counts.entry(rule.name().to_owned()).or_default() += 1;
            match rule.action {
                Action::Tag => continue,
                Action::Block => {
                    self.blocked.get_or_insert_with(|| rule.name().to_owned());
                }
                Action::Mask | Action::Replace => {}
            }
            out.push_str(text.get(done..it.range.start).unwrap_or_default());
            match is_json {
                true => out.push_str(&in_json(rule.in_its_place())),
                false => out.push_str(rule.in_its_place()),
            }
            done = it.range.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }

    fn findings(&self) -> Option<Value> {
        (!self.counts.is_empty()).then(|| json!({ "rules": self.counts }))
    }

    /// Never the word itself: who is not to say it is not to learn it here.
    fn refusal(&self) -> Option<Refusal> {
        let name = self.blocked.as_ref()?;
        let message = match name.as_str() {
            "keyword" => "this may not be said here".to_owned(),
            category => format!("this may not be said here: {category}"),
        };
        let detail = serde_json::json!({ "rules": self.counts });
        Some(Refusal::new(message, name).with_detail(&detail))
    }
}

//! The shipped guardrails `pii` and `hide-secrets`: personal data and secrets are masked, blocked
//! or told, and what was masked is put back in the answer.
//!
//! What is found stands in `kind`, how in `find`. Masks are the state of a call: a placeholder such
//! as `<EMAIL_1>` and what it stands for.

mod describe;
mod find;
mod kind;
mod mask;
mod settings;
mod stream;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{
    Decision, Error, Guardrail, Inspection, Piece, Refusal, StreamGuardrail, StreamVerdict,
    parse_state, stage, stream_guardrail, write_json,
};

use mask::{Masker, Masks};
use settings::Settings;

/// The guardrails.
pub struct Pii;

/// What the later stages of a call are handed.
#[derive(Default, Serialize, Deserialize)]
struct State {
    masks: Masks,
}

impl Guardrail for Pii {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let settings = Settings::of(inspection)?;
        match inspection.stage.as_str() {
            stage::POST => put_back(inspection, &settings),
            stage => Ok(masked(inspection, &settings, stage)),
        }
    }
}

impl StreamGuardrail for Pii {
    fn open(inspection: &Inspection) -> Result<String, Error> {
        stream::open(inspection)
    }

    fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
        stream::feed(&state, pieces, last)
    }
}

stream_guardrail!(Pii);

/// The request, or what is logged: everything is masked.
fn masked(inspection: &Inspection, settings: &Settings, stage: &str) -> Decision {
    let reversible = settings.reversible && stage == stage::PRE;
    let mut masker = Masker::new(settings, reversible);
    for span in &inspection.spans {
        masker.note(&span.text);
    }
    let edited = inspection.rewritten(|span| match settings.looks_at(&span.role) {
        true => masker.mask(&span.text, span.is_json()),
        false => span.text.clone(),
    });
    let findings = findings(&masker);
    let decision = match refusal(&masker) {
        Some(refusal) => refusal.into(),
        // Beside the model nothing can be changed any more.
        None if stage == stage::DURING => Decision::allow(),
        None => edited,
    };
    let state = State {
        masks: masker.masks,
    };
    told(decision, findings).with_state(write_json(&state))
}

/// The answer: masks are put back, and what the model itself tells is masked if that is wanted.
fn put_back(inspection: &Inspection, settings: &Settings) -> Result<Decision, Error> {
    let masks = masks_of(inspection)?;
    let looks = looks_at_output(settings, inspection);
    let mut masker = Masker::new(settings, false);
    let edited = inspection.rewritten(|span| {
        let text = match looks && settings.looks_at(&span.role) {
            true => masker.mask(&span.text, span.is_json()),
            false => span.text.clone(),
        };
        masks.put_back(&text, span.is_json(), true).0
    });
    let decision = refusal(&masker).map_or(edited, Decision::from);
    Ok(told(decision, findings(&masker)))
}

/// The masks that were made before the model was asked.
fn masks_of(inspection: &Inspection) -> Result<Masks, Error> {
    let state: State = parse_state(&inspection.state)?;
    Ok(state.masks)
}

/// One that looks at answers only is there to mask them.
fn looks_at_output(settings: &Settings, inspection: &Inspection) -> bool {
    settings.mask_output.unwrap_or(inspection.state.is_empty())
}

fn told(decision: Decision, findings: Option<Value>) -> Decision {
    match findings {
        Some(findings) => decision.with_findings(&findings),
        None => decision,
    }
}

/// How many of each kind; none: nothing was found.
fn findings(masker: &Masker) -> Option<Value> {
    (!masker.counts.is_empty()).then(|| json!({ "entities": masker.counts }))
}

fn refusal(masker: &Masker) -> Option<Refusal> {
    let mut kinds: Vec<&str> = masker.blocked.iter().map(|it| it.name()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        return None;
    }
    let message = format!("this may not be said here: {}", kinds.join(", "));
    let code = match masker.blocked.iter().all(|it| it.is_secret()) {
        true => "secret",
        false => "pii",
    };
    Some(Refusal::new(message, code).with_detail(&json!({ "entities": masker.counts })))
}

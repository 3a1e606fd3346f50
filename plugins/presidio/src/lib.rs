//! Presidio as a guardrail: personal data is masked or blocked, and with `output_parse_pii` put back
//! where an answer names the mask, in streams too.
//!
//! The wire is that of Presidio's published API: repository `microsoft/presidio`,
//! `docs/api-docs/api-docs.yml`, and of its servers, `presidio-analyzer/app.py` and
//! `presidio-anonymizer/app.py`. The settings are LiteLLM's: repository `BerriAI/litellm-docs`,
//! `docs/proxy/guardrails/pii_masking_v2.md`.

mod analyze;
mod anonymize;
mod describe;
mod found;
mod look;
mod mask;
mod settings;
mod stream;

use sluice_sdk::{
    Decision, Edit, Error, Guardrail, Inspection, Piece, StreamGuardrail, StreamVerdict,
    parse_state, stage, stream_guardrail, write_json,
};

use sluice_texts::is_definition;

use look::{Looked, Way};
use mask::Table;
use settings::Settings;

/// The guardrail.
pub struct Presidio;

impl Guardrail for Presidio {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let settings: Settings = inspection.settings()?;
        let spans = inspection.spans.iter();
        let spans = spans.map(|it| (it.channel.as_str(), it.text.as_str()));
        let table: Table = parse_state(&inspection.state)?;
        let way = match inspection.stage.as_str() {
            stage::PRE if !settings.looks_at_requests() => return Ok(Decision::allow()),
            stage::PRE if settings.output_parse_pii => Way::Numbered,
            stage::DURING => Way::Unchanged,
            stage::POST => Way::Back(&table),
            _ => Way::Plain,
        };
        let mut looked = look::at(&settings, spans, way)?;
        if inspection.stage != stage::LOG {
            looked
                .edits
                .retain(|(span, _)| may_change(inspection, *span));
        }
        let state = match inspection.stage.as_str() {
            stage::PRE => write_json(&looked.table),
            _ => inspection.state.clone(),
        };
        Ok(decision(looked).with_state(state))
    }
}

/// Tools and answers keep their definitions, but for the log.
fn may_change(inspection: &Inspection, span: u32) -> bool {
    let span = inspection.spans.get(span as usize);
    span.is_some_and(|it| !is_definition(&it.pointer))
}

fn decision(looked: Looked) -> Decision {
    if let Some(refusal) = looked.refusal {
        return refusal.into();
    }
    let edits = looked.edits.into_iter();
    let edits = edits.map(|(span, text)| Edit { span, text });
    let decision = Decision::edit(edits.collect());
    match looked.findings {
        Some(findings) => decision.with_findings(&findings),
        None => decision,
    }
}

impl StreamGuardrail for Presidio {
    fn open(inspection: &Inspection) -> Result<String, Error> {
        stream::open(inspection)
    }

    fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
        stream::feed(&state, pieces, last)
    }
}

stream_guardrail!(Presidio);

#[cfg(test)]
mod tests;

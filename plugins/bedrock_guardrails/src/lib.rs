//! Guardrails of Amazon Bedrock: what a guardrail that was made there blocks is blocked, and what it
//! masks is masked. The gateway signs (`sigv4`), with the keys that its Bedrock models use.
//!
//! The wire is that of `ApplyGuardrail` in AWS's own model: repository `boto/botocore`,
//! `botocore/data/bedrock-runtime/2023-09-30/service-2.json`. The settings are LiteLLM's: repository
//! `BerriAI/litellm-docs`, `docs/proxy/guardrails/bedrock.md`.

mod describe;
mod place;
mod request;
mod settings;
mod verdict;

use sluice_sdk::{Decision, Edit, Error, FetchRequest, Guardrail, Inspection, guardrail, stage};
use sluice_texts::{Sheet, is_definition};

use place::Place;
use settings::Settings;
use verdict::{Answer, Interventions};

/// The guardrail.
pub struct BedrockGuardrails;

impl Guardrail for BedrockGuardrails {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let settings: Settings = inspection.settings()?;
        let place = Place::of(&settings)?;
        let sheet = Sheet::of(request::spans(inspection, &settings));
        let texts = sheet.texts();
        let mut new = vec![String::new(); texts.len()];
        let mut all = Interventions::default();
        for batch in request::batches(&texts, settings.chunk_budget_chars)? {
            let asked = FetchRequest::post(place.url())
                .auth("sigv4", &place.signature())
                .json(&request::body(inspection, &batch));
            let answer = Answer::read(asked.send()?.ok()?.json()?, batch.len())?;
            all.add(&answer);
            if let Some(message) = answer.refusal() {
                return Ok(all.refusal(&message));
            }
            for (at, block) in batch.iter().enumerate() {
                if let Some(text) = new.get_mut(block.text) {
                    text.push_str(answer.masked(at).unwrap_or(block.piece));
                }
            }
        }
        let new: Vec<Option<String>> = new.into_iter().map(Some).collect();
        let edits = match inspection.stage.as_str() {
            // Beside the model nothing can be masked any more.
            stage::DURING => Vec::new(),
            _ => sheet.edits(&new),
        };
        let edits = edits.into_iter().filter(|(span, _)| {
            let span = inspection.spans.get(*span as usize);
            // Tools and answers keep their definitions.
            span.is_some_and(|it| !is_definition(&it.pointer))
        });
        let edits = edits.map(|(span, text)| Edit { span, text });
        Ok(all.noted(Decision::edit(edits.collect())))
    }
}

guardrail!(BedrockGuardrails);

#[cfg(test)]
mod tests;

//! OpenAI's moderation as a guardrail: it blocks texts that the classifier flags, or whose scores
//! reach the operator's thresholds.
//!
//! The wire is that of `POST /moderations` in OpenAI's own SDK: repository `openai/openai-python`,
//! `src/openai/types/moderation.py`, `moderation_create_params.py`, `moderation_create_response.py`.

mod describe;
mod request;
mod verdict;

use std::collections::BTreeMap;

use serde::Deserialize;
use sluice_sdk::{Decision, Error, FetchRequest, Guardrail, Inspection, guardrail};
use sluice_texts::Sheet;

/// The guardrail.
pub struct OpenAiModeration;

/// What the operator says, as `describe` has it.
#[derive(Deserialize)]
struct Settings {
    #[serde(default = "default_model")]
    model: String,
    /// Category to the score from which on it blocks, 0.0 to 1.0. Other categories block as OpenAI
    /// flags them.
    #[serde(default)]
    category_thresholds: BTreeMap<String, f64>,
}

fn default_model() -> String {
    "omni-moderation-latest".to_owned()
}

impl Guardrail for OpenAiModeration {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let settings: Settings = inspection.settings()?;
        let spans = inspection.spans.iter();
        let sheet = Sheet::of(spans.map(|it| (it.channel.as_str(), it.text.as_str())));
        request::judge(sheet.bytes())?;
        let texts = sheet.joined();
        let mut seen = verdict::Seen::default();
        for batch in request::batches(&texts)? {
            let body = request::body(&settings.model, &batch);
            let answer = FetchRequest::post("/moderations")
                .json(&body)
                .send()?
                .ok()?;
            seen.add(&answer.json()?, batch.len(), &settings.category_thresholds)?;
            if seen.violates() {
                break;
            }
        }
        Ok(seen.decision())
    }
}

guardrail!(OpenAiModeration);

#[cfg(test)]
mod tests;

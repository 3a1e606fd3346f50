//! The shipped guardrail `prompt_injection` (`detect_prompt_injection`): signs of demands that stand
//! in a text to turn a model against its operator, by lists of words in several languages.
//!
//! It is a net with wide meshes: what it cannot do stands in `docs/guardrails-shipped.md`.

mod describe;
mod hidden;
mod normal;
mod phrases;
mod score;
mod similar;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use sluice_sdk::serde_json::json;
use sluice_sdk::{Decision, Error, Guardrail, Inspection, Refusal, Span, channel, guardrail, role};

use score::{Checks, Signs, signs};

/// The guardrail.
pub struct PromptInjection;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Block,
    Tag,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Settings {
    heuristics_check: bool,
    similarity_check: bool,
    similarity_threshold: f64,
    threshold: f64,
    action: Action,
    roles: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heuristics_check: true,
            similarity_check: true,
            similarity_threshold: describe::SIMILARITY_THRESHOLD,
            threshold: describe::THRESHOLD,
            action: Action::Block,
            roles: describe::ROLES.iter().map(|it| (*it).to_owned()).collect(),
        }
    }
}

impl Guardrail for PromptInjection {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let settings: Settings = inspection.settings()?;
        let looked = inspection.spans.iter().filter(|it| settings.looks_at(it));
        let judged = looked.map(|span| (span, signs(&span.text, settings.checks(span))));
        let worst = judged.max_by(|a, b| a.1.score().total_cmp(&b.1.score()));
        Ok(match worst {
            Some((span, signs)) if signs.score() > 0.0 => settings.decide(span, &signs),
            _ => Decision::allow(),
        })
    }
}

guardrail!(PromptInjection);

impl Settings {
    fn looks_at(&self, span: &Span) -> bool {
        self.roles.contains(&span.role)
    }

    fn checks(&self, span: &Span) -> Checks {
        Checks {
            heuristics: self.heuristics_check,
            similarity: self.similarity_check.then_some(self.similarity_threshold),
            is_data: span.role == role::TOOL || span.channel == channel::TOOL_RESULT,
        }
    }

    fn decide(&self, span: &Span, signs: &Signs) -> Decision {
        // Two digits: more would only seem exact.
        let score = (signs.score() * 100.0).round() / 100.0;
        let found = json!({
            "score": score, "signs": signs.names(), "role": span.role, "pointer": span.pointer
        });
        let blocks = self.action == Action::Block && score >= self.threshold;
        let decision = match blocks {
            true => {
                let message = "Rejected message. This is a prompt injection attack.";
                Refusal::new(message, "prompt-injection")
                    .with_detail(&found)
                    .into()
            }
            false => Decision::allow(),
        };
        decision.with_findings(&found)
    }
}

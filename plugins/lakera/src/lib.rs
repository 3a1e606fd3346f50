//! Lakera Guard (v2): attacks, unwanted content and unknown links are blocked; where only personal data
//! is found, it is masked.
//!
//! The wire is that of Lakera's documentation, `docs.lakera.ai/docs/api/guard`, and of LiteLLM's use
//! of it, as are the settings: repository `BerriAI/litellm`,
//! `litellm/proxy/guardrails/guardrail_hooks/lakera_ai_v2.py`, and `BerriAI/litellm-docs`,
//! `docs/proxy/guardrails/lakera_ai.md`.

mod describe;
mod messages;
mod verdict;

use serde::Deserialize;
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{
    Decision, Edit, Error, FetchRequest, Guardrail, Inspection, fault, guardrail, stage,
};

use sluice_texts::is_definition;

use messages::Messages;
use verdict::Screened;

/// The guardrail.
pub struct Lakera;

/// Most text in one request, in bytes. Lakera names no limit; the gateway sends 8 MiB at most, and a
/// component's memory has an end.
const LONGEST: usize = 4 << 20;

/// What becomes of what is flagged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OnFlagged {
    #[default]
    Block,
    Monitor,
}

/// What the operator says, as `describe` has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    project_id: Option<String>,
    metadata: Map<String, Value>,
    on_flagged: OnFlagged,
    skip_system_message_in_guardrail: Option<bool>,
    skip_tool_message_in_guardrail: Option<bool>,
}

impl Guardrail for Lakera {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let settings: Settings = inspection.settings()?;
        let messages = Messages::of(inspection, &settings);
        if messages.is_empty() {
            return Ok(Decision::allow());
        }
        if messages.bytes() > LONGEST {
            return Err(fault::invalid_request(format!(
                "the texts are more than the {LONGEST} bytes that one look can send to Lakera"
            )));
        }
        let asked = FetchRequest::post("/v2/guard").json(&body(&messages, &settings));
        let answer = asked.send()?.ok()?.json()?;
        let screened = Screened::read(&answer, &messages)?;
        Ok(decision(&screened, &messages, &settings, inspection))
    }
}

fn body(messages: &Messages<'_>, settings: &Settings) -> Value {
    // What was found where is what masks and reports are made of.
    let mut body = json!({"messages": messages.asked(), "payload": true, "breakdown": true});
    if let Some(project) = &settings.project_id {
        body["project_id"] = project.as_str().into();
    }
    if !settings.metadata.is_empty() {
        body["metadata"] = settings.metadata.clone().into();
    }
    body
}

fn decision(
    screened: &Screened,
    messages: &Messages<'_>,
    settings: &Settings,
    inspection: &Inspection,
) -> Decision {
    let noted = |decision: Decision| match screened.findings() {
        Some(findings) => decision.with_findings(&findings),
        None => decision,
    };
    if !screened.flagged {
        return noted(Decision::allow());
    }
    let Some(masked) = screened.masked(messages) else {
        return match settings.on_flagged {
            OnFlagged::Block => screened.refusal().into(),
            OnFlagged::Monitor => noted(Decision::allow()),
        };
    };
    if inspection.stage == stage::DURING {
        // Beside the model nothing can be masked any more.
        return noted(Decision::allow());
    }
    let edits = masked.into_iter().filter(|(span, _)| {
        let span = inspection.spans.get(*span as usize);
        // Tools and answers keep their definitions.
        span.is_some_and(|it| !is_definition(&it.pointer))
    });
    let edits = edits.map(|(span, text)| Edit { span, text });
    noted(Decision::edit(edits.collect()))
}

guardrail!(Lakera);

#[cfg(test)]
mod tests;

//! Prompt Shield: does somebody attack the model, in the prompt or in a document?

use serde::Deserialize;
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Decision, Error, Inspection, Refusal, Span, fault, role};
use sluice_texts::pack;

use crate::{api_version, ask, pieces};

/// Documents in one request.
const MOST_DOCUMENTS: usize = 5;

#[derive(Deserialize)]
struct Settings {
    #[serde(default = "api_version")]
    api_version: String,
}

/// What users write is the prompt, what tools give back are documents. Instructions of the application
/// and turns of the model would look like attacks on it.
pub fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
    let settings: Settings = inspection.settings()?;
    let is_prompt = |it: &Span| matches!(it.role.as_str(), role::USER | role::INPUT);
    let prompts = pieces::together(pieces::of(inspection, is_prompt)?);
    let documents = pieces::of(inspection, |it| it.role == role::TOOL)?;
    let size = |it: &String| it.chars().count();
    let documents = pack(documents, size, (MOST_DOCUMENTS, pieces::LONGEST));
    let requests = prompts.len().max(documents.len());
    pieces::judge(requests)?;
    for at in 0..requests {
        let (prompt, documents) = (prompts.get(at), documents.get(at));
        let body = body(prompt, documents);
        let answer = ask("shieldPrompt", &settings.api_version, &body)?;
        let count = documents.map_or(0, Vec::len);
        let attacks = Attacks::read(&answer, prompt.is_some(), count)?;
        if let Some(refusal) = attacks.refusal() {
            return Ok(refusal.into());
        }
    }
    Ok(Decision::allow())
}

fn body(prompt: Option<&String>, documents: Option<&Vec<String>>) -> Value {
    let mut body = json!({"documents": documents.cloned().unwrap_or_default()});
    if let Some(prompt) = prompt {
        body["userPrompt"] = prompt.as_str().into();
    }
    body
}

/// Where attacks are.
struct Attacks {
    in_prompt: bool,
    in_documents: usize,
}

impl Attacks {
    fn read(answer: &Value, has_prompt: bool, documents: usize) -> Result<Self, Error> {
        let wrong = || fault::upstream("Prompt Shield's answer is none");
        let attacked = |it: &Value| it.get("attackDetected")?.as_bool();
        let prompt = answer.get("userPromptAnalysis").and_then(attacked);
        if has_prompt && prompt.is_none() {
            return Err(wrong());
        }
        let analyses = answer.get("documentsAnalysis").and_then(Value::as_array);
        let analyses = analyses.map_or(&[][..], Vec::as_slice);
        let found: Option<Vec<bool>> = analyses.iter().map(attacked).collect();
        let found = found.filter(|it| it.len() == documents).ok_or_else(wrong)?;
        Ok(Self {
            in_prompt: prompt == Some(true),
            in_documents: found.into_iter().filter(|it| *it).count(),
        })
    }

    fn refusal(&self) -> Option<Refusal> {
        let attacked = self.in_prompt || self.in_documents > 0;
        attacked.then(|| {
            let message = "Violated Azure Prompt Shield guardrail policy: attack detected";
            let detail = json!({"user_prompt": self.in_prompt, "documents": self.in_documents});
            Refusal::new(message, "prompt-injection").with_detail(&detail)
        })
    }
}

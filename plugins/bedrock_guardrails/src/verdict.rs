//! What the guardrail says, and what becomes of it.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Decision, Error, Refusal, fault};

/// Most interventions that are told of: 4 KiB are kept.
const MOST: usize = 40;
const BLOCKED: &str = "BLOCKED";
const ANONYMIZED: &str = "ANONYMIZED";

/// An answer about so many blocks.
pub struct Answer {
    intervened: bool,
    outputs: Vec<String>,
    /// What the policies did, without the text that they did it for.
    found: Vec<Value>,
    blocks: usize,
}

impl Answer {
    /// # Errors
    /// It is none. AWS answers 200 for some faults, with another document.
    pub fn read(answer: Value, blocks: usize) -> Result<Self, Error> {
        let wrong = || fault::upstream("Bedrock's answer is none of a guardrail");
        let intervened = match answer.get("action").and_then(Value::as_str) {
            Some("NONE") => false,
            Some("GUARDRAIL_INTERVENED") => true,
            _ => return Err(wrong()),
        };
        let list = |name: &str| answer.get(name).and_then(Value::as_array);
        let outputs = list("outputs").or_else(|| list("output"));
        let outputs = outputs.into_iter().flatten();
        let outputs = outputs.map(|it| Some(it.get("text")?.as_str()?.to_owned()));
        let outputs = outputs.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
        let assessments = list("assessments").into_iter().flatten();
        Ok(Self {
            intervened,
            outputs,
            found: assessments.flat_map(found).collect(),
            blocks,
        })
    }

    /// The message of a guardrail that does not let pass. It is one that blocked; or intervened, and
    /// it cannot be told that all it did was to mask.
    pub fn refusal(&self) -> Option<String> {
        let has = |action: &str| self.found.iter().any(|it| it["action"] == action);
        let only_masks = !has(BLOCKED) && has(ANONYMIZED) && self.outputs.len() == self.blocks;
        (self.intervened && !only_masks).then(|| self.outputs.concat())
    }

    /// The text of a block with its masks; none: it is as it was.
    pub fn masked(&self, block: usize) -> Option<&str> {
        let output = self.outputs.get(block).filter(|_| self.intervened);
        output.map(String::as_str)
    }
}

/// What each policy of an assessment did: its name, what it is about, and how sure it is. The text
/// that matched is left out.
fn found(assessment: &Value) -> Vec<Value> {
    let policies = assessment.as_object().into_iter().flatten();
    let lists = policies.flat_map(|(policy, it)| {
        let lists = it.as_object().into_iter().flatten();
        let items = lists.flat_map(|(_, list)| list.as_array().into_iter().flatten());
        items.map(move |item| (policy, item))
    });
    let acted = lists.filter(|(_, item)| {
        let action = item.get("action").and_then(Value::as_str);
        action.is_some_and(|it| it != "NONE")
    });
    let told = acted.map(|(policy, item)| {
        let mut told = json!({"policy": policy, "action": item["action"]});
        for name in ["name", "type", "confidence", "score", "threshold"] {
            if let Some(value) = item.get(name).filter(|it| !it.is_null()) {
                told[name] = value.clone();
            }
        }
        told
    });
    told.collect()
}

/// What was done in all answers of a look.
#[derive(Default)]
pub struct Interventions(Vec<Value>);

impl Interventions {
    pub fn add(&mut self, answer: &Answer) {
        self.0.extend(answer.found.iter().cloned());
        self.0.truncate(MOST);
    }

    pub fn refusal(&self, message: &str) -> Decision {
        let message = match message.trim() {
            "" => "Violated guardrail policy",
            message => message,
        };
        let mut blocked = self.0.iter().filter(|it| it["action"] == BLOCKED);
        let policy = blocked.next().and_then(|it| it["policy"].as_str());
        let refusal = Refusal::new(message, policy.unwrap_or("guardrail"));
        refusal
            .with_detail(&json!({"interventions": self.0}))
            .into()
    }

    pub fn noted(&self, decision: Decision) -> Decision {
        match self.0.is_empty() {
            true => decision,
            false => decision.with_findings(&json!({"interventions": self.0})),
        }
    }
}

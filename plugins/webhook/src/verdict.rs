//! What the service says, and what becomes of it.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Decision, Edit, Error, fault};
use sluice_texts::Sheet;

/// What is said where the service gives no reason.
const REASON: &str = "Content violates policy";

pub enum Verdict {
    Allow,
    Block(String),
    /// A text in the place of each that was asked about.
    Change(Vec<Option<String>>),
}

impl Verdict {
    /// Reads the answer to a body.
    ///
    /// # Errors
    /// It is none, or changes what cannot be put back.
    pub fn read(answer: &Value, body: &Value) -> Result<Self, Error> {
        match answer.get("action").and_then(Value::as_str) {
            Some("NONE") => Ok(Self::Allow),
            Some("BLOCKED") => {
                let reason = answer.get("blocked_reason").and_then(Value::as_str);
                let reason = reason.filter(|it| !it.trim().is_empty());
                Ok(Self::Block(reason.unwrap_or(REASON).to_owned()))
            }
            Some("GUARDRAIL_INTERVENED") => changed(answer, body),
            _ => Err(fault::upstream(
                "the guardrail's answer has no known `action`",
            )),
        }
    }

    pub fn decision(self, sheet: &Sheet<'_>, may_change: bool) -> Decision {
        match self {
            Self::Allow => Decision::allow(),
            Self::Block(reason) => Decision::block(reason, "blocked"),
            Self::Change(texts) => {
                let edits = sheet.edits(&texts);
                let findings = json!({"action": "GUARDRAIL_INTERVENED", "texts": edits.len()});
                let edits = edits.into_iter().filter(|_| may_change);
                let edits = edits.map(|(span, text)| Edit { span, text });
                Decision::edit(edits.collect()).with_findings(&findings)
            }
        }
    }
}

fn changed(answer: &Value, body: &Value) -> Result<Verdict, Error> {
    // Texts alone are put back. A change of something else that was dropped in silence would pass.
    for name in ["images", "tools", "tool_calls", "structured_messages"] {
        let new = answer.get(name).filter(|it| !it.is_null());
        let is_empty = |it: &Value| it.as_array().is_some_and(Vec::is_empty);
        if new.is_some_and(|it| !is_empty(it) && body.get(name) != Some(it)) {
            return Err(fault::unsupported(format!(
                "the guardrail has changed `{name}`, of which only the texts can be changed"
            )));
        }
    }
    let wrong = || fault::upstream("the guardrail's answer does not have a text for each text");
    let asked = body
        .get("texts")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let texts = answer.get("texts").and_then(Value::as_array);
    let texts = texts.filter(|it| it.len() == asked).ok_or_else(wrong)?;
    let texts = texts.iter().map(|it| it.as_str().map(str::to_owned));
    let texts: Option<Vec<String>> = texts.collect();
    let texts = texts.ok_or_else(wrong)?;
    Ok(Verdict::Change(texts.into_iter().map(Some).collect()))
}

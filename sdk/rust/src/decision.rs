//! What a guardrail is asked, and builders for what it decides.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Decision, Edit, Error, Inspection, Piece, Refusal, Span, Verdict, fault};

/// The stages of a call, `Inspection::stage`.
pub mod stage {
    /// Before the model; may change the request.
    pub const PRE: &str = "pre";
    /// Beside the model; may only block.
    pub const DURING: &str = "during";
    /// After the model; may change the answer.
    pub const POST: &str = "post";
    /// Only what is logged.
    pub const LOG: &str = "log";
}

/// Whose text it is, `Span::role`.
pub mod role {
    /// The operator's or the application's instructions, and descriptions of tools.
    pub const SYSTEM: &str = "system";
    /// A person's turn.
    pub const USER: &str = "user";
    /// The model's turn.
    pub const ASSISTANT: &str = "assistant";
    /// What a tool gave back.
    pub const TOOL: &str = "tool";
    /// Of operations without turns: what goes in.
    pub const INPUT: &str = "input";
    /// Of operations without turns: what comes out.
    pub const OUTPUT: &str = "output";
}

/// Which kind of text it is, `Span::channel` and `Piece::channel`.
pub mod channel {
    /// What is said.
    pub const TEXT: &str = "text";
    /// What the model thinks.
    pub const REASONING: &str = "reasoning";
    /// Arguments of a tool: JSON text, or a part of it.
    pub const TOOL_ARGUMENTS: &str = "tool-arguments";
    /// What a tool gave back.
    pub const TOOL_RESULT: &str = "tool-result";
    /// What was heard.
    pub const TRANSCRIPT: &str = "transcript";
}

/// A text as it stands inside of a JSON string, without the quotes: what is put into
/// [`channel::TOOL_ARGUMENTS`] has to be written so.
///
/// ```
/// assert_eq!(sluice_sdk::in_json("a\"b"), "a\\\"b");
/// ```
pub fn in_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// A text with masks put back, by a table of mask and text; `is_json`: it stands inside of a JSON
/// string, as [`Span::is_json`] says.
pub fn unmasked(text: &str, is_json: bool, table: &Map<String, Value>) -> String {
    let masks = table.iter().map(|(mask, was)| (mask, was.as_str()));
    masks.fold(text.to_owned(), |text, (mask, was)| {
        let was = was.unwrap_or_default();
        match is_json {
            true => text.replace(mask, &in_json(was)),
            false => text.replace(mask, was),
        }
    })
}

impl Inspection {
    /// Which of the plugin's guardrails is asked.
    pub fn guardrail(&self) -> String {
        let config: Value = serde_json::from_str(&self.config).unwrap_or_default();
        let name = config.get("guardrail").and_then(Value::as_str);
        name.unwrap_or_default().to_owned()
    }

    /// The settings, in a type of the plugin's own. The host has held them against the plugin's
    /// schema.
    ///
    /// # Errors
    /// They do not fit the type: kind `internal`, with serde's message.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.config)
            .map_err(|cause| fault::internal(format!("the settings do not fit: {cause}")))
    }

    /// Key alias, team, user and tags, as far as the operator tells them.
    pub fn subject(&self) -> Value {
        serde_json::from_str(&self.subject).unwrap_or_default()
    }

    /// Edits every text for which `new` gives another one. No findings, no state.
    pub fn rewritten(&self, mut new: impl FnMut(&Span) -> String) -> Decision {
        let mut edits = Vec::new();
        for (index, span) in (0..).zip(&self.spans) {
            let text = new(span);
            if text != span.text {
                edits.push(Edit { span: index, text });
            }
        }
        Decision::edit(edits)
    }
}

impl Span {
    /// Whether the text is JSON, so that what is put there has to go through [`in_json`].
    pub fn is_json(&self) -> bool {
        self.channel == channel::TOOL_ARGUMENTS
    }
}

impl Piece {
    /// Whether the text is JSON, so that what is put there has to go through [`in_json`].
    pub fn is_json(&self) -> bool {
        self.channel == channel::TOOL_ARGUMENTS
    }

    /// Whether it is a text of its own that no other piece continues.
    pub fn is_whole(&self) -> bool {
        self.call.contains('#')
    }
}

impl Decision {
    fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            findings: None,
            state: String::new(),
        }
    }

    /// It may pass as it is.
    pub fn allow() -> Self {
        Self::of(Verdict::Allow)
    }

    /// It may not pass. `message` is for the client, `code` for machines.
    pub fn block(message: impl Into<String>, code: impl Into<String>) -> Self {
        Refusal::new(message, code).into()
    }

    /// New texts for some spans; without any it is [`Decision::allow`].
    pub fn edit(edits: Vec<Edit>) -> Self {
        match edits.is_empty() {
            true => Self::allow(),
            false => Self::of(Verdict::Edit(edits)),
        }
    }

    /// A new request (stage `pre`) or a new answer (stage `post`).
    pub fn replace(document: &Value) -> Self {
        Self::of(Verdict::Replace(document.to_string()))
    }

    /// For the log and the row of the call, whatever the verdict. 4 KiB of it are kept.
    #[must_use]
    pub fn with_findings(mut self, findings: &Value) -> Self {
        self.findings = Some(findings.to_string());
        self
    }

    /// Handed to the later stages of this call; 1 MiB at most.
    #[must_use]
    pub fn with_state(mut self, state: impl Into<String>) -> Self {
        self.state = state.into();
        self
    }
}

impl Refusal {
    /// `message` is for the client, `code` for machines: `pii`, `prompt-injection`, `policy.7`.
    pub fn new(message: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: code.into(),
            detail: None,
        }
    }

    /// For the log: scores, entities, the rule. Never the text itself.
    #[must_use]
    pub fn with_detail(mut self, detail: &Value) -> Self {
        self.detail = Some(detail.to_string());
        self
    }
}

impl From<Refusal> for Decision {
    fn from(refusal: Refusal) -> Self {
        Self::of(Verdict::Block(refusal))
    }
}

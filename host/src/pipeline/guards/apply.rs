//! What becomes of a document by a guardrail's decision.

use sluice_engine::contract::{Decision, Edit, Piece, Verdict};

use super::call::Guarded;
use super::look::{Looked, Said, Silence};
use super::texts::Texts;
use crate::config::Stage;
use crate::domain::Fault;

/// Members of requests that the gateway has acted on by now: what it decided by them is not for a
/// guardrail to change.
const ACTED_ON: [&str; 13] = [
    "model",
    "stream",
    "stream_options",
    "n",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "user",
    "tags",
    "metadata",
    "litellm_metadata",
    "fallbacks",
    "cache",
];

/// What a guardrail's decision may change.
pub(super) trait Changeable: Send {
    /// New texts for some of the spans; all of them, or none.
    fn edit(&mut self, edits: &[Edit]) -> Result<(), String>;
    /// A new document, which keeps these members of the old one.
    fn replace(&mut self, document: &str, keep: &[&str]) -> Result<(), String>;
}

impl Changeable for Texts {
    fn edit(&mut self, edits: &[Edit]) -> Result<(), String> {
        Self::edit(self, edits)
    }

    fn replace(&mut self, document: &str, keep: &[&str]) -> Result<(), String> {
        Self::replace(self, document, keep)
    }
}

/// The texts of a stream.
impl Changeable for Vec<Piece> {
    fn edit(&mut self, edits: &[Edit]) -> Result<(), String> {
        let place = |edit: &Edit| usize::try_from(edit.span).unwrap_or(usize::MAX);
        if edits.iter().any(|it| place(it) >= self.len()) {
            return Err("it edits a text that is not there".to_owned());
        }
        for edit in edits {
            if let Some(piece) = self.get_mut(place(edit)) {
                piece.text.clone_from(&edit.text);
            }
        }
        Ok(())
    }

    fn replace(&mut self, _: &str, _: &[&str]) -> Result<(), String> {
        Err("a stream cannot be replaced: its texts can be edited".to_owned())
    }
}

impl Guarded {
    /// Takes a decision over. `texts`: what it may change; None: nothing.
    ///
    /// # Errors
    /// The guardrail refuses, or came to no decision and fails closed.
    pub(super) fn decided(
        &mut self,
        at: usize,
        looked: Looked<Said>,
        texts: Option<&mut dyn Changeable>,
    ) -> Result<(), Fault> {
        let decision = match &looked.came {
            Ok(Said::Decision(decision)) => decision,
            Ok(Said::Opened(_) | Said::Fed(_)) => return Ok(()),
            Err(why) => return self.silent(at, &looked, why, true),
        };
        let Decision {
            verdict,
            findings,
            state,
        } = decision;
        let findings = findings.as_deref();
        let done = match (verdict, texts) {
            (Verdict::Block(refusal), _) => return Err(self.refused(at, &looked, refusal)),
            (Verdict::Allow, _) => Ok("allow"),
            (Verdict::Edit(edits), Some(texts)) => {
                let decision = if edits.is_empty() { "allow" } else { "edit" };
                texts.edit(edits).map(|()| decision)
            }
            (Verdict::Replace(document), Some(texts)) => {
                let keep: &[&str] = match looked.stage {
                    Stage::Pre => &ACTED_ON,
                    _ => &["model"],
                };
                texts.replace(document, keep).map(|()| "replace")
            }
            (Verdict::Edit(_) | Verdict::Replace(_), None) => {
                Err("at `during` there is nothing to change any more".to_owned())
            }
        };
        match done {
            Ok(decision) => {
                self.note(at, &looked, (decision, findings, None));
                if let Some(part) = self.parts.get_mut(at) {
                    part.state.clone_from(state);
                }
                Ok(())
            }
            // Half a mask is none: what it wanted gone would pass.
            Err(what) => self.silent(at, &looked, &Silence::Wrong(what), false),
        }
    }
}

//! One choice of a canonical answer or stream, read as the steps of its blocks and what ends it.

use serde_json::Value;

use crate::block::Block;
use crate::blocks::{Sequencer, Step};
use crate::failure::Failure;
use crate::object::{Object, items, object, text};
use crate::piece::pieces;
use crate::usage::Usage;

/// Why an answer ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finish {
    /// OpenAI's reason; empty: none came.
    pub reason: String,
    /// The provider's own.
    pub native: String,
    /// Which stop sequence came, and other members that only Anthropic has.
    pub fields: Object,
    /// Google's metadata of a candidate, by LiteLLM's names.
    pub metadata: Object,
    pub logprobs: Vec<Value>,
}

/// Google's members of a candidate and LiteLLM's of an answer.
pub const METADATA: [(&str, &str); 4] = [
    ("groundingMetadata", "vertex_ai_grounding_metadata"),
    ("urlContextMetadata", "vertex_ai_url_context_metadata"),
    ("safetyRatings", "vertex_ai_safety_results"),
    ("citationMetadata", "vertex_ai_citation_metadata"),
];

const FIELDS: [&str; 4] = [
    "stop_sequence",
    "stop_details",
    "container",
    "context_management",
];

/// Reads one choice.
#[derive(Debug, Default)]
pub struct Reader {
    sequencer: Sequencer,
    index: u64,
    pub finish: Finish,
    pub usage: Option<Usage>,
    done: bool,
}

impl Reader {
    pub fn of(index: u64) -> Self {
        Self {
            index,
            ..Self::default()
        }
    }

    /// The next event of a stream.
    pub fn push(&mut self, chunk: &Value) -> Result<Vec<Step>, Failure> {
        if let Some(error) = chunk.get("error").filter(|it| !it.is_null()) {
            return Err(Failure::of(error));
        }
        if let Some(usage) = chunk.get("usage").filter(|it| it.is_object()) {
            self.usage = Some(Usage::read(usage));
        }
        let mut out = Vec::new();
        for (at, choice) in items(chunk.get("choices")).iter().enumerate() {
            let index = choice
                .get("index")
                .and_then(Value::as_u64)
                .unwrap_or(at as u64);
            if index == self.index {
                self.choice(chunk, choice, "delta", &mut out)?;
            }
        }
        Ok(out)
    }

    /// The blocks of a whole answer.
    pub fn whole(&mut self, answer: &Value) -> Result<Vec<Block>, Failure> {
        if let Some(error) = answer.get("error").filter(|it| !it.is_null()) {
            return Err(Failure::of(error));
        }
        self.usage = answer
            .get("usage")
            .filter(|it| it.is_object())
            .map(Usage::read);
        let index = |(at, choice): (usize, &Value)| {
            choice
                .get("index")
                .and_then(Value::as_u64)
                .unwrap_or(at as u64)
        };
        let choices = items(answer.get("choices")).iter().enumerate();
        let mut choices = choices.filter(|it| index(*it) == self.index);
        let Some((_, choice)) = choices.next() else {
            return Err(Failure::upstream("the provider's answer has no choices"));
        };
        let mut steps = Vec::new();
        self.choice(answer, choice, "message", &mut steps)?;
        steps.extend(self.end()?);
        let closed = steps.into_iter().filter_map(|step| match step {
            Step::Close(block) => Some(block),
            _ => None,
        });
        Ok(closed.collect())
    }

    /// The end. Without a finish reason the answer was cut off.
    pub fn end(&mut self) -> Result<Vec<Step>, Failure> {
        if self.finish.reason.is_empty() {
            return Err(Failure::cut());
        }
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.done, true) {
            self.sequencer.finish(&mut out)?;
        }
        Ok(out)
    }

    /// Whether the answer asks for tools.
    pub const fn has_calls(&self) -> bool {
        self.sequencer.calls > 0
    }

    /// Whether the answer was cut off by its limit.
    pub fn is_cut(&self) -> bool {
        self.finish.reason == "length"
    }

    fn choice(
        &mut self,
        chunk: &Value,
        choice: &Value,
        member: &str,
        out: &mut Vec<Step>,
    ) -> Result<(), Failure> {
        if self.done {
            return Ok(());
        }
        let metadata = METADATA.iter().filter_map(|(_, name)| {
            let list = items(chunk.get(*name));
            let own = list
                .get(usize::try_from(self.index).ok()?)
                .or(list.first())?;
            Some(((*name).to_owned(), own.clone()))
        });
        let metadata: Vec<(String, Value)> = metadata.collect();
        self.finish.metadata.extend(metadata);
        if let Some(said) = object(choice, member) {
            for piece in pieces(said) {
                self.sequencer.push(piece, out)?;
            }
            let fields = said
                .get("provider_specific_fields")
                .and_then(Value::as_object);
            for (name, value) in fields.into_iter().flatten() {
                if FIELDS.contains(&name.as_str()) {
                    self.finish.fields.insert(name.clone(), value.clone());
                }
            }
        }
        if let Some(logprobs) = choice.pointer("/logprobs/content") {
            self.finish
                .logprobs
                .extend_from_slice(items(Some(logprobs)));
        }
        let native = choice.pointer("/provider_specific_fields/native_finish_reason");
        let native = native.or_else(|| choice.get("native_finish_reason"));
        if let Some(native) = native.and_then(Value::as_str) {
            native.clone_into(&mut self.finish.native);
        }
        let reason = text(choice, "finish_reason");
        if !reason.is_empty() {
            reason.clone_into(&mut self.finish.reason);
        }
        Ok(())
    }
}

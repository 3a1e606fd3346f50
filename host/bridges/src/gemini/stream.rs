//! Canonical chunks as `streamGenerateContent` chunks: text as it comes, calls whole, the reason and
//! the usage last.

use serde_json::{Value, json};

use super::answer::{end, last, part, shell};
use crate::Dialect;
use crate::Event;
use crate::block::Kind;
use crate::blocks::Step;
use crate::failure::Failure;
use crate::object::{Object, items, set};
use crate::plan::{Identity, Plan};
use crate::reader::Reader;
use crate::stream::Writer;
use crate::usage::Usage;

/// Most candidates of one answer.
const MOST: u64 = 128;

pub struct GeminiStream {
    plan: Plan,
    identity: Identity,
    candidates: Vec<Candidate>,
    usage: Option<Usage>,
}

#[derive(Default)]
struct Candidate {
    index: u64,
    reader: Reader,
    open: Option<Kind>,
    hidden: Object,
    text: String,
    annotations: Vec<Value>,
}

impl GeminiStream {
    pub const fn new(plan: Plan, identity: Identity) -> Self {
        Self {
            plan,
            identity,
            candidates: Vec::new(),
            usage: None,
        }
    }

    fn chunk(&self, candidate: Value) -> Value {
        let mut chunk = shell(&self.identity);
        set(&mut chunk, "candidates", vec![candidate]);
        chunk
    }

    /// Every choice that a chunk names has a candidate.
    fn know(&mut self, chunk: &Value) {
        for (at, choice) in items(chunk.get("choices")).iter().enumerate() {
            let index = choice
                .get("index")
                .and_then(Value::as_u64)
                .unwrap_or(at as u64);
            if index < MOST && !self.candidates.iter().any(|it| it.index == index) {
                self.candidates.push(Candidate {
                    index,
                    reader: Reader::of(index),
                    ..Candidate::default()
                });
            }
        }
    }
}

impl Candidate {
    /// What the client gets of a step at once.
    fn step(&mut self, step: Step, plan: &Plan) -> Result<Option<Value>, Failure> {
        match step {
            Step::Open(block) => self.open = Some(block.kind),
            Step::Text(text) => match self.open {
                Some(Kind::Text) => {
                    self.text.push_str(&text);
                    return Ok(Some(json!({ "text": text })));
                }
                Some(Kind::Refusal) => return Ok(Some(json!({ "text": text }))),
                Some(Kind::Thinking) if plan.thoughts => {
                    return Ok(Some(json!({"text": text, "thought": true})));
                }
                _ => {}
            },
            Step::Close(block) => {
                let given = matches!(block.kind, Kind::Text | Kind::Refusal | Kind::Thinking);
                self.annotations.extend(block.annotations.iter().cloned());
                let part = part(&block, plan, self.reader.is_cut(), &mut self.hidden)?;
                return Ok(part.filter(|_| !given));
            }
            Step::Signature(_) | Step::Citation(_) | Step::Annotation(_) => {}
        }
        Ok(None)
    }

    fn with(&self, part: &Value) -> Value {
        json!({"content": {"parts": [part], "role": "model"}, "index": self.index})
    }
}

impl Writer for GeminiStream {
    fn push(&mut self, chunk: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        self.know(chunk);
        let mut given = Vec::new();
        if let Some(error) = chunk.get("error").filter(|it| !it.is_null()) {
            return Err(Failure::of(error));
        }
        if let Some(usage) = chunk.get("usage").filter(|it| it.is_object()) {
            self.usage = Some(Usage::read(usage));
        }
        for candidate in &mut self.candidates {
            for step in candidate.reader.push(chunk)? {
                let part = candidate.step(step, &self.plan)?;
                given.extend(part.map(|it| candidate.with(&it)));
            }
        }
        out.extend(given.into_iter().map(|it| Event::Data(self.chunk(it))));
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Failure> {
        let mut candidates = std::mem::take(&mut self.candidates);
        if candidates.is_empty() {
            return Err(Failure::cut());
        }
        let mut ends = Vec::new();
        for candidate in &mut candidates {
            for step in candidate.reader.end()? {
                let part = candidate.step(step, &self.plan)?;
                let part = part.map(|it| candidate.with(&it));
                out.extend(part.map(|it| Event::Data(self.chunk(it))));
            }
            let part = last(&mut candidate.hidden, true).unwrap_or_default();
            let mut said = candidate.with(&part);
            end(
                &mut said,
                &candidate.reader.finish,
                &candidate.annotations,
                &candidate.text,
            );
            ends.push(said);
        }
        let usage = self.usage.take().unwrap_or_default();
        let mut last = shell(&self.identity);
        set(&mut last, "candidates", ends);
        set(&mut last, "usageMetadata", usage.google());
        out.push(Event::Data(last));
        Ok(())
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<Event>) {
        out.push(failure.event(Dialect::GenerateContent));
    }
}

//! Canonical chunks as the events of a response: every item is added, filled and done before the
//! next one, and every event has its number.

use serde_json::{Value, json};

use super::answer::logprobs;
use super::ending::ending;
use super::output::{Shape, annotation, closing, ended, id, opening, part, response, shapes};
use crate::block::{Block, Kind};
use crate::blocks::Step;
use crate::failure::Failure;
use crate::object::set;
use crate::plan::{Identity, Plan};
use crate::reader::Reader;
use crate::stream::Writer;
use crate::{Dialect, Event};

pub struct ResponseStream {
    plan: Plan,
    identity: Identity,
    reader: Reader,
    begun: bool,
    sequence: u64,
    output: Vec<Value>,
    open: Option<Open>,
}

/// The item that is open.
struct Open {
    shape: Shape,
    kind: Kind,
    id: String,
    /// A summary was begun.
    summary: bool,
    annotations: u64,
}

impl ResponseStream {
    pub fn new(plan: Plan, identity: Identity) -> Self {
        Self {
            plan,
            identity,
            reader: Reader::default(),
            begun: false,
            sequence: 0,
            output: Vec::new(),
            open: None,
        }
    }

    fn emit(&mut self, name: &'static str, mut data: Value, out: &mut Vec<Event>) {
        set(&mut data, "type", name);
        set(&mut data, "sequence_number", self.sequence);
        self.sequence += 1;
        out.push(Event::Named(name, data));
    }

    /// An event of the open item.
    fn of_item(&mut self, name: &'static str, mut data: Value, out: &mut Vec<Event>) {
        let id = self.open.as_ref().map(|it| it.id.clone());
        set(&mut data, "item_id", id);
        set(&mut data, "output_index", self.output.len());
        self.emit(name, data, out);
    }

    fn begin(&mut self, out: &mut Vec<Event>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let begun = response(&self.plan, &self.identity, "in_progress", Vec::new());
        self.emit("response.created", json!({ "response": begun }), out);
        self.emit("response.in_progress", json!({ "response": begun }), out);
    }

    fn step(&mut self, step: Step, cut: bool, out: &mut Vec<Event>) -> Result<(), Failure> {
        match step {
            Step::Open(block) => self.start(&block, out)?,
            Step::Text(text) => self.text(&text, out),
            Step::Annotation(given) => {
                let Some(open) = &mut self.open else {
                    return Ok(());
                };
                let index = open.annotations;
                open.annotations += 1;
                let data = json!({"content_index": 0, "annotation_index": index, "annotation": annotation(&given)});
                self.of_item("response.output_text.annotation.added", data, out);
            }
            // Sealed in the item when it is done; Anthropic's citations have no place.
            Step::Signature(_) | Step::Citation(_) => {}
            Step::Close(block) => self.stop(&block, cut, out)?,
        }
        Ok(())
    }

    fn start(&mut self, block: &Block, out: &mut Vec<Event>) -> Result<(), Failure> {
        let mut shapes = shapes(block, &self.plan);
        let Some(last) = shapes.pop() else {
            return Ok(());
        };
        for shape in shapes {
            self.add(shape, block, out);
            self.done(block, false, out)?;
        }
        self.add(last, block, out);
        if last == Shape::Message {
            let begun = Block {
                kind: block.kind,
                ..Block::default()
            };
            let empty = part(&begun);
            if block.kind != Kind::Image {
                self.of_item(
                    "response.content_part.added",
                    json!({"content_index": 0, "part": empty}),
                    out,
                );
            }
        }
        Ok(())
    }

    fn add(&mut self, shape: Shape, block: &Block, out: &mut Vec<Event>) {
        let index = self.output.len();
        let id = id(shape, &self.identity, index as u64);
        let item = opening(shape, &id, block, &self.plan);
        self.open = Some(Open {
            shape,
            kind: block.kind,
            id,
            summary: false,
            annotations: 0,
        });
        self.emit(
            "response.output_item.added",
            json!({"output_index": index, "item": item}),
            out,
        );
    }

    fn text(&mut self, text: &str, out: &mut Vec<Event>) {
        let Some(open) = &mut self.open else {
            return;
        };
        match (open.shape, open.kind) {
            (Shape::Message, Kind::Refusal) => {
                self.of_item(
                    "response.refusal.delta",
                    json!({"content_index": 0, "delta": text}),
                    out,
                );
            }
            (Shape::Message, _) => {
                let data = json!({"content_index": 0, "delta": text, "logprobs": []});
                self.of_item("response.output_text.delta", data, out);
            }
            (Shape::Reasoning, _) => {
                if !std::mem::replace(&mut open.summary, true) {
                    let part = json!({"type": "summary_text", "text": ""});
                    self.of_item(
                        "response.reasoning_summary_part.added",
                        json!({"summary_index": 0, "part": part}),
                        out,
                    );
                }
                self.of_item(
                    "response.reasoning_summary_text.delta",
                    json!({"summary_index": 0, "delta": text}),
                    out,
                );
            }
            (Shape::Function, _) => {
                self.of_item(
                    "response.function_call_arguments.delta",
                    json!({ "delta": text }),
                    out,
                );
            }
            // Known when the arguments are whole.
            (Shape::Custom | Shape::LocalShell | Shape::WebSearch | Shape::Image, _) => {}
        }
    }

    fn stop(&mut self, block: &Block, cut: bool, out: &mut Vec<Event>) -> Result<(), Failure> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let name = self.plan.names.own(&block.name);
        for (event, data) in ending(open.shape, open.summary, block, name) {
            self.of_item(event, data, out);
        }
        self.done(block, cut, out)
    }

    fn done(&mut self, block: &Block, cut: bool, out: &mut Vec<Event>) -> Result<(), Failure> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let item = closing(open.shape, &open.id, block, &self.plan, cut)?;
        let index = self.output.len();
        self.output.push(item.clone());
        self.emit(
            "response.output_item.done",
            json!({"output_index": index, "item": item}),
            out,
        );
        Ok(())
    }
}

impl Writer for ResponseStream {
    fn push(&mut self, chunk: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let steps = self.reader.push(chunk)?;
        self.begin(out);
        steps
            .into_iter()
            .try_for_each(|step| self.step(step, false, out))
    }

    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Failure> {
        let steps = self.reader.end()?;
        self.begin(out);
        let last = steps.iter().rposition(|it| matches!(it, Step::Close(_)));
        for (at, step) in steps.into_iter().enumerate() {
            let cut = self.reader.is_cut() && Some(at) == last;
            self.step(step, cut, out)?;
        }
        let mut output = std::mem::take(&mut self.output);
        logprobs(&mut output, &self.reader.finish.logprobs);
        let mut whole = response(&self.plan, &self.identity, "completed", output);
        let usage = self.reader.usage.clone().unwrap_or_default();
        let name = match ended(&mut whole, &self.reader.finish, &usage) {
            "incomplete" => "response.incomplete",
            _ => "response.completed",
        };
        self.emit(name, json!({ "response": whole }), out);
        Ok(())
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<Event>) {
        if !self.begun {
            out.push(failure.event(Dialect::Responses));
            return;
        }
        let output = std::mem::take(&mut self.output);
        let mut whole = response(&self.plan, &self.identity, "failed", output);
        let error = json!({"code": failure.response_code(), "message": failure.message});
        set(&mut whole, "error", error);
        self.emit("response.failed", json!({ "response": whole }), out);
    }
}

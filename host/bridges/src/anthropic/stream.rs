//! Canonical chunks as Messages events: each block begins, grows and ends before the next one.

use serde_json::{Value, json};

use super::answer::{ending, of_annotation, opening, shell, signed};
use crate::block::{Block, Kind};
use crate::blocks::Step;
use crate::failure::Failure;
use crate::object::set;
use crate::plan::{Identity, Plan};
use crate::reader::Reader;
use crate::stream::Writer;
use crate::usage::Usage;
use crate::{Dialect, Event};

pub struct AnthropicStream {
    plan: Plan,
    identity: Identity,
    reader: Reader,
    /// The next block's.
    index: u64,
    begun: bool,
    /// What is open at the client.
    open: Option<Kind>,
    /// The open text, for citations that are given by places in it.
    said: String,
    refusal: String,
}

impl AnthropicStream {
    pub fn new(plan: Plan, identity: Identity) -> Self {
        Self {
            plan,
            identity,
            reader: Reader::default(),
            index: 0,
            begun: false,
            open: None,
            said: String::new(),
            refusal: String::new(),
        }
    }

    fn begin(&mut self, out: &mut Vec<Event>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let mut usage = Usage::default();
        usage.input = self.identity.input_tokens.unwrap_or(0);
        let mut message = shell(&self.identity);
        message["usage"] = usage.anthropic();
        out.push(named(
            "message_start",
            json!({"type": "message_start", "message": message}),
        ));
        out.push(named("ping", json!({"type": "ping"})));
    }

    fn step(&mut self, step: Step, out: &mut Vec<Event>) {
        match step {
            Step::Open(block) => self.start(&block, out),
            Step::Text(text) => self.text(&text, out),
            Step::Signature(signature) => {
                self.delta(
                    &json!({"type": "signature_delta", "signature": signature}),
                    out,
                );
            }
            Step::Citation(citation) => {
                self.delta(
                    &json!({"type": "citations_delta", "citation": citation}),
                    out,
                );
            }
            Step::Annotation(_) => {}
            Step::Close(block) => {
                // Anthropic's own citations name the same pages, and more.
                if block.kind == Kind::Text && block.citations.is_empty() {
                    for annotation in &block.annotations {
                        if let Some(citation) = of_annotation(annotation, &self.said) {
                            self.delta(
                                &json!({"type": "citations_delta", "citation": citation}),
                                out,
                            );
                        }
                    }
                }
                self.stop(out);
            }
        }
    }

    fn start(&mut self, block: &Block, out: &mut Vec<Event>) {
        self.said.clear();
        self.open = Some(block.kind);
        if matches!(block.kind, Kind::Refusal | Kind::Audio) {
            return;
        }
        if let Some(signature) = signed(block) {
            self.started(&signature, out);
            self.stopped(out);
        }
        let mut begun = opening(block, &self.plan);
        if block.kind == Kind::Image {
            let shown = std::mem::replace(&mut begun["text"], "".into());
            self.started(&begun, out);
            return self.delta(&json!({"type": "text_delta", "text": shown}), out);
        }
        self.started(&begun, out);
    }

    fn started(&self, block: &Value, out: &mut Vec<Event>) {
        out.push(named(
            "content_block_start",
            json!({"type": "content_block_start", "index": self.index, "content_block": block}),
        ));
    }

    fn stopped(&mut self, out: &mut Vec<Event>) {
        out.push(named(
            "content_block_stop",
            json!({"type": "content_block_stop", "index": self.index}),
        ));
        self.index += 1;
    }

    fn stop(&mut self, out: &mut Vec<Event>) {
        let open = self.open.take();
        if !matches!(open, None | Some(Kind::Refusal | Kind::Audio)) {
            self.stopped(out);
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<Event>) {
        let delta = match self.open {
            Some(Kind::Refusal) => return self.refusal.push_str(text),
            Some(Kind::Thinking) => json!({"type": "thinking_delta", "thinking": text}),
            Some(Kind::Call) => json!({"type": "input_json_delta", "partial_json": text}),
            _ => {
                self.said.push_str(text);
                json!({"type": "text_delta", "text": text})
            }
        };
        self.delta(&delta, out);
    }

    fn delta(&self, delta: &Value, out: &mut Vec<Event>) {
        out.push(named(
            "content_block_delta",
            json!({"type": "content_block_delta", "index": self.index, "delta": delta}),
        ));
    }
}

impl Writer for AnthropicStream {
    fn push(&mut self, chunk: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        let steps = self.reader.push(chunk)?;
        self.begin(out);
        for step in steps {
            self.step(step, out);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Failure> {
        for step in self.reader.end()? {
            self.step(step, out);
        }
        self.begin(out);
        let refusal = std::mem::take(&mut self.refusal);
        if !refusal.is_empty() && self.reader.finish.reason != "content_filter" {
            self.started(&json!({"type": "text", "text": ""}), out);
            self.delta(&json!({"type": "text_delta", "text": refusal}), out);
            self.stopped(out);
        }
        let (end, rest) = ending(&self.reader.finish, self.reader.has_calls(), &refusal);
        let usage = self.reader.usage.clone().unwrap_or_default();
        let mut delta = json!({"type": "message_delta", "delta": end, "usage": usage.anthropic()});
        for (name, value) in rest {
            set(&mut delta, &name, value);
        }
        out.push(named("message_delta", delta));
        out.push(named("message_stop", json!({"type": "message_stop"})));
        Ok(())
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<Event>) {
        out.push(failure.event(Dialect::Messages));
    }
}

const fn named(name: &'static str, data: Value) -> Event {
    Event::Named(name, data)
}

//! Streams: Converse's events as chunks, and Anthropic's where Claude is reached in its own
//! dialect.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Continuation, Decoded, Error, Frame, Outbound, event, fault, write_json};

use crate::open::Open;
use crate::request::Plan;
use crate::{blocks, errors, invoke, tools, usage};

/// Whose events come.
#[derive(Serialize, Deserialize)]
pub enum Dialect {
    Converse(Box<State>),
    /// The state of Anthropic's own translation.
    Anthropic(String),
}

/// What has to be known of a stream from one event to the next.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    plan: Plan,
    started: bool,
    /// Blocks that have begun, by their index.
    open: BTreeMap<u64, Open>,
    /// Calls so far: OpenAI counts them, not the blocks.
    calls: u64,
    /// Characters of text so far, for annotations.
    chars: usize,
    json: bool,
    finished: bool,
    /// Entries so far of each list in the message: clients put pieces together by `index`.
    entries: BTreeMap<String, u64>,
    /// Tokens of thinking, told before the counts are.
    fields: Value,
}

pub fn converse(outbound: Outbound, plan: Plan) -> Outbound {
    let state = State {
        plan,
        ..State::default()
    };
    framed(outbound, &Dialect::Converse(Box::new(state)))
}

pub fn framed(outbound: Outbound, dialect: &Dialect) -> Outbound {
    outbound
        .option("framing", "aws")
        .frames()
        .state(write_json(dialect))
}

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut dialect: Dialect = serde_json::from_str(state)
        .map_err(|cause| fault::internal(format!("own state: {cause}")))?;
    let mut decoded = match &mut dialect {
        Dialect::Converse(state) => state.decode(frames, last),
        Dialect::Anthropic(state) => {
            let decoded = invoke::decode(state, frames, last)?;
            state.clone_from(&decoded.state);
            decoded
        }
    };
    decoded.state = write_json(&dialect);
    Ok(decoded)
}

/// A frame's document. An exception, or what is none, is the upstream's failure.
pub fn document(frame: &Frame) -> Result<Value, Error> {
    let text = frame.text();
    let text = text.ok_or_else(|| fault::upstream("the provider's event is not text"))?;
    let read = serde_json::from_str::<Value>(text);
    if let Some(name) = frame.event.strip_prefix("exception:") {
        return Err(errors::of_exception(name, &read.unwrap_or_default()));
    }
    read.map_err(|cause| fault::upstream(format!("the provider's event is not JSON: {cause}")))
}

impl State {
    fn decode(&mut self, frames: &[Frame], last: bool) -> Decoded {
        let mut out = Decoded::more(String::new());
        for frame in frames {
            let read = document(frame).and_then(|data| self.read(&frame.event, &data, &mut out));
            if let Err(error) = read {
                out.failure = Some(error);
                out.next = Continuation::Done;
                return out;
            }
        }
        if last {
            out.next = Continuation::Done;
            if !self.finished {
                out.failure = Some(fault::upstream("the provider's stream ended early"));
            }
        }
        out
    }

    fn read(&mut self, name: &str, data: &Value, out: &mut Decoded) -> Result<(), Error> {
        let index = data.get("contentBlockIndex").and_then(Value::as_u64);
        let index = index.unwrap_or(0);
        match name {
            "messageStart" => self.start(out),
            "contentBlockStart" => self.begin(index, data, out),
            "contentBlockDelta" => {
                self.start(out);
                let delta = data.get("delta").and_then(Value::as_object);
                for (kind, piece) in delta.into_iter().flatten() {
                    self.piece(index, kind, piece, out)?;
                }
            }
            "contentBlockStop" => self.stop(index, out),
            "messageStop" => self.finish(data, out)?,
            "metadata" => {
                let mut answer = data.clone();
                answer["additionalModelResponseFields"] = self.fields.take();
                if let Some(usage) = usage::canonical(&answer) {
                    out.usage = Some(write_json(&usage));
                }
                if let Some(trace) = data.get("trace").filter(|it| !it.is_null()) {
                    let fields = json!({"provider_specific_fields": {"trace": trace}});
                    out.events.push(event::delta(fields));
                }
            }
            // Events that are not known yet do no harm.
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, out: &mut Decoded) {
        if !std::mem::replace(&mut self.started, true) {
            out.events.push(event::role());
        }
    }

    fn begin(&mut self, index: u64, data: &Value, out: &mut Decoded) {
        self.start(out);
        self.stop(index, out);
        let start = data.get("start").and_then(Value::as_object);
        for (kind, head) in start.into_iter().flatten() {
            let text = |name: &str| head.get(name).and_then(Value::as_str).unwrap_or_default();
            let open = match kind.as_str() {
                "toolUse" if blocks::is_hosted(head) => {
                    Open::Own(kind.clone(), head.clone(), Vec::new())
                }
                "toolUse" if self.plan.json_tool && text("name") == tools::JSON_TOOL => {
                    self.json = true;
                    Open::Json
                }
                "toolUse" => {
                    let call = self.calls;
                    self.calls = self.calls.saturating_add(1);
                    let name = self.plan.name(text("name"));
                    out.events
                        .push(event::tool_call(call, text("toolUseId"), name));
                    Open::Call(call)
                }
                "toolResult" => Open::Own(kind.clone(), head.clone(), Vec::new()),
                "image" => Open::Image(head.clone()),
                _ => continue,
            };
            self.open.insert(index, open);
        }
    }

    fn piece(
        &mut self,
        index: u64,
        kind: &str,
        piece: &Value,
        out: &mut Decoded,
    ) -> Result<(), Error> {
        match kind {
            "text" => {
                let text = piece.as_str().unwrap_or_default();
                if !text.is_empty() {
                    self.chars = self.chars.saturating_add(text.chars().count());
                    out.events.push(event::content(text));
                }
            }
            "toolUse" => {
                let input = piece.get("input").and_then(Value::as_str);
                let input = input.unwrap_or_default();
                match self.open.get_mut(&index) {
                    Some(Open::Call(_) | Open::Json) if input.is_empty() => {}
                    Some(Open::Call(call)) => {
                        out.events.push(event::tool_arguments(*call, input));
                    }
                    Some(Open::Json) => out.events.push(event::content(input)),
                    Some(Open::Own(_, _, pieces)) => pieces.push(input.into()),
                    _ => {
                        return Err(fault::upstream(
                            "the provider sent a piece of a call that never began",
                        ));
                    }
                }
            }
            "reasoningContent" => self.thought(index, piece, out),
            "toolResult" => {
                if let Some(Open::Own(_, _, pieces)) = self.open.get_mut(&index) {
                    pieces.extend(piece.as_array().into_iter().flatten().cloned());
                }
            }
            "citation" => {
                if let Some(note) = blocks::annotation(piece, 0, self.chars) {
                    let entry = self.entry("annotations", note);
                    out.events.push(event::delta(entry));
                }
                let fields = self.entry("citations", piece.clone());
                out.events
                    .push(event::delta(json!({"provider_specific_fields": fields})));
            }
            "image" => {
                if let Some(Open::Image(head)) = self.open.get_mut(&index)
                    && let Some(source) = piece.get("source")
                {
                    let mut image = head.clone();
                    image["source"] = source.clone();
                    if let Some(image) = blocks::image(&image) {
                        let entry = self.entry("images", image);
                        out.events.push(event::delta(entry));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Thinking is shown piece by piece; the block that is sent back comes when it is whole.
    fn thought(&mut self, index: u64, piece: &Value, out: &mut Decoded) {
        let text = |name: &str| piece.get(name).and_then(Value::as_str);
        if let Some(data) = text("redactedContent") {
            match self.open.get_mut(&index) {
                Some(Open::Redacted(known)) => known.push_str(data),
                _ => drop(self.open.insert(index, Open::Redacted(data.to_owned()))),
            }
            return;
        }
        let begun = || Open::Thinking(String::new(), String::new());
        let open = self.open.entry(index).or_insert_with(begun);
        if let Open::Thinking(thought, signature) = open {
            if let Some(text) = text("text").filter(|it| !it.is_empty()) {
                thought.push_str(text);
                out.events.push(event::reasoning(text));
            }
            signature.push_str(text("signature").unwrap_or_default());
        }
    }

    fn stop(&mut self, index: u64, out: &mut Decoded) {
        let Some((list, block)) = self.open.remove(&index).and_then(Open::closed) else {
            return;
        };
        let entry = self.entry(list, block);
        let delta = match list {
            "blocks" => json!({ "provider_specific_fields": entry }),
            _ => entry,
        };
        out.events.push(event::delta(delta));
    }

    /// `{name: [entry]}`, the entry with its number.
    fn entry(&mut self, name: &str, mut entry: Value) -> Value {
        let next = self.entries.entry(name.to_owned()).or_default();
        if let Some(members) = entry.as_object_mut() {
            members.insert("index".into(), (*next).into());
        }
        *next = next.saturating_add(1);
        json!({ name: [entry] })
    }

    fn finish(&mut self, data: &Value, out: &mut Decoded) -> Result<(), Error> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        self.start(out);
        let left: Vec<u64> = self.open.keys().copied().collect();
        left.into_iter().for_each(|index| self.stop(index, out));
        let native = data.get("stopReason").and_then(Value::as_str);
        let native = native
            .ok_or_else(|| fault::upstream("the provider's stream ended without a reason"))?;
        let reason = match usage::finish_reason(native) {
            "tool_calls" if self.json && self.calls == 0 => "stop",
            reason => reason,
        };
        if let Some(fields) = data.get("additionalModelResponseFields") {
            self.fields = fields.clone();
        }
        out.events.push(event::finish(reason));
        Ok(())
    }
}

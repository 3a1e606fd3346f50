//! A streamed Messages answer as chat chunks.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Continuation, Decoded, Error, Frame, fault, parse_state, write_json};

use crate::anthropic::block::Block;
use crate::anthropic::response::{self, MAX_KEPT, Plan};
use crate::anthropic::{errors, usage};

/// What survives between two batches: never the answer itself, unless it may pause.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    #[serde(skip_serializing_if = "is_default")]
    plan: Plan,
    counts: Map<String, Value>,
    block: Block,
    #[serde(skip_serializing_if = "is_default")]
    started: bool,
    #[serde(skip_serializing_if = "is_default")]
    finished: bool,
    #[serde(skip_serializing_if = "is_default")]
    ended: bool,
    /// The model paused: another request follows.
    #[serde(skip_serializing_if = "is_default")]
    paused: bool,
}

/// For state, which is written and read again with every batch: what is not said is the default.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The state before the first event.
pub fn opening(plan: Plan) -> String {
    let state = State {
        plan,
        ..State::default()
    };
    write_json(&state)
}

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut state: State = parse_state(state)?;
    let mut decoded = Decoded::more(String::new());
    for frame in frames {
        let text = frame
            .text()
            .ok_or_else(|| fault::upstream("the provider's event is not text"))?;
        let event: Value = serde_json::from_str(text).map_err(|cause| {
            fault::upstream(format!("the provider's event is not JSON: {cause}"))
        })?;
        if let Err(error) = state.read(&event, &mut decoded) {
            decoded.failure = Some(error);
            decoded.next = Continuation::Done;
        }
        if !matches!(decoded.next, Continuation::More) {
            break;
        }
    }
    let goes_on = matches!(decoded.next, Continuation::More);
    if last && goes_on && !state.ended {
        decoded.failure = Some(fault::upstream("the provider's stream ended early"));
    }
    let counted = state.counted();
    if !counted.is_null() {
        decoded.usage = Some(write_json(&usage::canonical(&counted)));
    }
    decoded.state = write_json(&state);
    Ok(decoded)
}

impl State {
    fn read(&mut self, event: &Value, out: &mut Decoded) -> Result<(), Error> {
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match kind {
            "message_start" => {
                let counts = event.pointer("/message/usage").unwrap_or(&Value::Null);
                usage::merge(&mut self.counts, counts);
                if !std::mem::replace(&mut self.started, true) {
                    out.events
                        .push(chunk(json!({"role": "assistant", "content": ""})));
                }
            }
            "content_block_start" => {
                let block = event.get("content_block").unwrap_or(&Value::Null);
                self.block.start(block, &self.plan, out);
            }
            "content_block_delta" => {
                let delta = event.get("delta").unwrap_or(&Value::Null);
                self.block.delta(delta, &self.plan, out);
            }
            "content_block_stop" => self.block.stop(&self.plan, out),
            "message_delta" => self.message_delta(event, out),
            "message_stop" if self.paused => self.go_on(out),
            "message_stop" => {
                self.ended = true;
                out.next = Continuation::Done;
            }
            "message" => {
                return Err(fault::upstream(
                    "the provider answered whole where a stream was asked for",
                ));
            }
            // In a stream, or an error document in its place.
            _ => {
                if let Some(error) = event.get("error") {
                    return Err(errors::of(error, 0));
                }
            }
        }
        Ok(())
    }

    fn message_delta(&mut self, event: &Value, out: &mut Decoded) {
        usage::merge(&mut self.counts, event.get("usage").unwrap_or(&Value::Null));
        let mut delta = event.get("delta").cloned().unwrap_or_default();
        if let (Some(edits), Some(members)) =
            (event.get("context_management"), delta.as_object_mut())
        {
            members.insert("context_management".into(), edits.clone());
        }
        let Some(reason) = delta.get("stop_reason").and_then(Value::as_str) else {
            return;
        };
        if reason == "pause_turn" && self.plan.may_go_on() && self.block.turn().is_some() {
            self.paused = true;
            return;
        }
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.block.let_go(out);
        let mut finish = usage::finish_reason(reason);
        if finish == "tool_calls" && self.block.calls == 0 {
            finish = "stop";
        }
        let mut last = Map::new();
        if reason == "refusal" {
            last.insert("refusal".into(), response::refusal(&delta).into());
        }
        let mut fields = Map::new();
        response::add_fields(&mut fields, &delta);
        if !fields.is_empty() {
            last.insert("provider_specific_fields".into(), fields.into());
        }
        let mut choice = json!({"index": 0, "delta": last, "finish_reason": finish});
        response::add_native_reason(&mut choice, reason);
        out.events.push(Frame::json(&json!({"choices": [choice]})));
    }

    /// Asks for the rest of a paused turn.
    fn go_on(&mut self, out: &mut Decoded) {
        self.paused = false;
        let turn = Value::from(self.block.take_turn());
        let counted = self.counted();
        self.counts.clear();
        let next = self.plan.next_turn(&turn, counted);
        let state = write_json(self);
        out.next = Continuation::ThenSend(next.frames().state(state));
    }

    fn counted(&self) -> Value {
        if self.counts.is_empty() {
            return self.plan.usage.clone();
        }
        let own = usage::totals(&Value::from(self.counts.clone()));
        usage::sum(&self.plan.usage, &own)
    }
}

/// One chunk of the only choice.
pub fn chunk(delta: Value) -> Frame {
    Frame::json(&json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
}

/// Whether so much may be carried from one batch to the next.
pub fn may_keep(bytes: usize) -> bool {
    bytes < MAX_KEPT / 2
}

//! Anthropic pauses a long turn in the middle of a stream (`pause_turn`). It goes on when the
//! blocks so far, thinking with its signatures among them, are sent back as they came.

use serde::{Deserialize, Serialize};
use sluice_sdk::chat::{ChatRequest, usage};
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Decoded, Error, Frame, Outbound, Step, event, fault, parse_state, write_json};

/// The answer so far. The conversation itself is not in it: the host keeps that.
#[derive(Default, Serialize, Deserialize)]
struct State {
    blocks: Vec<Value>,
    stop_reason: String,
    tokens: u64,
}

pub fn start(request: ChatRequest) -> Result<Step, Error> {
    let body = request.into_value();
    Ok(Outbound::post("/v1/messages").json(&body).frames().send())
}

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut state: State = parse_state(state)?;
    let mut decoded = Decoded::more(String::new());
    for frame in frames {
        let event: Value = serde_json::from_str(frame.text().unwrap_or_default())
            .map_err(|cause| fault::upstream(format!("an event is not JSON: {cause}")))?;
        let piece = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        match event.get("type").and_then(Value::as_str) {
            Some("content_block_start") => {
                let block = event.get("content_block").cloned();
                state.blocks.push(block.unwrap_or_default());
            }
            Some("content_block_delta") => {
                decoded.events.extend(state.grow(&event));
            }
            Some("message_delta") => {
                state.stop_reason = piece("/delta/stop_reason").unwrap_or_default().into();
                let tokens = event.pointer("/usage/output_tokens");
                state.tokens += tokens.and_then(Value::as_u64).unwrap_or(0);
                decoded = decoded.usage(&usage(0, state.tokens));
            }
            Some("message_stop") if state.stop_reason == "pause_turn" => {
                return Ok(decoded.then_send(state.next_turn()));
            }
            Some("message_stop") => return Ok(decoded.event(event::finish("stop")).done()),
            _ => {}
        }
    }
    if last {
        return Ok(decoded.failed(fault::upstream("the stream ended early")));
    }
    decoded.state = write_json(&state);
    Ok(decoded)
}

impl State {
    /// Adds a delta to the open block; what the client is to see of it is an event.
    fn grow(&mut self, event: &Value) -> Option<Frame> {
        let delta = event.get("delta")?;
        let (name, piece) = ["text", "thinking", "signature"]
            .into_iter()
            .find_map(|name| Some((name, delta.get(name)?.as_str()?)))?;
        let block = self.blocks.last_mut()?.as_object_mut()?;
        let grown = block.get(name).and_then(Value::as_str).unwrap_or_default();
        let grown = format!("{grown}{piece}");
        block.insert(name.into(), grown.into());
        Some(match name {
            "text" => event::content(piece),
            "thinking" => event::reasoning(piece),
            _ => {
                let block = json!({"type": "thinking", "signature": piece});
                event::delta(json!({"thinking_blocks": [block]}))
            }
        })
    }

    /// The same request with the answer so far at its end.
    fn next_turn(&self) -> Outbound {
        let turn = json!({"role": "assistant", "content": self.blocks});
        let state = State {
            tokens: self.tokens,
            ..Self::default()
        };
        Outbound::post("/v1/messages")
            .amend(vec![("/messages/-".into(), Some(turn.to_string()))])
            .frames()
            .state(write_json(&state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HardCases;

    /// A turn as Anthropic streams it: one thinking block with its signature, one text.
    fn turn(thought: &str, signature: &str, text: &str, reason: &str) -> String {
        let events = [
            json!({"type": "content_block_start", "content_block": {"type": "thinking", "thinking": ""}}),
            json!({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": thought}}),
            json!({"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": signature}}),
            json!({"type": "content_block_start", "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}),
            json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}}),
            json!({"type": "message_stop"}),
        ];
        events
            .iter()
            .map(|event| format!("data: {event}\n\n"))
            .collect()
    }

    #[test]
    fn a_paused_stream_goes_on_with_its_thinking_and_signatures_wherever_it_is_cut() {
        let stream = |body: String| json!({"status": 200, "headers": {"content-type": "text/event-stream"}, "body": body});
        let asked = json!([{"role": "user", "content": "dig"}]);
        let fixture = json!({
            "name": "a paused turn", "provider": "case-paused", "operation": "chat", "model": "m",
            "streaming": true,
            "body": {"model": "m", "messages": asked},
            "exchanges": [
                {"request": {"body": {"model": "m", "messages": asked}},
                 "reply": stream(turn("hm", "sig-1", "one ", "pause_turn"))},
                {"request": {"body": {"model": "m", "messages": [asked[0], {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "sig-1"},
                    {"type": "text", "text": "one "}]}]}},
                 "reply": stream(turn("ah", "sig-2", "two", "end_turn"))}
            ],
            "expect": {"usage": {"prompt_tokens": 0, "completion_tokens": 10, "total_tokens": 10}}
        });
        let outcome =
            sluice_sdk::testing::replay::<HardCases>(&serde_json::from_value(fixture).unwrap())
                .unwrap();
        assert_eq!(outcome.error, None);
        let seen = |pointer: &str| -> Vec<&str> {
            let events = outcome.events.iter();
            events
                .filter_map(|it| it.pointer(pointer)?.as_str())
                .collect()
        };
        assert_eq!(seen("/choices/0/delta/content"), ["one ", "two"]);
        assert_eq!(
            seen("/choices/0/delta/thinking_blocks/0/signature"),
            ["sig-1", "sig-2"]
        );
        assert_eq!(seen("/choices/0/finish_reason"), ["stop"]);
    }

    #[test]
    fn a_paused_stream_that_is_cut_off_is_a_failure() {
        let whole = turn("hm", "sig", "one", "pause_turn");
        let cut = &whole[..whole.find("message_stop").unwrap()];
        let fixture = json!({
            "name": "cut", "provider": "case-paused", "operation": "chat", "model": "m", "streaming": true,
            "body": {"model": "m", "messages": []},
            "exchanges": [{"reply": {"status": 200, "headers": {"content-type": "text/event-stream"}, "body": cut}}],
            "expect": {}
        });
        let fixture = serde_json::from_value(fixture).unwrap();
        let outcome = sluice_sdk::testing::replay::<HardCases>(&fixture).unwrap();
        assert!(outcome.error.is_some());
    }
}

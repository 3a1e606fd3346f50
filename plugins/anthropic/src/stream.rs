//! A streamed Messages answer as chat chunks.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Continuation, Decoded, Error, Frame, Head, fault, parse_state, write_json};

use crate::response::Plan;
use crate::tools::JSON_TOOL;
use crate::usage;

/// What survives between two batches: never the answer itself.
#[derive(Default, Serialize, Deserialize)]
struct State {
    #[serde(flatten)]
    plan: Plan,
    #[serde(default)]
    counts: Map<String, Value>,
    /// Tool calls so far, for their index.
    #[serde(default)]
    calls: u64,
    /// The kind of the open block: `t`ext, `c`all, `j`son tool, `k` thinking, or another.
    #[serde(default)]
    open: String,
    /// The open call got arguments.
    #[serde(default)]
    argued: bool,
    #[serde(default)]
    started: bool,
    #[serde(default)]
    finished: bool,
    #[serde(default)]
    ended: bool,
    /// A block of a server tool, which is kept whole.
    #[serde(default)]
    kept: Value,
    #[serde(default)]
    kept_json: String,
}

pub fn decode(
    head: Option<&Head>,
    state: &str,
    frames: &[Frame],
    last: bool,
) -> Result<Decoded, Error> {
    let mut state: State = parse_state(state)?;
    let mut decoded = Decoded::more(String::new());
    let _ = head;
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
            break;
        }
        if state.ended {
            decoded.next = Continuation::Done;
            break;
        }
    }
    if last && !state.ended && decoded.failure.is_none() {
        decoded.failure = Some(fault::upstream("the provider's stream ended early"));
    }
    if !state.counts.is_empty() {
        let all = usage::sum(&state.plan.usage, &Value::from(state.counts.clone()));
        decoded.usage = Some(write_json(&usage::canonical(&all)));
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
                usage::merge(
                    &mut self.counts,
                    event.pointer("/message/usage").unwrap_or(&Value::Null),
                );
                if !std::mem::replace(&mut self.started, true) {
                    out.events
                        .push(chunk(json!({"role": "assistant", "content": ""})));
                }
            }
            "content_block_start" => {
                self.start(event.get("content_block").unwrap_or(&Value::Null), out)
            }
            "content_block_delta" => self.delta(event.get("delta").unwrap_or(&Value::Null), out),
            "content_block_stop" => self.stop(out),
            "message_delta" => self.message_delta(event, out),
            "message_stop" => self.ended = true,
            "error" => return Err(crate::error_of(event.get("error").unwrap_or(event), 0)),
            // A whole message or an error document where a stream was asked for.
            "message" => {
                return Err(fault::upstream(
                    "the provider answered whole where a stream was asked for",
                ));
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, block: &Value, out: &mut Decoded) {
        let text = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default();
        self.argued = false;
        self.open = match text("type") {
            "text" => {
                if !text("text").is_empty() {
                    out.events.push(chunk(json!({"content": text("text")})));
                }
                "t"
            }
            "tool_use" if self.plan.json_tool && text("name") == JSON_TOOL => "j",
            "tool_use" => {
                let call = json!({"index": self.calls, "id": text("id"), "type": "function",
                    "function": {"name": text("name"), "arguments": ""}});
                out.events.push(chunk(json!({"tool_calls": [call]})));
                let given = block
                    .get("input")
                    .and_then(Value::as_object)
                    .filter(|it| !it.is_empty());
                if let Some(input) = given {
                    self.arguments(&Value::from(input.clone()).to_string(), out);
                }
                "c"
            }
            "thinking" => {
                if !text("thinking").is_empty() {
                    out.events.push(thought(text("thinking")));
                }
                "k"
            }
            "redacted_thinking" => {
                out.events.push(chunk(json!({"thinking_blocks": [block]})));
                "r"
            }
            _ => {
                self.kept = block.clone();
                self.kept_json.clear();
                "s"
            }
        }
        .to_owned();
    }

    fn delta(&mut self, delta: &Value, out: &mut Decoded) {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
        match (text("type"), self.open.as_str()) {
            ("text_delta", _) => out.events.push(chunk(json!({"content": text("text")}))),
            ("input_json_delta", "j") => {
                self.argued |= !text("partial_json").is_empty();
                out.events
                    .push(chunk(json!({"content": text("partial_json")})));
            }
            ("input_json_delta", "c") if !text("partial_json").is_empty() => {
                self.arguments(text("partial_json"), out)
            }
            ("input_json_delta", "s") => self.kept_json.push_str(text("partial_json")),
            ("thinking_delta", _) => out.events.push(thought(text("thinking"))),
            ("signature_delta", _) => {
                let block = json!({"type": "thinking", "signature": text("signature")});
                out.events.push(chunk(json!({"thinking_blocks": [block]})));
            }
            ("citations_delta", _) => {
                let citation = delta.get("citation").cloned().unwrap_or_default();
                out.events.push(chunk(
                    json!({"provider_specific_fields": {"citations": [[citation]]}}),
                ));
            }
            _ => {
                if let (Some(kept), Some(more)) = (self.kept.as_object_mut(), delta.as_object()) {
                    for (name, value) in more.iter().filter(|(name, _)| *name != "type") {
                        kept.insert(name.clone(), value.clone());
                    }
                }
            }
        }
    }

    fn arguments(&mut self, piece: &str, out: &mut Decoded) {
        self.argued = true;
        let call = json!({"index": self.calls, "function": {"arguments": piece}});
        out.events.push(chunk(json!({"tool_calls": [call]})));
    }

    fn stop(&mut self, out: &mut Decoded) {
        match self.open.as_str() {
            "c" => {
                if !self.argued {
                    self.arguments("{}", out);
                }
                self.calls += 1;
            }
            "s" => {
                let mut block = std::mem::take(&mut self.kept);
                if let (Some(members), Ok(input)) = (
                    block.as_object_mut(),
                    serde_json::from_str::<Value>(&self.kept_json),
                ) {
                    members.insert("input".into(), input);
                }
                out.events.push(chunk(
                    json!({"provider_specific_fields": {"server_blocks": [block]}}),
                ));
            }
            _ => {}
        }
        self.open.clear();
    }

    fn message_delta(&mut self, event: &Value, out: &mut Decoded) {
        usage::merge(&mut self.counts, event.get("usage").unwrap_or(&Value::Null));
        let delta = event.get("delta").unwrap_or(&Value::Null);
        let Some(reason) = delta.get("stop_reason").and_then(Value::as_str) else {
            return;
        };
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let mut finish = usage::finish_reason(reason);
        if finish == "tool_calls" && self.calls == 0 {
            finish = "stop";
        }
        let mut last = Map::new();
        if reason == "refusal" {
            let why = delta
                .pointer("/stop_details/explanation")
                .and_then(Value::as_str);
            last.insert("refusal".into(), why.unwrap_or("the model refused").into());
        }
        let mut fields = Map::new();
        for name in ["stop_sequence", "container"] {
            if let Some(value) = delta.get(name).filter(|it| !it.is_null()) {
                fields.insert(name.into(), value.clone());
            }
        }
        if !fields.is_empty() {
            last.insert("provider_specific_fields".into(), fields.into());
        }
        let mut choice = json!({"index": 0, "delta": last, "finish_reason": finish});
        if !matches!(reason, "end_turn" | "max_tokens" | "tool_use")
            && let Some(members) = choice.as_object_mut()
        {
            members.insert(
                "provider_specific_fields".into(),
                json!({"native_finish_reason": reason}),
            );
        }
        out.events.push(Frame::json(&json!({"choices": [choice]})));
    }
}

fn chunk(delta: Value) -> Frame {
    Frame::json(&json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
}

fn thought(text: &str) -> Frame {
    chunk(
        json!({"reasoning_content": text, "thinking_blocks": [{"type": "thinking", "thinking": text}]}),
    )
}

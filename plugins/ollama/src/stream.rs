//! A streamed answer, a line of JSON for each piece; the last one says `done` and has the counts.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Continuation, Decoded, Error, Frame, event, fault, parse_state, write_json};

use crate::{errors, generate, response};

/// The state that a text completion begins with.
pub const OF_TEXT: &str = r#"{"text":true}"#;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// It is a text completion.
    text: bool,
    role: bool,
    calls: u64,
}

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut state: State = parse_state(state)?;
    let mut decoded = Decoded::more(String::new());
    for frame in frames {
        match state.line(frame, &mut decoded) {
            Ok(true) => return Ok(decoded.done()),
            Ok(false) => {}
            Err(error) => return Ok(decoded.failed(error)),
        }
    }
    if last {
        return Ok(decoded.failed(fault::upstream("the provider's stream ended early")));
    }
    decoded.state = write_json(&state);
    decoded.next = Continuation::More;
    Ok(decoded)
}

impl State {
    /// One line; whether it was the last one.
    fn line(&mut self, frame: &Frame, out: &mut Decoded) -> Result<bool, Error> {
        let line = frame
            .text()
            .ok_or_else(|| fault::upstream("the provider's line is not text"))?;
        let line: Value = serde_json::from_str(line).map_err(|cause| {
            fault::upstream(format!("the provider's line is not JSON: {cause}"))
        })?;
        if let Some(error) = errors::find(&line) {
            return Err(error);
        }
        let done = line.get("done") == Some(&true.into());
        if self.text {
            out.events.push(generate::piece(&line, done)?);
        } else {
            self.chat(&line, done, out)?;
        }
        if let Some(usage) = response::usage(&line).filter(|_| done) {
            out.usage = Some(write_json(&usage));
        }
        Ok(done)
    }

    fn chat(&mut self, line: &Value, done: bool, out: &mut Decoded) -> Result<(), Error> {
        let message = response::message(line)?;
        let mut delta = Map::new();
        if !std::mem::replace(&mut self.role, true) {
            delta.insert("role".into(), "assistant".into());
        }
        for (from, to) in [("thinking", "reasoning_content"), ("content", "content")] {
            let piece = response::text(message, from);
            if !piece.is_empty() {
                delta.insert(to.into(), piece.into());
            }
        }
        let calls = response::calls(line, self.calls)?;
        let entries = calls.iter().zip(self.calls..).map(|(call, index)| {
            json!({"index": index, "id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": call.arguments}})
        });
        let entries: Vec<Value> = entries.collect();
        self.calls = self.calls.saturating_add(entries.len() as u64);
        if !entries.is_empty() {
            delta.insert("tool_calls".into(), entries.into());
        }
        let logprobs = response::logprobs(line);
        if !delta.is_empty() || logprobs.is_some() {
            let mut choice = json!({"index": 0, "delta": delta, "finish_reason": null});
            if let Some(logprobs) = logprobs {
                choice["logprobs"] = logprobs;
            }
            out.events.push(Frame::json(&json!({"choices": [choice]})));
        }
        if done {
            let reason = response::finish_reason(line, self.calls > 0);
            out.events.push(event::finish(reason));
        }
        Ok(())
    }
}

//! A streamed answer: the container's own lines in AWS messages that end anywhere, also within a
//! line or a letter.

use serde::{Deserialize, Serialize};
use sluice_sdk::fault;
use sluice_sdk::serde_json::{self, Value};
use sluice_sdk::{Decoded, Error, Frame, Payload, parse_state, write_json};

use crate::{errors, generate};

/// The state that a text generation begins with.
pub const OF_TEXT: &str = r#"{"text":true}"#;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// It is a text generation.
    text: bool,
    /// The bytes of a line that has not ended.
    line: Vec<u8>,
    finished: bool,
}

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut state: State = parse_state(state)?;
    let mut decoded = Decoded::more(String::new());
    for frame in frames {
        if let Err(error) = state.message(frame, &mut decoded) {
            return Ok(decoded.failed(error));
        }
    }
    if last {
        let rest = std::mem::take(&mut state.line);
        if let Err(error) = state.read(&rest, &mut decoded) {
            return Ok(decoded.failed(error));
        }
        return Ok(if state.finished {
            decoded.done()
        } else {
            decoded.failed(fault::upstream("the endpoint's stream ended early"))
        });
    }
    decoded.state = write_json(&state);
    Ok(decoded)
}

impl State {
    fn message(&mut self, frame: &Frame, out: &mut Decoded) -> Result<(), Error> {
        let bytes = match &frame.data {
            Payload::Text(text) => text.as_bytes(),
            Payload::Bytes(bytes) => bytes,
            Payload::Kept(_) => return Err(fault::upstream("the endpoint's message is not there")),
        };
        if frame.event != "PayloadPart" {
            let text = String::from_utf8_lossy(bytes);
            return Err(errors::of_event(&frame.event, &text));
        }
        self.line.extend_from_slice(bytes);
        while let Some(end) = self.line.iter().position(|it| *it == b'\n') {
            let rest = self.line.split_off(end.saturating_add(1));
            let line = std::mem::replace(&mut self.line, rest);
            self.read(&line, out)?;
        }
        Ok(())
    }

    /// One line: an SSE field, or a document of its own.
    fn read(&mut self, line: &[u8], out: &mut Decoded) -> Result<(), Error> {
        let line = std::str::from_utf8(line)
            .map_err(|_| fault::upstream("the endpoint's line is not text"))?
            .trim();
        let line = match line.strip_prefix("data:") {
            Some(data) => data.trim_start(),
            None if line.starts_with(':')
                || line.starts_with("event:")
                || line.starts_with("id:") =>
            {
                return Ok(());
            }
            None => line,
        };
        if line.is_empty() || line == "[DONE]" {
            return Ok(());
        }
        let event: Value = serde_json::from_str(line).map_err(|cause| {
            fault::upstream(format!("the endpoint's line is not JSON: {cause}"))
        })?;
        if let Some(error) = errors::find(&event) {
            return Err(error);
        }
        if self.text {
            self.generated(&event, out)
        } else {
            self.chat(event, out)
        }
    }

    fn chat(&mut self, mut event: Value, out: &mut Decoded) -> Result<(), Error> {
        let Some(members) = event.as_object_mut() else {
            return Err(fault::upstream("the endpoint's event is no object"));
        };
        if let Some(usage) = members.shift_remove("usage").filter(Value::is_object) {
            out.usage = Some(usage.to_string());
        }
        let choices = members.get("choices").and_then(Value::as_array);
        let choices = choices.map(Vec::as_slice).unwrap_or_default();
        let reason = |it: &Value| {
            it.get("finish_reason")
                .and_then(Value::as_str)
                .map(str::is_empty)
        };
        self.finished |= choices.iter().any(|it| reason(it) == Some(false));
        if !choices.is_empty() {
            out.events.push(Frame::json(&event));
        }
        Ok(())
    }

    /// `{token: {text, special}, generated_text, details}`; the last one has the whole text.
    fn generated(&mut self, event: &Value, out: &mut Decoded) -> Result<(), Error> {
        let token = event.get("token").filter(|it| it.is_object());
        let token = token.ok_or_else(|| fault::upstream("the endpoint's event has no `token`"))?;
        let special = token.get("special") == Some(&true.into());
        let text = token
            .get("text")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let ended = event.get("generated_text").is_some_and(Value::is_string);
        let reason = event
            .pointer("/details/finish_reason")
            .and_then(Value::as_str);
        let finish = ended.then(|| generate::finish(reason));
        let text = if special { "" } else { text };
        self.finished |= ended;
        out.events
            .push(Frame::json(&generate::completion(text, finish)));
        if let Some(count) = event
            .pointer("/details/generated_tokens")
            .and_then(Value::as_u64)
        {
            let input = event
                .pointer("/details/input_length")
                .and_then(Value::as_u64);
            if let Some(input) = input {
                out.usage = Some(write_json(&sluice_sdk::chat::usage(input, count)));
            }
        }
        Ok(())
    }
}

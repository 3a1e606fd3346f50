//! A streamed answer. There is no end marker: a stream is whole when every choice has its reason.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Value};
use sluice_sdk::{Decoded, Error, Frame, fault, parse_state, write_json};

use crate::{chat, errors, generate};

/// The state that a text generation begins with.
pub const OF_TEXT: &str = r#"{"text":true}"#;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// It is a text generation.
    text: bool,
    /// Choices that were begun and have no reason yet.
    open: Vec<u64>,
    finished: bool,
    counted: generate::Counted,
}

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut state: State = parse_state(state)?;
    let mut decoded = Decoded::more(String::new());
    for frame in frames {
        if let Err(error) = state.frame(frame, &mut decoded) {
            return Ok(decoded.failed(error));
        }
    }
    if last {
        let whole = state.finished && state.open.is_empty();
        return Ok(if whole {
            decoded.done()
        } else {
            decoded.failed(fault::upstream("the provider's stream ended early"))
        });
    }
    decoded.state = write_json(&state);
    Ok(decoded)
}

impl State {
    fn frame(&mut self, frame: &Frame, out: &mut Decoded) -> Result<(), Error> {
        let text = frame
            .text()
            .ok_or_else(|| fault::upstream("the provider's event is not text"))?;
        let mut event: Value = serde_json::from_str(text).map_err(|cause| {
            fault::upstream(format!("the provider's event is not JSON: {cause}"))
        })?;
        if let Some(error) = errors::find(&event) {
            return Err(error);
        }
        if frame.event == "error" {
            return Err(fault::upstream(
                "the provider failed in the middle of its answer",
            ));
        }
        if self.text {
            let piece = generate::piece(&event, &mut self.counted)?;
            self.finished |= !piece["choices"][0]["finish_reason"].is_null();
            out.usage = Some(write_json(&self.counted.usage()));
            out.events.push(Frame::json(&piece));
            return Ok(());
        }
        if !event.is_object() {
            return Err(fault::upstream("the provider's event is no object"));
        }
        if let Some(usage) = event.get("usage").filter(|it| it.is_object()) {
            out.usage = Some(usage.to_string());
        }
        let choices = event.get("choices").and_then(Value::as_array);
        let choices = choices.map(Vec::as_slice).unwrap_or_default();
        for choice in choices {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            self.open.retain(|it| *it != index);
            let reason = choice.get("finish_reason").and_then(Value::as_str);
            if reason.is_none_or(str::is_empty) {
                self.open.push(index);
            } else {
                self.finished = true;
            }
        }
        if !choices.is_empty() {
            if let Some(members) = event.as_object_mut() {
                members.shift_remove("usage");
            }
            chat::strip(&mut event);
            out.events.push(Frame::json(&event));
        }
        Ok(())
    }
}

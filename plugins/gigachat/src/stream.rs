//! A streamed answer.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Decoded, Error, Frame, fault, parse_state, write_json};

use crate::response;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// A reason was given.
    finished: bool,
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
        return Ok(if state.finished {
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
        let mut event = frame.parse()?;
        let failure = event
            .get("message")
            .filter(|_| event.get("status").is_some());
        if let Some(message) = failure.and_then(Value::as_str) {
            return Err(fault::upstream(message));
        }
        response::translate(&mut event, "delta")?;
        if let Some(members) = event.as_object_mut()
            && let Some(usage) = members.shift_remove("usage").filter(Value::is_object)
        {
            out.usage = Some(write_json(&usage));
        }
        let choices = event.get("choices").and_then(Value::as_array);
        self.finished |= choices
            .into_iter()
            .flatten()
            .any(|it| it.get("finish_reason").is_some_and(Value::is_string));
        out.events.push(Frame::json(&event));
        Ok(())
    }
}

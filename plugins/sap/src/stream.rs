//! A streamed answer: OpenAI's chunks, each within a `final_result`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Decoded, Error, Frame, fault, parse_state, write_json};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// Choices that were begun and have no reason yet.
    open: Vec<u64>,
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
        return Ok(if state.finished && state.open.is_empty() {
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
        // An error stands in a member, or is the whole event.
        let error = event.get("error").unwrap_or(&event);
        if error.get("code").is_some() {
            let message = error.get("message").and_then(Value::as_str);
            return Err(fault::upstream(message.unwrap_or("the provider failed")));
        }
        let Some(mut chunk) = event.get_mut("final_result").map(Value::take) else {
            return Ok(());
        };
        if let Some(members) = chunk.as_object_mut()
            && let Some(usage) = members.shift_remove("usage").filter(Value::is_object)
        {
            out.usage = Some(write_json(&usage));
        }
        let Some(Value::Array(choices)) = chunk.get_mut("choices") else {
            return Ok(());
        };
        for choice in choices.iter_mut() {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
            self.open.retain(|it| *it != index);
            match choice.get("finish_reason").and_then(Value::as_str) {
                None => self.open.push(index),
                // Nothing is a reason.
                Some("") => {
                    choice["finish_reason"] = Value::Null;
                    self.open.push(index);
                }
                Some(_) => self.finished = true,
            }
        }
        if !choices.is_empty() {
            out.events.push(Frame::json(&chunk));
        }
        Ok(())
    }
}
